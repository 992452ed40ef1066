package authn_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"
	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"github.com/google/uuid"

	"github.com/lockstep-dev/lockstep/internal/authn"
	"github.com/lockstep-dev/lockstep/internal/devissuer"
)

func TestAcceptedTokens(t *testing.T) {
	t.Parallel()
	service := devissuer.TokenRequest{TenantID: someTenant, ClientID: "importer", Scopes: []string{"users:read", "users:write"}}
	cases := []struct {
		name    string
		request devissuer.TokenRequest
		want    authn.Principal
	}{
		{
			"user", devissuer.TokenRequest{TenantID: someTenant, UserID: someUser},
			authn.Principal{TenantID: someTenant, UserID: someUser, Subject: someUser.String()},
		},
		{
			"user with a scope, which grants nothing",
			devissuer.TokenRequest{TenantID: someTenant, UserID: someUser, Scopes: []string{"users:write"}, Claims: map[string]any{"azp": "web"}},
			authn.Principal{TenantID: someTenant, UserID: someUser, Subject: someUser.String(), Scopes: []string{"users:write"}},
		},
		{
			"service", service,
			authn.Principal{TenantID: someTenant, Subject: "importer", Scopes: service.Scopes, Permissions: service.Scopes},
		},
		{
			"service whose client id is a UUID",
			devissuer.TokenRequest{TenantID: someTenant, ClientID: someUser.String(), Scopes: []string{"a"}},
			authn.Principal{TenantID: someTenant, Subject: someUser.String(), Scopes: []string{"a"}, Permissions: []string{"a"}},
		},
		{
			// It names its client: what nothing names is not the same with its next token.
			"service without a subject, scopes as an array",
			devissuer.TokenRequest{TenantID: someTenant, ClientID: "importer", Claims: map[string]any{"sub": nil, "scope": []string{"a", "b"}}},
			authn.Principal{TenantID: someTenant, Scopes: []string{"a", "b"}, Permissions: []string{"a", "b"}},
		},
		{
			"platform", devissuer.TokenRequest{ClientID: "operator", Scopes: []string{"platform"}},
			authn.Principal{Platform: true, Subject: "operator", Scopes: []string{"platform"}, Permissions: []string{"platform"}},
		},
		{
			"platform scope in a tenant is not the platform",
			devissuer.TokenRequest{TenantID: someTenant, UserID: someUser, Scopes: []string{"platform"}},
			authn.Principal{TenantID: someTenant, UserID: someUser, Subject: someUser.String(), Scopes: []string{"platform"}},
		},
		{
			"several audiences", devissuer.TokenRequest{TenantID: someTenant, UserID: someUser, Claims: map[string]any{"aud": []string{"other", "lockstep"}}},
			authn.Principal{TenantID: someTenant, UserID: someUser, Subject: someUser.String()},
		},
		{
			"expired within the skew", devissuer.TokenRequest{TenantID: someTenant, UserID: someUser, Lifetime: -29 * time.Second},
			authn.Principal{TenantID: someTenant, UserID: someUser, Subject: someUser.String()},
		},
		{
			"without nbf and iat", devissuer.TokenRequest{TenantID: someTenant, UserID: someUser, Claims: map[string]any{"nbf": nil, "iat": nil}},
			authn.Principal{TenantID: someTenant, UserID: someUser, Subject: someUser.String()},
		},
	}
	for _, alg := range []jose.SignatureAlgorithm{jose.ES256, jose.RS256, jose.EdDSA} {
		t.Run(string(alg), func(t *testing.T) {
			t.Parallel()
			c := newClock()
			issuer := newIssuer(t, c, alg)
			v := newVerifier(t, c, issuer)
			for _, test := range cases {
				t.Run(test.name, func(t *testing.T) {
					t.Parallel()
					token, err := issuer.Token(test.request)
					if err != nil {
						t.Fatal(err)
					}
					got, err := v.Verify(t.Context(), token)
					if err != nil {
						t.Fatal(err)
					}
					if diff := cmp.Diff(test.want, *got, cmpopts.IgnoreUnexported(authn.Principal{})); diff != "" {
						t.Errorf("-want +got:\n%s", diff)
					}
					named := test.want.ID()
					if named == "" {
						named = test.request.ClientID // without a subject
					}
					if got.ID() != named || got.Tenant() != test.want.Tenant() {
						t.Errorf("got ids %q and %q, want %q and %q", got.ID(), got.Tenant(), named, test.want.Tenant())
					}
				})
			}
		})
	}
}

func TestOtherClaimNames(t *testing.T) {
	t.Parallel()
	c := newClock()
	issuer := newIssuer(t, c, jose.ES256)
	v := newVerifierWith(t, authn.Config{Issuers: []string{issuer.URL()}, Clock: c.Now, Audience: "api", TenantClaim: "org", UserClaim: "uid"})
	token, err := issuer.Sign(map[string]any{
		"iss": issuer.URL(), "aud": "api", "exp": c.Now().Add(time.Hour).Unix(),
		"sub": "auth|17", "org": someTenant, "uid": someUser,
	})
	if err != nil {
		t.Fatal(err)
	}
	got, err := v.Verify(t.Context(), token)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(authn.Principal{TenantID: someTenant, UserID: someUser, Subject: "auth|17"}, *got, cmpopts.IgnoreUnexported(authn.Principal{})); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
	t.Run("a user without the user claim is no service", func(t *testing.T) {
		t.Parallel()
		token, err := issuer.Sign(map[string]any{
			"iss": issuer.URL(), "aud": "api", "exp": c.Now().Add(time.Hour).Unix(),
			"sub": "auth|17", "org": someTenant, "scope": "users:write", "azp": "web",
		})
		if err != nil {
			t.Fatal(err)
		}
		_, err = v.Verify(t.Context(), token)
		wantRefused(t, err, token, "lacks the claim uid")
	})
}

// TestRefusedClaims holds well-signed tokens of the right issuer.
func TestRefusedClaims(t *testing.T) {
	t.Parallel()
	c := newClock()
	issuer := newIssuer(t, c, jose.ES256)
	v := newVerifier(t, c, issuer)
	at := func(d time.Duration) int64 { return c.Now().Add(d).Unix() }
	cases := []struct {
		name   string
		claims map[string]any
		want   string
	}{
		{"expired", map[string]any{"exp": at(-31 * time.Second)}, "expired"},
		{"expired long ago", map[string]any{"exp": 1}, "expired"},
		{"without exp", map[string]any{"exp": nil}, "lacks the claim exp"},
		{"exp is text", map[string]any{"exp": "tomorrow"}, "claims are malformed"},
		{"not valid yet", map[string]any{"nbf": at(31 * time.Second)}, "not valid yet"},
		{"issued in the future", map[string]any{"iat": at(31 * time.Second)}, "not valid yet"},
		{"nbf overflows", map[string]any{"nbf": json.Number("9223372036854775807")}, "claims are malformed"},
		{"wrong audience", map[string]any{"aud": "other"}, "audience"},
		{"without audience", map[string]any{"aud": nil}, "audience"},
		{"audience is a prefix", map[string]any{"aud": "lockstep2"}, "audience"},
		{"without issuer", map[string]any{"iss": nil}, "issuer is not accepted"},
		{"wrong issuer", map[string]any{"iss": "https://evil.example"}, "issuer is not accepted"},
		{"issuer with a slash", map[string]any{"iss": issuer.URL() + "/"}, "issuer is not accepted"},
		{"without tenant", map[string]any{"tenant_id": nil}, "lacks the claim tenant_id"},
		{"empty tenant", map[string]any{"tenant_id": ""}, "lacks the claim tenant_id"},
		{"tenant is no UUID", map[string]any{"tenant_id": "acme"}, "tenant_id is malformed"},
		{"tenant is zero", map[string]any{"tenant_id": uuid.Nil}, "tenant_id is malformed"},
		{"tenant without dashes", map[string]any{"tenant_id": strings.ReplaceAll(someTenant.String(), "-", "")}, "tenant_id is malformed"},
		{"tenant in braces", map[string]any{"tenant_id": "{" + someTenant.String() + "}"}, "tenant_id is malformed"},
		{"tenant is a number", map[string]any{"tenant_id": 7}, "tenant_id is malformed"},
		{"several tenants", map[string]any{"tenant_id": []string{someTenant.String()}}, "tenant_id is malformed"},
		{"without user", map[string]any{"sub": nil}, "lacks the claim sub"},
		{"user is no UUID", map[string]any{"sub": "zoe@example.com"}, "sub is malformed"},
		{"user is no UUID but has a scope", map[string]any{"sub": "auth0|7", "scope": "users:write", "azp": "web"}, "sub is malformed"},
		{"service that nothing names", map[string]any{"sub": nil, "scope": "users:write"}, "must name it by the claim sub, client_id or azp"},
		{"platform that nothing names", map[string]any{"sub": nil, "scope": "platform", "tenant_id": nil}, "must name it by the claim sub, client_id or azp"},
		{"scope is a number", map[string]any{"scope": 7}, "scope is malformed"},
		{"platform with a malformed tenant", map[string]any{"scope": "platform", "tenant_id": "x"}, "tenant_id is malformed"},
		{"platform scope of a person", map[string]any{"scope": "platform", "tenant_id": nil, "azp": "web"}, "lacks the claim tenant_id"},
		{"platform scope of nobody knows whom", map[string]any{"scope": "platform", "tenant_id": nil}, "lacks the claim tenant_id"},
		{"a scope like platform", map[string]any{"scope": "platforms", "tenant_id": nil}, "lacks the claim tenant_id"},
	}
	for _, test := range cases {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			token := userToken(t, issuer, test.claims)
			p, err := v.Verify(t.Context(), token)
			if p != nil {
				t.Errorf("got principal %v, want none", p)
			}
			wantRefused(t, err, token, test.want)
		})
	}
}

// TestRefusedSignatures holds tokens with good claims that the issuer has not signed.
func TestRefusedSignatures(t *testing.T) {
	t.Parallel()
	c := newClock()
	issuer := newIssuer(t, c, jose.RS256)
	v := newVerifier(t, c, issuer)
	good := userToken(t, issuer, nil)
	header, payload, signature := cut(t, good)
	kid := kidOf(t, good)
	publicKey := publicPEM(t, issuer)
	rsaKey, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	encode := base64.RawURLEncoding.EncodeToString

	cases := []struct{ name, token, want string }{
		{"none", encode([]byte(`{"alg":"none"}`)) + "." + payload + ".", "algorithm is not accepted"},
		{"None with a signature", encode([]byte(`{"alg":"None","kid":"`+kid+`"}`)) + "." + payload + "." + signature, "algorithm is not accepted"},
		{"HS256 keyed with the public key", signed(t, jose.HS256, publicKey, kid, payload), "algorithm is not accepted"},
		{"ES256 under the RSA key's id", signed(t, jose.ES256, ecKey(t), kid, payload), "key is not known"},
		{"own key under the issuer's id", signed(t, jose.RS256, rsaKey, kid, payload), "signature is not valid"},
		{"own key in the header", embedded(t, payload), "key is not known"},
		{"unknown key", signed(t, jose.ES256, ecKey(t), "unknown", payload), "key is not known"},
		{"no key id", signed(t, jose.RS256, rsaKey, "", payload), "signature is not valid"},
		{"changed claims", header + "." + encode([]byte(strings.Replace(decode(t, payload), someUser.String(), someTenant.String(), 1))) + "." + signature, "signature is not valid"},
		{"no signature", header + "." + payload + ".", "signature is not valid"},
		{"two parts", header + "." + payload, "malformed"},
		{"five parts", header + "." + payload + "." + signature + "." + signature + "." + signature, "malformed"},
		{"JSON serialization", `{"protected":"` + header + `","payload":"` + payload + `","signature":"` + signature + `"}`, "malformed"},
		{"garbage", "garbage", "malformed"},
		{"dots", "..", "algorithm is not accepted"},
		{"binary", "\x00\xff.\x01.\x02", "malformed"},
		{"huge", strings.Repeat("a", 8<<10+1), "too large"},
		{"huge but signed", userToken(t, issuer, map[string]any{"pad": strings.Repeat("a", 8<<10)}), "too large"},
		{"a logout token", sign(t, jose.ES256, ecKey(t), (&jose.SignerOptions{}).WithType("logout+jwt"), payload), "another type"},
		{"empty", "", "required"},
	}
	for _, test := range cases {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			p, err := v.Verify(t.Context(), test.token)
			if p != nil {
				t.Errorf("got principal %v, want none", p)
			}
			wantRefused(t, err, test.token, test.want)
		})
	}
	t.Run("the good one is good", func(t *testing.T) {
		t.Parallel()
		if _, err := v.Verify(t.Context(), good); err != nil {
			t.Error(err)
		}
	})
}

func cut(t *testing.T, token string) (header, payload, signature string) {
	t.Helper()
	parts := strings.Split(token, ".")
	if len(parts) != 3 {
		t.Fatalf("got %d parts, want 3", len(parts))
	}
	return parts[0], parts[1], parts[2]
}

func decode(t *testing.T, part string) string {
	t.Helper()
	data, err := base64.RawURLEncoding.DecodeString(part)
	if err != nil {
		t.Fatal(err)
	}
	return string(data)
}

func kidOf(t *testing.T, token string) string {
	t.Helper()
	header, _, _ := cut(t, token)
	var h struct{ Kid string }
	if err := json.Unmarshal([]byte(decode(t, header)), &h); err != nil || h.Kid == "" {
		t.Fatalf("no kid in %s: %v", header, err)
	}
	return h.Kid
}

// publicPEM returns the issuer's published key as the attack on confused libraries uses it.
func publicPEM(t *testing.T, issuer *realIssuer) []byte {
	t.Helper()
	resp, err := http.Get(issuer.URL() + "/keys")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = resp.Body.Close() }()
	var set jose.JSONWebKeySet
	if err := json.NewDecoder(resp.Body).Decode(&set); err != nil || len(set.Keys) != 1 {
		t.Fatalf("read keys: got %d and %v, want 1", len(set.Keys), err)
	}
	der, err := x509.MarshalPKIXPublicKey(set.Keys[0].Key)
	if err != nil {
		t.Fatal(err)
	}
	return pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: der})
}

func ecKey(t *testing.T) *ecdsa.PrivateKey {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return key
}

// signed signs an encoded payload with any key under any key id.
func signed(t *testing.T, alg jose.SignatureAlgorithm, key any, kid, payload string) string {
	t.Helper()
	options := &jose.SignerOptions{}
	if kid != "" {
		options.WithHeader("kid", kid)
	}
	return sign(t, alg, key, options, payload)
}

func sign(t *testing.T, alg jose.SignatureAlgorithm, key any, options *jose.SignerOptions, payload string) string {
	t.Helper()
	signer, err := jose.NewSigner(jose.SigningKey{Algorithm: alg, Key: key}, options)
	if err != nil {
		t.Fatal(err)
	}
	jws, err := signer.Sign([]byte(decode(t, payload)))
	if err != nil {
		t.Fatal(err)
	}
	token, err := jws.CompactSerialize()
	if err != nil {
		t.Fatal(err)
	}
	return token
}

// embedded brings its own key along in the header.
func embedded(t *testing.T, payload string) string {
	t.Helper()
	return sign(t, jose.ES256, ecKey(t), &jose.SignerOptions{EmbedJWK: true}, payload)
}
