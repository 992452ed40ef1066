package devstack

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"github.com/lockstep-dev/lockstep/internal/subprocess"
)

// build is a compilation in the background.
type build struct {
	process *subprocess.Process
	program string
	output  bytes.Buffer
	begin   time.Time
	err     error
}

// buildServer starts compiling the server of the working tree.
func (s *stack) buildServer(ctx context.Context) *build {
	b := &build{program: filepath.Join(s.Dir, "bin", "server"), begin: time.Now()}
	// Without the version stamp: it asks git, which refuses in a checkout of another user.
	// Ended as a group, with the compilers it has started, by abandon.
	cmd := exec.CommandContext(context.WithoutCancel(ctx), "go", "build", "-buildvcs=false", "-o", b.program, "./cmd/server")
	cmd.Dir = s.Root
	cmd.Stdout, cmd.Stderr = &b.output, &b.output
	b.process, b.err = subprocess.Start(cmd, subprocess.Options{Group: true})
	if b.err == nil {
		context.AfterFunc(ctx, func() { _ = b.abandon() })
	}
	return b
}

// abandon ends a compilation that is of no use any more.
func (b *build) abandon() error {
	if b.process == nil {
		return nil
	}
	_, err := b.process.Stop(0)
	return err
}

// wait returns when the program is there.
func (b *build) wait(ctx context.Context) error {
	if b.err != nil {
		return fmt.Errorf("build the server: %w", b.err)
	}
	select {
	case <-b.process.Done():
	case <-ctx.Done():
		return ctx.Err()
	}
	if err := b.process.Err(); err != nil {
		return fmt.Errorf("build the server: go build: %w\n%s", err, strings.TrimSpace(b.output.String()))
	}
	return nil
}

// startServer runs the compiled server as core_app and returns when it is ready.
func (s *stack) startServer(ctx context.Context, built *build) error {
	if err := built.wait(ctx); err != nil {
		return err
	}
	s.report.line("Build", s.shown("bin/server"), built.begin)
	begin := time.Now()
	addr, note, err := choose(ctx, apiVariable, s.Getenv(apiVariable), preferredAPI)
	if err != nil {
		return fmt.Errorf("start the server: %w", err)
	}
	admin, _, err := choose(ctx, adminVariable, s.Getenv(adminVariable), preferredAdmin)
	if err != nil {
		return fmt.Errorf("start the server: %w", err)
	}
	if s.api, err = urlOf(addr); err != nil {
		return fmt.Errorf("start the server: %w", err)
	}
	// Stopped in its turn, after the front end.
	cmd := exec.CommandContext(context.WithoutCancel(ctx), built.program, "serve")
	cmd.Dir = s.Root
	cmd.Stdout, cmd.Stderr = s.Logs, s.Logs
	cmd.Env = environment(os.Environ(), map[string]string{
		"LOCKSTEP_DATABASE_URL":      s.cluster.AppURL(s.Database),
		apiVariable:                  addr,
		adminVariable:                admin,
		"LOCKSTEP_OIDC_ISSUERS":      s.issuer.URL(),
		"LOCKSTEP_OIDC_AUDIENCE":     "lockstep",
		"LOCKSTEP_OIDC_TENANT_CLAIM": "tenant_id",
		"LOCKSTEP_OIDC_USER_CLAIM":   "sub",
		"LOCKSTEP_SHUTDOWN_DELAY":    "0s", // there is no load balancer
		"LOCKSTEP_SHUTDOWN_TIMEOUT":  "5s",
	})
	// It keeps nothing, so there is nothing to finish once nobody is left to ask.
	if s.server, err = subprocess.Start(cmd, subprocess.Options{OnParentDeath: syscall.SIGKILL}); err != nil {
		return err
	}
	if err := answers(ctx, s.api+"/readyz", "the server", s.server); err != nil {
		return err
	}
	s.report.line("Server", s.api+note, begin)
	return nil
}

// environment is base with the given variables in place of those it has, also in their _FILE form.
func environment(base []string, set map[string]string) []string {
	var env []string
	for _, entry := range base {
		name, _, _ := strings.Cut(entry, "=")
		_, replaced := set[strings.TrimSuffix(name, "_FILE")]
		if !replaced {
			env = append(env, entry)
		}
	}
	for name, value := range set {
		env = append(env, name+"="+value)
	}
	return env
}

// patience bounds the wait for a part to become ready.
const patience = 2 * time.Minute

// answers returns when a URL answers 200, or when the process behind it has ended.
func answers(ctx context.Context, url, name string, p *subprocess.Process) error {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	for {
		last := get(ctx, url)
		if last == nil {
			return nil
		}
		select {
		case <-p.Done():
			return ended(name, p)
		case <-ctx.Done():
			return fmt.Errorf("%s is not ready: %w", name, errors.Join(last, ctx.Err()))
		case <-time.After(20 * time.Millisecond):
		}
	}
}

func get(ctx context.Context, url string) error {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return err
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return err
	}
	defer func() { _ = response.Body.Close() }()
	body, err := io.ReadAll(io.LimitReader(response.Body, 4096))
	if err != nil {
		return err
	}
	if response.StatusCode != http.StatusOK {
		return fmt.Errorf("%s: %s: %s", url, response.Status, bytes.TrimSpace(body))
	}
	return nil
}
