package authn_test

import (
	"strings"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"
)

// TestAVerifiedTokenIsLookedAtAgain uses a token until it is no longer good: what is remembered is that its signature
// was, not that it is.
func TestAVerifiedTokenIsLookedAtAgain(t *testing.T) {
	t.Parallel()
	c := newClock()
	issuer := newIssuer(t, c, jose.ES256)
	v := newVerifier(t, c, issuer)
	token := userToken(t, issuer, map[string]any{"exp": c.Now().Add(time.Hour).Unix()})
	mustVerify(t, v, token)
	c.advance(time.Hour)
	mustVerify(t, v, token) // within the skew
	c.advance(31 * time.Second)
	_, err := v.Verify(t.Context(), token)
	wantRefused(t, err, token, "expired")
	c.advance(-2 * time.Hour)
	_, err = v.Verify(t.Context(), token)
	wantRefused(t, err, token, "not valid yet")
}

// TestATokenLikeAVerifiedOneIsNotVerified changes each part of a token that is remembered.
func TestATokenLikeAVerifiedOneIsNotVerified(t *testing.T) {
	t.Parallel()
	c := newClock()
	issuer := newIssuer(t, c, jose.ES256)
	v := newVerifier(t, c, issuer)
	token := userToken(t, issuer, nil)
	mustVerify(t, v, token)
	for at, was := range token {
		// The last characters of a part may hold bits that mean nothing.
		if rest, _, _ := strings.Cut(token[at:], "."); len(rest) < 3 {
			continue
		}
		other := "A"
		if was == 'A' {
			other = "B"
		}
		if _, err := v.Verify(t.Context(), token[:at]+other+token[at+1:]); err == nil {
			t.Errorf("a token changed at %d was accepted", at)
		}
	}
}

// TestCallersDoNotShareAPrincipal changes what one call returned.
func TestCallersDoNotShareAPrincipal(t *testing.T) {
	t.Parallel()
	c := newClock()
	issuer := newIssuer(t, c, jose.ES256)
	v := newVerifier(t, c, issuer)
	token := userToken(t, issuer, nil)
	for range 2 {
		p, err := v.Verify(t.Context(), token)
		if err != nil {
			t.Fatal(err)
		}
		if p.Permissions != nil {
			t.Errorf("got permissions %v, want none yet", p.Permissions)
		}
		p.Permissions = []string{"users:read"}
	}
}
