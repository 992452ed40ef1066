package devstack

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"time"

	"github.com/lockstep-dev/lockstep/internal/subprocess"
)

// chooseWeb settles the front end's address before the issuer starts, which sends people back there and nowhere else. A front
// end that is started by other means is expected at the same address.
func (s *stack) chooseWeb(ctx context.Context) (err error) {
	insisted := ""
	if port := s.Getenv(webVariable); port != "" {
		insisted = net.JoinHostPort("127.0.0.1", port)
	}
	if !s.Web {
		s.webAddr = cmp.Or(insisted, preferredWeb)
		return nil
	}
	s.webAddr, s.webNote, err = choose(ctx, webVariable, insisted, preferredWeb)
	if err != nil {
		return fmt.Errorf("start the front end: %w", err)
	}
	return nil
}

// startWeb runs the front end in its development mode.
func (s *stack) startWeb(ctx context.Context) error {
	begin := time.Now()
	if _, err := os.Stat(filepath.Join(s.Root, "node_modules")); err != nil {
		return errors.New("start the front end: its packages are not installed: run make setup")
	}
	host, port, err := net.SplitHostPort(s.webAddr)
	if err != nil {
		return fmt.Errorf("start the front end: %w", err)
	}
	secret, err := s.sessionSecret()
	if err != nil {
		return fmt.Errorf("start the front end: %w", err)
	}
	cmd := exec.CommandContext(context.WithoutCancel(ctx), "npm", "run", "dev", "--workspace", "web", "--", "--hostname", host, "--port", port)
	cmd.Dir = s.Root
	cmd.Stdout, cmd.Stderr = s.Logs, s.Logs
	cmd.Env = environment(os.Environ(), map[string]string{
		"LOCKSTEP_API_URL":            s.api,
		"LOCKSTEP_WEB_URL":            "http://" + s.webAddr,
		"LOCKSTEP_WEB_SESSION_SECRET": secret,
		"LOCKSTEP_OIDC_ISSUER":        s.issuer.URL(),
		"LOCKSTEP_OIDC_CLIENT_ID":     webClientID,
		"NEXT_TELEMETRY_DISABLED":     "1",
	})
	if s.web, err = subprocess.Start(cmd, subprocess.Options{Group: true, OnParentDeath: syscall.SIGKILL}); err != nil {
		return err
	}
	s.webURL = "http://" + s.webAddr
	if err := answers(ctx, s.webURL, "the front end", s.web); err != nil {
		return err
	}
	s.report.line("Web", s.webURL+s.webNote, begin)
	return nil
}
