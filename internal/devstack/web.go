package devstack

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"time"

	"github.com/lockstep-dev/lockstep/internal/child"
)

// startWeb runs the front end in its development mode, signed in as the first administrator.
func (s *stack) startWeb(ctx context.Context) error {
	begin := time.Now()
	if _, err := os.Stat(filepath.Join(s.Root, "node_modules")); err != nil {
		return errors.New("start the front end: its packages are not installed: run make setup")
	}
	insisted := ""
	if port := s.Getenv(webVariable); port != "" {
		insisted = net.JoinHostPort("127.0.0.1", port)
	}
	addr, note, err := choose(ctx, webVariable, insisted, preferredWeb)
	if err != nil {
		return fmt.Errorf("start the front end: %w", err)
	}
	host, port, err := net.SplitHostPort(addr)
	if err != nil {
		return fmt.Errorf("start the front end: %w", err)
	}
	if len(s.accounts) == 0 {
		return errors.New("start the front end: there is nobody to sign in as: the seed's people are gone or inactive")
	}
	token, err := s.token(s.accounts[0])
	if err != nil {
		return err
	}
	cmd := exec.CommandContext(context.WithoutCancel(ctx), "npm", "run", "dev", "--workspace", "web", "--", "--hostname", host, "--port", port)
	cmd.Dir = s.Root
	cmd.Stdout, cmd.Stderr = s.Logs, s.Logs
	cmd.Env = environment(os.Environ(), map[string]string{
		"LOCKSTEP_API_URL":        s.api,
		"LOCKSTEP_API_TOKEN":      token,
		"NEXT_TELEMETRY_DISABLED": "1",
	})
	if s.web, err = child.Start(cmd, child.Options{Group: true, OnParentDeath: syscall.SIGKILL}); err != nil {
		return err
	}
	s.webURL = "http://" + addr
	if err := answers(ctx, s.webURL, "the front end", s.web); err != nil {
		return err
	}
	s.report.line("Web", s.webURL+note, begin)
	return nil
}
