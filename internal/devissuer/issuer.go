package devissuer

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"sync"
	"time"

	"github.com/go-jose/go-jose/v4"
)

// Options describe an issuer.
type Options struct {
	// IssuerURL is the iss of its tokens and where its handler is served: http on a loopback address,
	// without a trailing slash. Required.
	IssuerURL string
	// KeyFile keeps the signing key across restarts, so that tokens stay good; it is created with mode
	// 0600. Empty keeps the key in memory.
	KeyFile string
	// Algorithm of new keys: ES256, RS256 or EdDSA. Defaults to ES256.
	Algorithm jose.SignatureAlgorithm
	// Audience of tokens that ask for no other. Defaults to "lockstep".
	Audience string
	// Clients are the applications that people can sign in to. Defaults to none.
	Clients []Client
	// People lists who may sign in, each time somebody does or a client renews its tokens. Defaults to nobody.
	People func(context.Context) ([]Person, error)
	// Clock tells the time. Defaults to time.Now.
	Clock func() time.Time
}

// Issuer signs tokens, serves the discovery document and the keys to check them with, and signs people in. It is safe for
// concurrent use.
type Issuer struct {
	options Options
	handler http.Handler
	grants  *grants

	mu   sync.RWMutex
	keys []jose.JSONWebKey // private; the first one signs, all are published
}

// New returns an issuer with the key of o.KeyFile, which it creates if needed.
func New(o Options) (*Issuer, error) {
	if err := checkURL(o.IssuerURL); err != nil {
		return nil, err
	}
	if o.Algorithm == "" {
		o.Algorithm = jose.ES256
	}
	if o.Audience == "" {
		o.Audience = "lockstep"
	}
	if o.Clock == nil {
		o.Clock = time.Now
	}
	i := &Issuer{options: o, grants: newGrants()}
	var err error
	if i.keys, err = loadKeys(o.KeyFile, o.Algorithm); err != nil {
		return nil, err
	}
	i.handler = i.routes()
	return i, nil
}

// URL returns the issuer's URL, the iss of its tokens.
func (i *Issuer) URL() string { return i.options.IssuerURL }

// Rotate makes a new key and signs with it from now on. The old keys stay published if keep is true, as a
// careful issuer does it; without, their tokens are no longer good.
func (i *Issuer) Rotate(keep bool) error {
	key, err := newKey(i.options.Algorithm)
	if err != nil {
		return err
	}
	i.mu.Lock()
	defer i.mu.Unlock()
	keys := []jose.JSONWebKey{key}
	if keep {
		keys = append(keys, i.keys...)
	}
	if i.options.KeyFile != "" {
		if err := replaceKeys(i.options.KeyFile, keys); err != nil {
			return err
		}
	}
	i.keys = keys
	return nil
}

// Listen listens on a loopback address, such as 127.0.0.1:0, and refuses any other: whoever reaches the
// issuer can be anyone. It returns the URL to use as IssuerURL.
func Listen(addr string) (l net.Listener, issuerURL string, err error) {
	host, _, err := net.SplitHostPort(addr)
	if err != nil {
		return nil, "", fmt.Errorf("listen for the development issuer on %q: %w", addr, err)
	}
	if !isLoopback(host) {
		return nil, "", fmt.Errorf("listen for the development issuer on %q: it gives anyone any token: use 127.0.0.1", addr)
	}
	if l, err = net.Listen("tcp", addr); err != nil {
		return nil, "", fmt.Errorf("listen for the development issuer: %w", err)
	}
	return l, "http://" + l.Addr().String(), nil
}

func checkURL(raw string) error {
	u, err := url.Parse(raw)
	if err != nil || u.Scheme != "http" || u.Host == "" || u.Path != "" || u.RawQuery != "" {
		return fmt.Errorf("development issuer at %q: use a URL like http://127.0.0.1:8081", raw)
	}
	if !isLoopback(u.Hostname()) {
		return fmt.Errorf("development issuer at %q: it gives anyone any token: use a loopback address", raw)
	}
	return nil
}

func isLoopback(host string) bool {
	ip := net.ParseIP(host)
	return host == "localhost" || ip != nil && ip.IsLoopback()
}

var errNotLocal = errors.New("the development issuer answers on loopback addresses only")
