package api_test

import (
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"

	"github.com/lockstep-dev/lockstep/internal/api"
	"github.com/lockstep-dev/lockstep/internal/authn"
	"github.com/lockstep-dev/lockstep/internal/devissuer"
)

func TestTokensThatAreNotAccepted(t *testing.T) {
	t.Parallel()
	s := newStack(t)
	user := devissuer.TokenRequest{TenantID: s.acme.id, UserID: s.acme.admin.id}
	expired, audience, stranger, lost := user, user, user, user
	expired.Lifetime = -time.Hour
	audience.Audience = "another-service"
	stranger.UserID = s.globex.admin.id
	lost.TenantID = newID()
	signed := s.token(t, user)
	claiming := func(name string, value any) string {
		r := user
		r.Claims = map[string]any{name: value}
		return s.token(t, r)
	}
	symmetric := s.symmetric(t, signed)
	for name, token := range map[string]string{
		"none":                    "",
		"expired":                 s.token(t, expired),
		"wrong audience":          s.token(t, audience),
		"unsigned":                signed[:strings.LastIndex(signed, ".")+1],
		"alg none":                "eyJhbGciOiJub25lIn0" + signed[strings.Index(signed, "."):strings.LastIndex(signed, ".")+1],
		"garbage":                 "abc.def.ghi",
		"HS256 by the public key": symmetric,
		"another issuer":          claiming("iss", "https://evil.example"),
		"not valid yet":           claiming("nbf", time.Now().Add(time.Hour).Unix()),
		"without a tenant":        claiming("tenant_id", nil),
		"without a user":          claiming("sub", nil),
		"without an end":          claiming("exp", nil),
		"huge":                    claiming("pad", strings.Repeat("x", 9<<10)),
		"user of another tenant":  s.token(t, stranger),
		"unknown tenant":          s.token(t, lost),
	} {
		t.Run(name, func(t *testing.T) {
			before := s.statements.Load()
			got := s.check(t, call{path: "/v1/users", token: token, status: 401, code: "unauthenticated", absent: []string{s.acme.id.String(), "eyJ"}})
			if challenge := got.header.Get("WWW-Authenticate"); !strings.HasPrefix(challenge, "Bearer") {
				t.Errorf("got WWW-Authenticate %q, want a Bearer challenge", challenge)
			}
			// Only whether the user exists is for the database to say.
			if n := s.statements.Load() - before; n > 0 && name != "user of another tenant" && name != "unknown tenant" {
				t.Errorf("got %d statements, want the request to end before its operation", n)
			}
		})
	}
}

// TestAnIssuerSpeaksForItsTenants binds the issuer to one of two tenants: it signs well for the other one and for the
// platform too, and is not believed.
func TestAnIssuerSpeaksForItsTenants(t *testing.T) {
	t.Parallel()
	s := newStack(t)
	own := devissuer.TokenRequest{TenantID: s.acme.id, UserID: s.acme.admin.id}
	foreign := devissuer.TokenRequest{TenantID: s.globex.id, UserID: s.globex.admin.id}
	service := devissuer.TokenRequest{TenantID: s.globex.id, ClientID: "importer", Scopes: []string{"users:read"}}
	s.check(t, call{path: "/v1/users", token: s.token(t, foreign), status: 200})
	verifier, err := authn.New(authn.Config{Issuers: []string{s.issuer.URL() + " " + s.acme.id.String()}})
	if err != nil {
		t.Fatal(err)
	}
	bound := s.replica(t, s.appURL, s.appURL, func(c *api.Config) { c.Verifier = verifier })
	bound.check(t, call{path: "/v1/users", token: s.token(t, own), status: 200})
	for name, c := range map[string]call{
		"a user of another tenant":    {path: "/v1/users", token: s.token(t, foreign)},
		"a service of another tenant": {path: "/v1/users", token: s.token(t, service)},
		"the platform":                {path: "/v1/tenants", token: s.platform},
	} {
		t.Run(name, func(t *testing.T) {
			before := bound.statements.Load()
			c.status, c.code, c.absent = 401, "unauthenticated", []string{s.globex.id.String()}
			got := bound.check(t, c)
			if challenge := got.header.Get("WWW-Authenticate"); !strings.Contains(challenge, "may not speak for") {
				t.Errorf("got WWW-Authenticate %q, want the reason in it", challenge)
			}
			if n := bound.statements.Load() - before; n > 0 {
				t.Errorf("got %d statements, want the request to end before its operation", n)
			}
		})
	}
}

// symmetric is the token signed anew with HS256, with the issuer's public key as the secret: libraries that choose the
// algorithm by the token's header take it.
func (s *stack) symmetric(t *testing.T, token string) string {
	t.Helper()
	response, err := http.Get(s.issuer.URL() + "/keys")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = response.Body.Close() }()
	var set jose.JSONWebKeySet
	if err := json.NewDecoder(response.Body).Decode(&set); err != nil || len(set.Keys) == 0 {
		t.Fatalf("read the issuer's keys: got %d, %v", len(set.Keys), err)
	}
	public, err := x509.MarshalPKIXPublicKey(set.Keys[0].Key)
	if err != nil {
		t.Fatal(err)
	}
	signer, err := jose.NewSigner(jose.SigningKey{Algorithm: jose.HS256, Key: pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: public})},
		(&jose.SignerOptions{}).WithType("at+jwt").WithHeader("kid", set.Keys[0].KeyID))
	if err != nil {
		t.Fatal(err)
	}
	claims, err := base64.RawURLEncoding.DecodeString(strings.Split(token, ".")[1])
	if err != nil {
		t.Fatal(err)
	}
	signed, err := signer.Sign(claims)
	if err != nil {
		t.Fatal(err)
	}
	out, err := signed.CompactSerialize()
	if err != nil {
		t.Fatal(err)
	}
	return out
}
