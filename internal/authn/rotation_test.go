package authn_test

import (
	"context"
	"errors"
	"log/slog"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"

	"github.com/lockstep-dev/lockstep/internal/authn"
)

func TestNewKeyIsFetched(t *testing.T) {
	t.Parallel()
	c := newClock()
	issuer := newIssuer(t, c, jose.ES256)
	v := newVerifier(t, c, issuer)
	old := userToken(t, issuer, nil)
	mustVerify(t, v, old)
	if err := issuer.Rotate(true); err != nil {
		t.Fatal(err)
	}
	c.advance(10 * time.Second)
	mustVerify(t, v, userToken(t, issuer, nil))
	mustVerify(t, v, old)
}

func TestRemovedKeyIsRefused(t *testing.T) {
	t.Parallel()
	t.Run("once a new key was seen", func(t *testing.T) {
		t.Parallel()
		c := newClock()
		issuer := newIssuer(t, c, jose.ES256)
		v := newVerifier(t, c, issuer)
		old := userToken(t, issuer, nil)
		mustVerify(t, v, old)
		if err := issuer.Rotate(false); err != nil {
			t.Fatal(err)
		}
		c.advance(10 * time.Second)
		mustVerify(t, v, userToken(t, issuer, nil))
		_, err := v.Verify(t.Context(), old)
		wantRefused(t, err, old, "key is not known")
	})
	t.Run("after a while in any case", func(t *testing.T) {
		t.Parallel()
		c := newClock()
		issuer := newIssuer(t, c, jose.ES256)
		v := newVerifier(t, c, issuer)
		old := userToken(t, issuer, nil)
		mustVerify(t, v, old)
		if err := issuer.Rotate(false); err != nil {
			t.Fatal(err)
		}
		c.advance(15 * time.Minute)
		_, err := v.Verify(t.Context(), old)
		wantRefused(t, err, old, "key is not known")
	})
}

// TestKeysAreRefreshedBesideRequests lets the issuer hang: the request that starts the refresh must not
// wait for it.
func TestKeysAreRefreshedBesideRequests(t *testing.T) {
	t.Parallel()
	c := newClock()
	issuer := newIssuer(t, c, jose.ES256)
	v := newVerifier(t, c, issuer)
	token := userToken(t, issuer, nil)
	mustVerify(t, v, token)
	release := issuer.block()
	defer release()
	c.advance(5 * time.Minute)
	mustVerify(t, v, token)
	select {
	case <-issuer.arrived:
	case <-time.After(3 * time.Minute):
		t.Error("got no request to the issuer, want a refresh")
	}
}

func TestFloodOfUnknownKeysSparesTheIssuer(t *testing.T) {
	t.Parallel()
	c := newClock()
	issuer := newIssuer(t, c, jose.ES256)
	v := newVerifier(t, c, issuer)
	good := userToken(t, issuer, nil)
	mustVerify(t, v, good)
	_, payload, _ := cut(t, good)
	forged := make([]string, 50)
	for n := range forged {
		forged[n] = signed(t, jose.ES256, ecKey(t), "unknown-"+strings.Repeat("x", n), payload)
	}
	before := issuer.requests.Load()
	c.advance(10 * time.Second)
	var wg sync.WaitGroup
	for range 20 {
		wg.Go(func() {
			for _, token := range forged {
				_, err := v.Verify(t.Context(), token)
				wantRefused(t, err, token, "key is not known")
			}
		})
	}
	wg.Wait()
	if n := issuer.requests.Load() - before; n == 0 || n > 3 {
		t.Errorf("1000 tokens with unknown keys: got %d requests to the issuer, want 1 to 3", n)
	}
	mustVerify(t, v, good)
}

// TestKeyRotatedRightAfterAFetch signs with a key that the issuer has made a moment after it was asked: it is asked again.
func TestKeyRotatedRightAfterAFetch(t *testing.T) {
	t.Parallel()
	c := newClock()
	issuer := newIssuer(t, c, jose.ES256)
	v := newVerifier(t, c, issuer)
	mustVerify(t, v, userToken(t, issuer, nil))
	if err := issuer.Rotate(true); err != nil {
		t.Fatal(err)
	}
	mustVerify(t, v, userToken(t, issuer, nil))
}

func TestBadSignaturesDoNotReachTheIssuer(t *testing.T) {
	t.Parallel()
	c := newClock()
	issuer := newIssuer(t, c, jose.ES256)
	v := newVerifier(t, c, issuer)
	good := userToken(t, issuer, nil)
	mustVerify(t, v, good)
	_, payload, _ := cut(t, good)
	before := issuer.requests.Load()
	for range 10 {
		c.advance(11 * time.Second)
		token := signed(t, jose.ES256, ecKey(t), kidOf(t, good), payload)
		_, err := v.Verify(t.Context(), token)
		wantRefused(t, err, token, "signature is not valid")
	}
	if n := issuer.requests.Load() - before; n != 0 {
		t.Errorf("got %d requests to the issuer, want 0", n)
	}
}

func TestColdStartAsksOnce(t *testing.T) {
	t.Parallel()
	c := newClock()
	issuer := newIssuer(t, c, jose.ES256)
	v := newVerifier(t, c, issuer)
	token := userToken(t, issuer, nil)
	var wg sync.WaitGroup
	for range 50 {
		wg.Go(func() {
			if _, err := v.Verify(t.Context(), token); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	if n := issuer.requests.Load(); n != 2 {
		t.Errorf("got %d requests to the issuer, want 2: discovery and keys", n)
	}
}

func TestIssuerDown(t *testing.T) {
	t.Parallel()
	t.Run("at the start: refused, logged, tried again", func(t *testing.T) {
		t.Parallel()
		c := newClock()
		issuer := newIssuer(t, c, jose.ES256)
		issuer.down.Store(true)
		var log strings.Builder
		v := newVerifierWith(t, authn.Config{Issuers: []string{issuer.URL()}, Clock: c.Now, Logger: slog.New(slog.NewTextHandler(&log, nil))})
		v.Warm(t.Context())
		token := userToken(t, issuer, nil)
		for range 20 {
			_, err := v.Verify(t.Context(), token)
			wantRefused(t, err, token, "issuer is not available")
		}
		if n := issuer.requests.Load(); n != 1 {
			t.Errorf("got %d requests to the issuer, want 1", n)
		}
		if !strings.Contains(log.String(), "level=WARN") || !strings.Contains(log.String(), issuer.URL()) {
			t.Errorf("got log %q, want a warning that names the issuer", log.String())
		}
		if strings.Contains(log.String(), token) {
			t.Error("the log shows the token")
		}
		issuer.down.Store(false)
		c.advance(time.Second)
		mustVerify(t, v, token)
	})
	t.Run("later: known keys go on", func(t *testing.T) {
		t.Parallel()
		c := newClock()
		issuer := newIssuer(t, c, jose.ES256)
		v := newVerifier(t, c, issuer)
		long := userToken(t, issuer, map[string]any{"exp": c.Now().Add(48 * time.Hour).Unix()})
		mustVerify(t, v, long)
		issuer.down.Store(true)
		c.advance(24 * time.Hour)
		mustVerify(t, v, long)
		if err := issuer.Rotate(true); err != nil {
			t.Fatal(err)
		}
		next := userToken(t, issuer, nil)
		// The issuer may have this key by now: nobody can know before it answers.
		_, err := v.Verify(t.Context(), next)
		wantRefused(t, err, next, "issuer is not available")
		issuer.down.Store(false)
		c.advance(time.Second)
		mustVerify(t, v, next)
		mustVerify(t, v, long)
	})
	t.Run("a request does not wait longer than it wants", func(t *testing.T) {
		t.Parallel()
		c := newClock()
		issuer := newIssuer(t, c, jose.ES256)
		defer issuer.block()()
		v := newVerifier(t, c, issuer)
		token := userToken(t, issuer, nil)
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		_, err := v.Verify(ctx, token)
		wantRefused(t, err, token, "issuer is not available")
	})
}

func TestSeveralIssuers(t *testing.T) {
	t.Parallel()
	c := newClock()
	one, two := newIssuer(t, c, jose.ES256), newIssuer(t, c, jose.RS256)
	v := newVerifier(t, c, one, two)
	mustVerify(t, v, userToken(t, one, nil))
	mustVerify(t, v, userToken(t, two, nil))
	t.Run("one cannot sign for the other", func(t *testing.T) {
		t.Parallel()
		token := userToken(t, one, map[string]any{"iss": two.URL()})
		_, err := v.Verify(t.Context(), token)
		wantRefused(t, err, token, "key is not known")
	})
	t.Run("one that is down does not harm the other", func(t *testing.T) {
		t.Parallel()
		dead := newIssuer(t, c, jose.ES256)
		dead.down.Store(true)
		v := newVerifier(t, c, dead, two)
		mustVerify(t, v, userToken(t, two, nil))
	})
}

func TestConfig(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]authn.Config{
		"no issuer":               {},
		"http":                    {Issuers: []string{"http://issuer.example"}},
		"no host":                 {Issuers: []string{"https://"}},
		"another scheme":          {Issuers: []string{"file:///etc/passwd"}},
		"like a loopback":         {Issuers: []string{"http://127.0.0.1.evil.example"}},
		"with a password":         {Issuers: []string{"https://u:p@issuer.example"}},
		"two that say nothing":    {Issuers: []string{"https://a.example", "https://b.example"}},
		"one of two says nothing": {Issuers: []string{"https://a.example any-tenant", "https://b.example"}},
		"twice":                   {Issuers: []string{"https://a.example any-tenant", "https://a.example platform"}},
		"for a slug":              {Issuers: []string{"https://a.example acme"}},
		"words and no issuer":     {Issuers: []string{" "}},
		"too much skew":           {Issuers: []string{"https://issuer.example"}, Skew: 61 * time.Second},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if _, err := authn.New(c); err == nil {
				t.Error("got no error, want one")
			}
		})
	}
	for _, url := range []string{"https://issuer.example/realms/a", "http://127.0.0.1:9000", "http://localhost:9000", "http://[::1]:9000"} {
		if _, err := authn.New(authn.Config{Issuers: []string{url}}); err != nil {
			t.Errorf("%s: got %v, want nil", url, err)
		}
	}
}

func mustVerify(t *testing.T, v *authn.Verifier, token string) {
	t.Helper()
	if _, err := v.Verify(t.Context(), token); err != nil {
		t.Fatalf("verify: %v: %v", err, errors.Unwrap(err))
	}
}
