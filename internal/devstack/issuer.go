package devstack

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"path/filepath"
	"slices"
	"time"

	"github.com/lockstep-dev/lockstep/internal/devissuer"
)

// lifetime of the printed tokens: a working day, and the evening.
const lifetime = 12 * time.Hour

// webClientID is the front end's name at the issuer.
const webClientID = "lockstep-web"

// webClient is the front end as the issuer knows it, by each name this machine has for itself.
func webClient(addr string) devissuer.Client {
	client := devissuer.Client{ID: webClientID}
	host, port, _ := net.SplitHostPort(addr)
	for _, name := range slices.Compact([]string{host, "localhost"}) {
		origin := "http://" + net.JoinHostPort(name, port)
		client.RedirectURIs = append(client.RedirectURIs, origin+"/auth/callback")
		client.SignedOutURIs = append(client.SignedOutURIs, origin+"/sign-in")
	}
	return client
}

// startIssuer serves an OpenID Connect issuer. Its key is kept, so that tokens stay good over restarts.
func (s *stack) startIssuer(ctx context.Context) error {
	begin := time.Now()
	if err := s.chooseWeb(ctx); err != nil {
		return err
	}
	addr, note, err := choose(ctx, issuerVariable, s.Getenv(issuerVariable), preferredIssuer)
	if err != nil {
		return fmt.Errorf("start the issuer: %w", err)
	}
	listener, url, err := devissuer.Listen(addr)
	if err != nil {
		return fmt.Errorf("start the issuer: %w", err)
	}
	s.issuer, err = devissuer.New(devissuer.Options{
		IssuerURL: url,
		KeyFile:   filepath.Join(s.Dir, "issuer-key.json"),
		Clients:   []devissuer.Client{webClient(s.webAddr)},
		People:    s.people,
	})
	if err != nil {
		_ = listener.Close()
		return fmt.Errorf("start the issuer: %w", err)
	}
	s.issuers = &http.Server{Handler: s.issuer, ReadHeaderTimeout: 5 * time.Second}
	go func() { _ = s.issuers.Serve(listener) }() // ends when the stack closes it
	s.report.line("Issuer", url+note, begin)
	return nil
}
