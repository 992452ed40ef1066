package authn

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"time"
)

// maxAnswer bounds a discovery document or key set in bytes.
const maxAnswer = 1 << 20

// guarded returns a copy of c, or a new client, that reads short answers only and follows no redirect to
// plain http.
func guarded(c *http.Client) *http.Client {
	if c == nil {
		c = &http.Client{Timeout: fetchTimeout}
	}
	copied := *c
	next := copied.Transport
	if next == nil {
		next = http.DefaultTransport
	}
	copied.Transport = limit{next}
	follow := copied.CheckRedirect
	copied.CheckRedirect = func(req *http.Request, via []*http.Request) error {
		if err := checkURL(req.URL.String()); err != nil {
			return fmt.Errorf("refuse redirect: %w", err)
		}
		if follow != nil {
			return follow(req, via)
		}
		if len(via) >= 3 {
			return errors.New("stopped after 3 redirects")
		}
		return nil
	}
	return &copied
}

// fetchTimeout bounds one request to an issuer.
const fetchTimeout = 5 * time.Second

// limit cuts off long answers.
type limit struct{ next http.RoundTripper }

func (l limit) RoundTrip(req *http.Request) (*http.Response, error) {
	resp, err := l.next.RoundTrip(req)
	if err != nil {
		return nil, err
	}
	resp.Body = struct {
		io.Reader
		io.Closer
	}{io.LimitReader(resp.Body, maxAnswer), resp.Body}
	return resp, nil
}
