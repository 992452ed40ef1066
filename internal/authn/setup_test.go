package authn_test

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"
	"github.com/google/uuid"

	"github.com/lockstep-dev/lockstep/internal/authn"
	"github.com/lockstep-dev/lockstep/internal/devissuer"
)

var (
	someTenant = uuid.MustParse("11111111-2222-4333-8444-555555555555")
	someUser   = uuid.MustParse("66666666-7777-4888-9999-aaaaaaaaaaaa")
)

// clock is a time that tests move.
type clock struct {
	mu  sync.Mutex
	now time.Time
}

func newClock() *clock { return &clock{now: time.Date(2025, 6, 1, 12, 0, 0, 0, time.UTC)} }

func (c *clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

func (c *clock) advance(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = c.now.Add(d)
}

// realIssuer is the development issuer on a loopback port that counts its requests and can be down.
type realIssuer struct {
	*devissuer.Issuer
	requests atomic.Int64
	down     atomic.Bool
	gate     sync.RWMutex  // locked by block
	arrived  chan struct{} // gets one per request, if there is room
}

func newIssuer(t *testing.T, c *clock, alg jose.SignatureAlgorithm) *realIssuer {
	t.Helper()
	i := &realIssuer{arrived: make(chan struct{}, 1)}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		i.requests.Add(1)
		select {
		case i.arrived <- struct{}{}:
		default:
		}
		i.gate.RLock()
		defer i.gate.RUnlock()
		if i.down.Load() {
			http.Error(w, "down", http.StatusServiceUnavailable)
			return
		}
		i.ServeHTTP(w, r)
	}))
	t.Cleanup(server.Close)
	var err error
	if i.Issuer, err = devissuer.New(devissuer.Options{IssuerURL: server.URL, Algorithm: alg, Clock: c.Now}); err != nil {
		t.Fatal(err)
	}
	return i
}

// block lets requests hang until release.
func (i *realIssuer) block() (release func()) {
	i.gate.Lock()
	select { // forget what arrived before
	case <-i.arrived:
	default:
	}
	return i.gate.Unlock
}

func newVerifier(t *testing.T, c *clock, issuers ...*realIssuer) *authn.Verifier {
	t.Helper()
	config := authn.Config{Clock: c.Now}
	for _, i := range issuers {
		config.Issuers = append(config.Issuers, i.URL()+" any-tenant platform")
	}
	return newVerifierWith(t, config)
}

func newVerifierWith(t *testing.T, config authn.Config) *authn.Verifier {
	t.Helper()
	v, err := authn.New(config)
	if err != nil {
		t.Fatal(err)
	}
	return v
}

func userToken(t *testing.T, i *realIssuer, claims map[string]any) string {
	t.Helper()
	token, err := i.Token(devissuer.TokenRequest{TenantID: someTenant, UserID: someUser, Claims: claims})
	if err != nil {
		t.Fatal(err)
	}
	return token
}

// wantRefused checks that err is a TokenError whose reason contains want and which does not show the token.
func wantRefused(t *testing.T, err error, token, want string) {
	t.Helper()
	refused, ok := err.(*authn.TokenError) //nolint:errorlint // Verify promises this very type
	if !ok {
		t.Fatalf("got %v (%T), want a *auth.TokenError", err, err)
	}
	if !strings.Contains(refused.Reason, want) {
		t.Errorf("got reason %q, want one with %q", refused.Reason, want)
	}
	shown := refused.Error() + refused.WWWAuthenticate()
	for _, part := range strings.Split(token, ".") {
		if len(part) > 8 && strings.Contains(shown, part) {
			t.Errorf("the error shows the token: %q", shown)
		}
	}
}
