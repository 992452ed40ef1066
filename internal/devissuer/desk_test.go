package devissuer_test

import (
	"context"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/coreos/go-oidc/v3/oidc"
	"github.com/google/uuid"

	"github.com/lockstep-dev/lockstep/internal/devissuer"
)

const (
	callback = "http://127.0.0.1:3000/auth/callback"
	verifier = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"
)

// desk is an issuer with one client, two people and a clock to turn.
type desk struct {
	*devissuer.Issuer
	now    time.Time
	people []devissuer.Person
}

func newDesk(t *testing.T) *desk {
	t.Helper()
	tenant := uuid.New()
	d := &desk{now: time.Now(), people: []devissuer.Person{
		{TenantID: tenant, Tenant: "Acme", UserID: uuid.New(), Name: "Ada <Admin>", Email: "ada@acme.example", Roles: []string{"Administrator"}},
		{TenantID: tenant, Tenant: "Acme", UserID: uuid.New(), Name: "Bob"},
	}}
	d.Issuer = newIssuer(t, devissuer.Options{
		Clients: []devissuer.Client{
			{ID: "web", RedirectURIs: []string{callback}, SignedOutURIs: []string{"http://127.0.0.1:3000/sign-in"}},
			{ID: "other", RedirectURIs: []string{callback}},
		},
		People: func(context.Context) ([]devissuer.Person, error) { return d.people, nil },
		Clock:  func() time.Time { return d.now },
	})
	return d
}

// asked is a good authorization request, with changes: an empty value leaves a parameter out.
func asked(changes ...string) url.Values {
	sum := sha256.Sum256([]byte(verifier))
	v := url.Values{
		"client_id": {"web"}, "redirect_uri": {callback}, "response_type": {"code"}, "scope": {"openid profile"}, "state": {"s1"},
		"nonce": {"n1"}, "code_challenge_method": {"S256"}, "code_challenge": {base64.RawURLEncoding.EncodeToString(sum[:])},
	}
	set(v, changes)
	return v
}

func set(v url.Values, changes []string) {
	for n := 0; n < len(changes); n += 2 {
		v.Set(changes[n], changes[n+1])
		if changes[n+1] == "" {
			v.Del(changes[n])
		}
	}
}

func (d *desk) send(method, path string, form url.Values, headers ...string) *httptest.ResponseRecorder {
	w := httptest.NewRecorder()
	target, body := d.URL()+path, ""
	if method == http.MethodPost {
		body = form.Encode()
	} else {
		target += "?" + form.Encode()
	}
	r := httptest.NewRequest(method, target, strings.NewReader(body))
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	for n := 0; n < len(headers); n += 2 {
		r.Header.Set(headers[n], headers[n+1])
	}
	d.ServeHTTP(w, r)
	return w
}

// code signs the first person in and returns the code.
func (d *desk) code(t *testing.T) string {
	t.Helper()
	form := asked("person", d.people[0].UserID.String())
	location := redirected(t, d.send(http.MethodPost, "/authorize", form))
	if location.Get("state") != "s1" || location.Get("iss") != d.URL() || location.Get("code") == "" {
		t.Fatalf("got %v, want a code with state and iss", location)
	}
	return location.Get("code")
}

// redirected returns the parameters the client is sent.
func redirected(t *testing.T, w *httptest.ResponseRecorder) url.Values {
	t.Helper()
	location, err := w.Result().Location()
	if err != nil || w.Code != http.StatusSeeOther || !strings.HasPrefix(location.String(), callback) {
		t.Fatalf("got status %d and location %v, want a redirect to the client: %s", w.Code, location, w.Body)
	}
	return location.Query()
}

type tokens struct {
	Access  string `json:"access_token"`
	Refresh string `json:"refresh_token"`
	ID      string `json:"id_token"`
	Error   string `json:"error"`
}

func (d *desk) exchange(t *testing.T, changes ...string) tokens {
	t.Helper()
	form := url.Values{"client_id": {"web"}, "grant_type": {"authorization_code"}, "redirect_uri": {callback}, "code_verifier": {verifier}}
	set(form, changes)
	w := d.send(http.MethodPost, "/token", form)
	var got tokens
	if err := json.Unmarshal(w.Body.Bytes(), &got); err != nil {
		t.Fatalf("read %s: %v", w.Body, err)
	}
	if got.Error == "" != (w.Code == http.StatusOK) || w.Header().Get("Cache-Control") != "no-store" {
		t.Errorf("got status %d and headers %v for %s", w.Code, w.Header(), w.Body)
	}
	return got
}

func (d *desk) renew(t *testing.T, refresh string, changes ...string) tokens {
	t.Helper()
	return d.exchange(t, append([]string{"grant_type", "refresh_token", "refresh_token", refresh}, changes...)...)
}

func (d *desk) claims(t *testing.T, token, audience string) map[string]any {
	t.Helper()
	keys := oidc.NewRemoteKeySet(oidc.ClientContext(t.Context(), &http.Client{Transport: served{d}}), d.URL()+"/keys")
	verified, err := oidc.NewVerifier(d.URL(), keys, &oidc.Config{ClientID: audience, SupportedSigningAlgs: []string{"ES256"}}).Verify(t.Context(), token)
	if err != nil {
		t.Fatal(err)
	}
	var claims map[string]any
	if err := verified.Claims(&claims); err != nil {
		t.Fatal(err)
	}
	return claims
}

// served sends requests to a handler without a network.
type served struct{ http.Handler }

func (s served) RoundTrip(r *http.Request) (*http.Response, error) {
	w := httptest.NewRecorder()
	r.Host = r.URL.Host
	s.ServeHTTP(w, r)
	return w.Result(), nil
}
