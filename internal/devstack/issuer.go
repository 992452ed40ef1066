package devstack

import (
	"context"
	"fmt"
	"net/http"
	"path/filepath"
	"time"

	"github.com/lockstep-dev/lockstep/internal/devissuer"
)

// lifetime of the printed tokens: a working day, and the evening.
const lifetime = 12 * time.Hour

// startIssuer serves an OpenID Connect issuer. Its key is kept, so that tokens stay good over restarts.
func (s *stack) startIssuer(ctx context.Context) error {
	begin := time.Now()
	addr, note, err := choose(ctx, issuerVariable, s.Getenv(issuerVariable), preferredIssuer)
	if err != nil {
		return fmt.Errorf("start the issuer: %w", err)
	}
	listener, url, err := devissuer.Listen(addr)
	if err != nil {
		return fmt.Errorf("start the issuer: %w", err)
	}
	s.issuer, err = devissuer.New(devissuer.Options{IssuerURL: url, KeyFile: filepath.Join(s.Dir, "issuer-key.json")})
	if err != nil {
		_ = listener.Close()
		return fmt.Errorf("start the issuer: %w", err)
	}
	s.issuers = &http.Server{Handler: s.issuer, ReadHeaderTimeout: 5 * time.Second}
	go func() { _ = s.issuers.Serve(listener) }() // ends when the stack closes it
	s.report.line("Issuer", url+note, begin)
	return nil
}
