package devissuer_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/uuid"
)

func TestSignIn(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	page := d.send(http.MethodGet, "/authorize", asked("state", `"><script>`))
	if page.Code != http.StatusOK || strings.Contains(page.Body.String(), "<script>") || !strings.Contains(page.Body.String(), "Ada &lt;Admin&gt;") {
		t.Errorf("got status %d and %s, want a page with everything escaped", page.Code, page.Body)
	}
	got := d.exchange(t, "code", d.code(t))
	id, access := d.claims(t, got.ID, "web"), d.claims(t, got.Access, "lockstep")
	ada := d.people[0]
	for claim, want := range map[string]any{"sub": ada.UserID.String(), "nonce": "n1", "name": ada.Name, "email": ada.Email, "tenant_id": ada.TenantID.String()} {
		if diff := cmp.Diff(want, id[claim]); diff != "" {
			t.Errorf("ID token, %s: -want +got:\n%s", claim, diff)
		}
	}
	for claim, want := range map[string]any{"sub": ada.UserID.String(), "tenant_id": ada.TenantID.String(), "sid": id["sid"]} {
		if diff := cmp.Diff(want, access[claim]); diff != "" {
			t.Errorf("access token, %s: -want +got:\n%s", claim, diff)
		}
	}
}

func TestAuthorizeRefuses(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	person := d.people[0].UserID.String()
	t.Run("without a redirect", func(t *testing.T) {
		t.Parallel()
		for _, changes := range [][]string{
			{"client_id", "unknown"},
			{"client_id", ""},
			{"redirect_uri", "http://evil.example/"},
			{"redirect_uri", callback + "/"},
			{"redirect_uri", callback + "?next=http://evil.example"},
			{"redirect_uri", ""},
		} {
			for _, method := range []string{http.MethodGet, http.MethodPost} {
				w := d.send(method, "/authorize", asked(append(changes, "person", person)...))
				if w.Code != http.StatusBadRequest || w.Header().Get("Location") != "" {
					t.Errorf("%s, %v: got status %d and location %q, want 400 and none", method, changes, w.Code, w.Header().Get("Location"))
				}
			}
		}
		for _, person := range []string{uuid.NewString(), "7"} {
			if w := d.send(http.MethodPost, "/authorize", asked("person", person)); w.Code != http.StatusBadRequest {
				t.Errorf("as %s: got status %d, want 400", person, w.Code)
			}
		}
	})
	t.Run("at the client", func(t *testing.T) {
		t.Parallel()
		for want, changes := range map[string][]string{
			"unsupported_response_type": {"response_type", "token"},
			"invalid_scope":             {"scope", "profile"},
			"invalid_request":           {"code_challenge", ""},
			"login_required":            {"prompt", "none"},
		} {
			if got := redirected(t, d.send(http.MethodGet, "/authorize", asked(changes...))); got.Get("error") != want || got.Get("state") != "s1" {
				t.Errorf("%v: got %v, want %s", changes, got, want)
			}
			if got := redirected(t, d.send(http.MethodPost, "/authorize", asked(append(changes, "person", person)...))); got.Get("error") != want {
				t.Errorf("POST, %v: got %v, want %s", changes, got, want)
			}
		}
		if got := redirected(t, d.send(http.MethodGet, "/authorize", asked("code_challenge_method", "plain"))); got.Get("error") != "invalid_request" {
			t.Errorf("plain challenge: got %v, want invalid_request", got)
		}
		if got := redirected(t, d.send(http.MethodPost, "/authorize", asked("person", ""))); got.Get("error") != "access_denied" {
			t.Errorf("cancelled: got %v, want access_denied", got)
		}
	})
	t.Run("a form that another site sends", func(t *testing.T) {
		t.Parallel()
		w := d.send(http.MethodPost, "/authorize", asked("person", person), "Sec-Fetch-Site", "cross-site")
		if w.Code != http.StatusForbidden {
			t.Errorf("got status %d, want 403", w.Code)
		}
	})
}

func TestCode(t *testing.T) {
	t.Parallel()
	for name, changes := range map[string][]string{
		"wrong verifier":     {"code_verifier", "x" + verifier},
		"no verifier":        {"code_verifier", ""},
		"another client":     {"client_id", "other"},
		"another redirect":   {"redirect_uri", "http://127.0.0.1:3000/"},
		"not a code":         {"code", "nonsense"},
		"a client not known": {"client_id", "unknown"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			d := newDesk(t)
			code := d.code(t)
			if got := d.exchange(t, append([]string{"code", code}, changes...)...); !strings.HasPrefix(got.Error, "invalid_") || got.Access != "" {
				t.Errorf("got %+v, want invalid_grant", got)
			}
		})
	}
	t.Run("too late", func(t *testing.T) {
		t.Parallel()
		d := newDesk(t)
		code := d.code(t)
		d.now = d.now.Add(61 * time.Second)
		if got := d.exchange(t, "code", code); got.Error != "invalid_grant" {
			t.Errorf("got %+v, want invalid_grant", got)
		}
	})
	t.Run("twice, which revokes what it gave", func(t *testing.T) {
		t.Parallel()
		d := newDesk(t)
		code := d.code(t)
		first := d.exchange(t, "code", code)
		if got := d.exchange(t, "code", code); got.Error != "invalid_grant" {
			t.Errorf("got %+v, want invalid_grant", got)
		}
		if got := d.renew(t, first.Refresh); got.Error != "invalid_grant" {
			t.Errorf("refresh token of a leaked code: got %+v, want invalid_grant", got)
		}
	})
}

func TestRefresh(t *testing.T) {
	t.Parallel()
	t.Run("rotates, and a token that comes twice ends the sign-in", func(t *testing.T) {
		t.Parallel()
		d := newDesk(t)
		first := d.exchange(t, "code", d.code(t))
		second := d.renew(t, first.Refresh)
		if second.Error != "" || second.Refresh == first.Refresh {
			t.Fatalf("got %+v, want another refresh token", second)
		}
		if got := d.claims(t, second.Access, "lockstep")["sub"]; got != d.people[0].UserID.String() {
			t.Errorf("got sub %v", got)
		}
		if got := d.renew(t, first.Refresh); got.Error != "invalid_grant" {
			t.Errorf("a spent token: got %+v, want invalid_grant", got)
		}
		if got := d.renew(t, second.Refresh); got.Error != "invalid_grant" {
			t.Errorf("the token after it: got %+v, want invalid_grant", got)
		}
	})
	t.Run("of another client", func(t *testing.T) {
		t.Parallel()
		d := newDesk(t)
		first := d.exchange(t, "code", d.code(t))
		if got := d.renew(t, first.Refresh, "client_id", "other"); got.Error != "invalid_grant" {
			t.Errorf("got %+v, want invalid_grant", got)
		}
	})
	t.Run("of somebody who may not sign in any more", func(t *testing.T) {
		t.Parallel()
		d := newDesk(t)
		first := d.exchange(t, "code", d.code(t))
		d.people = d.people[1:]
		if got := d.renew(t, first.Refresh); got.Error != "invalid_grant" {
			t.Errorf("got %+v, want invalid_grant", got)
		}
	})
	t.Run("of yesterday", func(t *testing.T) {
		t.Parallel()
		d := newDesk(t)
		first := d.exchange(t, "code", d.code(t))
		d.now = d.now.Add(24 * time.Hour)
		if got := d.renew(t, first.Refresh); got.Error != "invalid_grant" {
			t.Errorf("got %+v, want invalid_grant", got)
		}
	})
}

func TestEndSession(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	given := d.exchange(t, "code", d.code(t))
	elsewhere := url.Values{"id_token_hint": {given.ID}, "post_logout_redirect_uri": {"http://evil.example/"}}
	if w := d.send(http.MethodGet, "/end-session", elsewhere); w.Code != http.StatusBadRequest || w.Header().Get("Location") != "" {
		t.Errorf("to a URI that is not registered: got status %d, want 400", w.Code)
	}
	w := d.send(http.MethodGet, "/end-session", url.Values{
		"id_token_hint": {given.ID}, "post_logout_redirect_uri": {"http://127.0.0.1:3000/sign-in"}, "state": {"s2"},
	})
	if got, want := w.Header().Get("Location"), "http://127.0.0.1:3000/sign-in?state=s2"; got != want {
		t.Errorf("got location %q, want %q", got, want)
	}
	if got := d.renew(t, given.Refresh); got.Error != "invalid_grant" {
		t.Errorf("the refresh token after it: got %+v, want invalid_grant", got)
	}
	stranger := newDesk(t)
	foreign := stranger.exchange(t, "code", stranger.code(t))
	if w := d.send(http.MethodGet, "/end-session", url.Values{"id_token_hint": {foreign.ID}}); w.Code != http.StatusBadRequest {
		t.Errorf("with another issuer's token: got status %d, want 400", w.Code)
	}
}
