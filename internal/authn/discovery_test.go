package authn_test

import (
	"context"
	"crypto/rand"
	"crypto/rsa"
	"encoding/json"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"

	"github.com/lockstep-dev/lockstep/internal/authn"
)

// crookedIssuer is an issuer whose answers a test writes. Its client reaches it by any host name, so that
// only the verifier can refuse to ask.
type crookedIssuer struct {
	url    string
	client *http.Client
	mux    *http.ServeMux
}

func newCrookedIssuer(t *testing.T) *crookedIssuer {
	t.Helper()
	i := &crookedIssuer{mux: http.NewServeMux()}
	server := httptest.NewServer(i.mux)
	t.Cleanup(server.Close)
	i.url = server.URL
	i.client = &http.Client{Timeout: 10 * time.Second, Transport: &http.Transport{
		DialContext: func(ctx context.Context, network, _ string) (net.Conn, error) {
			return (&net.Dialer{}).DialContext(ctx, network, server.Listener.Addr().String())
		},
	}}
	return i
}

// answer serves body at path; SELF in it is the issuer's URL.
func (i *crookedIssuer) answer(path, body string) {
	i.mux.HandleFunc(path, func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		_, _ = w.Write([]byte(strings.ReplaceAll(body, "SELF", i.url)))
	})
}

const (
	discoveryPath = "/.well-known/openid-configuration"
	document      = `{"issuer":"SELF","jwks_uri":"SELF/keys"}`
)

func TestDiscoveryIsNotTrustedBlindly(t *testing.T) {
	t.Parallel()
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	weak, err := rsa.GenerateKey(rand.Reader, 1024)
	if err != nil {
		t.Fatal(err)
	}
	keys := keySet(t, jose.JSONWebKey{Key: &key.PublicKey, KeyID: "k", Algorithm: "RS256", Use: "sig"})
	redirect := func(to string) http.HandlerFunc {
		return func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, to, http.StatusFound) }
	}
	cases := []struct {
		name  string
		key   *rsa.PrivateKey
		serve func(i *crookedIssuer)
		want  string // reason; empty if the token is good
	}{
		{"straight", key, func(i *crookedIssuer) {
			i.answer(discoveryPath, document)
			i.answer("/keys", keys)
		}, ""},
		{"redirected to another path", key, func(i *crookedIssuer) {
			i.mux.HandleFunc(discoveryPath, redirect("/elsewhere"))
			i.answer("/elsewhere", document)
			i.answer("/keys", keys)
		}, ""},
		{"keys of unknown kinds are passed over", key, func(i *crookedIssuer) {
			i.answer(discoveryPath, document)
			i.answer("/keys", strings.Replace(keys, "[", `[{"kty":"OKP","crv":"Ed448","x":"AA"},{"kty":"oct","k":"AA"},{"kty":"?"},7,`, 1))
		}, ""},
		{"another issuer's name", key, func(i *crookedIssuer) {
			i.answer(discoveryPath, strings.Replace(document, `"SELF"`, `"https://issuer.example"`, 1))
			i.answer("/keys", keys)
		}, "not available"},
		{"keys over http", key, func(i *crookedIssuer) {
			i.answer(discoveryPath, strings.Replace(document, "SELF/keys", "http://issuer.example/keys", 1))
			i.answer("/keys", keys)
		}, "not available"},
		{"redirected to http", key, func(i *crookedIssuer) {
			i.answer(discoveryPath, document)
			i.mux.HandleFunc("127.0.0.1/keys", redirect("http://issuer.example/keys"))
			i.answer("issuer.example/keys", keys)
		}, "not available"},
		{"redirected for ever", key, func(i *crookedIssuer) {
			i.mux.HandleFunc(discoveryPath, redirect(discoveryPath))
		}, "not available"},
		{"without keys", key, func(i *crookedIssuer) {
			i.answer(discoveryPath, document)
			i.answer("/keys", `{"keys":[]}`)
		}, "not available"},
		{"without a place for keys", key, func(i *crookedIssuer) {
			i.answer(discoveryPath, `{"issuer":"SELF"}`)
		}, "not available"},
		{"an endless document", key, func(i *crookedIssuer) {
			i.answer(discoveryPath, strings.Replace(document, "{", `{"x":"`+strings.Repeat("x", 2<<20)+`",`, 1))
			i.answer("/keys", keys)
		}, "not available"},
		{"no JSON", key, func(i *crookedIssuer) { i.answer(discoveryPath, "<html>") }, "not available"},
		{"a weak key", weak, func(i *crookedIssuer) {
			i.answer(discoveryPath, document)
			i.answer("/keys", keySet(t, jose.JSONWebKey{Key: &weak.PublicKey, KeyID: "k", Algorithm: "RS256", Use: "sig"}))
		}, "not available"},
		{"a key for encryption", key, func(i *crookedIssuer) {
			i.answer(discoveryPath, document)
			i.answer("/keys", keySet(t, jose.JSONWebKey{Key: &key.PublicKey, KeyID: "k", Use: "enc"}))
		}, "not available"},
	}
	for _, test := range cases {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			i := newCrookedIssuer(t)
			test.serve(i)
			v := newVerifierWith(t, authn.Config{Issuers: []string{i.url}, HTTPClient: i.client})
			token := rsaToken(t, test.key, i.url)
			_, err := v.Verify(t.Context(), token)
			if test.want == "" {
				if err != nil {
					t.Errorf("got %v, want nil", err)
				}
				return
			}
			wantRefused(t, err, token, test.want)
		})
	}
}

func keySet(t *testing.T, keys ...jose.JSONWebKey) string {
	t.Helper()
	set, err := json.Marshal(jose.JSONWebKeySet{Keys: keys})
	if err != nil {
		t.Fatal(err)
	}
	return string(set)
}

// rsaToken is a good token of the issuer under the key id k. go-jose signs with a weak key too.
func rsaToken(t *testing.T, key *rsa.PrivateKey, issuer string) string {
	t.Helper()
	signer, err := jose.NewSigner(jose.SigningKey{Algorithm: jose.RS256, Key: key}, (&jose.SignerOptions{}).WithHeader("kid", "k"))
	if err != nil {
		t.Fatal(err)
	}
	jws, err := signer.Sign(fmt.Appendf(nil, `{"iss":%q,"aud":"lockstep","exp":%d,"sub":%q,"tenant_id":%q}`,
		issuer, time.Now().Add(time.Hour).Unix(), someUser, someTenant))
	if err != nil {
		t.Fatal(err)
	}
	token, err := jws.CompactSerialize()
	if err != nil {
		t.Fatal(err)
	}
	return token
}
