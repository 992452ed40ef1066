package api_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/lockstep-dev/lockstep/internal/api"
)

const app = "https://app.example.com"

func allowing(origins ...string) func(*api.Config) {
	return func(c *api.Config) { c.Origins = origins }
}

// corsOf are the headers that a browser obeys.
func corsOf(a answer) map[string]string {
	out := map[string]string{}
	for name := range a.header {
		if strings.HasPrefix(name, "Access-Control-") {
			out[name] = a.header.Get(name)
		}
	}
	return out
}

func TestScriptsOfAllowedOrigins(t *testing.T) {
	t.Parallel()
	direct := newStack(t)
	s := direct.replica(t, direct.appURL, "", allowing("http://localhost:3000", app))
	preflight := map[string]string{"Origin": app, "Access-Control-Request-Method": "PATCH", "Access-Control-Request-Headers": "authorization,content-type,idempotency-key,if-match"}

	got := s.do(t, call{method: "OPTIONS", path: "/v1/users", header: preflight})
	if got.status != 204 && got.status != 200 {
		t.Errorf("preflight without a token: got status %d, want 204", got.status)
	}
	for name, want := range map[string]string{
		"Access-Control-Allow-Origin": app, "Access-Control-Allow-Credentials": "true", "Access-Control-Allow-Methods": "PATCH",
		"Access-Control-Allow-Headers": "authorization,content-type,idempotency-key,if-match", "Access-Control-Max-Age": "600",
	} {
		if value := got.header.Get(name); value != want {
			t.Errorf("preflight: got %s %q, want %q", name, value, want)
		}
	}
	for name, c := range map[string]call{
		"a read":    {path: "/v1/users/" + s.acme.member.id.String(), token: s.acme.admin.token, status: 200},
		"a refusal": {path: "/v1/users", status: 401},
		"no path":   {path: "/v1/nothing", token: s.acme.admin.token, status: 404},
	} {
		c.header = map[string]string{"Origin": app}
		got := s.do(t, c)
		if got.status != c.status {
			t.Errorf("%s: got status %d, want %d", name, got.status, c.status)
		}
		if got.header.Get("Access-Control-Allow-Origin") != app || got.header.Get("Access-Control-Allow-Credentials") != "true" {
			t.Errorf("%s: got %v, want the origin allowed with credentials", name, corsOf(got))
		}
		for _, exposed := range []string{"Etag", "Location", "X-Request-Id", "Www-Authenticate"} {
			if !strings.Contains(got.header.Get("Access-Control-Expose-Headers"), exposed) {
				t.Errorf("%s: got exposed headers %q, want %s among them", name, got.header.Get("Access-Control-Expose-Headers"), exposed)
			}
		}
		varies(t, name, got)
	}
}

// varies checks that a cache does not give one origin's answer to another.
func varies(t *testing.T, name string, a answer) {
	t.Helper()
	if !slices.Contains(a.header.Values("Vary"), "Origin") && !strings.Contains(strings.Join(a.header.Values("Vary"), ","), "Origin") {
		t.Errorf("%s: got Vary %q, want Origin", name, a.header.Values("Vary"))
	}
}

func TestScriptsOfOtherOrigins(t *testing.T) {
	t.Parallel()
	direct := newStack(t)
	closed := direct
	open := direct.replica(t, direct.appURL, "", allowing(app))
	for name, origin := range map[string]string{
		"another": "https://evil.example", "a suffix": "https://app.example.com.evil.example", "a prefix": "https://evil-app.example.com", "a subdomain": "https://x.app.example.com",
		"another scheme": "http://app.example.com", "another port": "https://app.example.com:8443", "null": "null", "in capitals": "HTTPS://APP.EXAMPLE.COM", "a path": app + "/",
	} {
		for kind, s := range map[string]*stack{"where one is allowed": open, "where none is": closed} {
			asking := origin
			if s == closed {
				asking = app
			}
			for _, method := range []string{"GET", "OPTIONS"} {
				got := s.do(t, call{method: method, path: "/v1/users", token: s.acme.admin.token,
					header: map[string]string{"Origin": asking, "Access-Control-Request-Method": "GET"}})
				// Without these two, a browser takes no notice of the others.
				for _, header := range []string{"Access-Control-Allow-Origin", "Access-Control-Allow-Credentials"} {
					if value, ok := corsOf(got)[header]; ok {
						t.Errorf("%s %s, %s: got %s %q, want none", method, name, kind, header, value)
					}
				}
				if s == open {
					varies(t, name, got)
				}
			}
		}
	}
}

func TestOriginsAreExact(t *testing.T) {
	t.Parallel()
	s := newStack(t)
	for _, origin := range []string{"*", "https://*.example.com", "https://app.example.com/", "https://app.example.com/path", "app.example.com", "null", "", "https://", "ftp://app.example.com", "https://App.example.com", "https://user@app.example.com"} {
		config := s.config
		config.Origins = []string{origin}
		_, err := api.New(config)
		if err == nil || !strings.Contains(err.Error(), "exact origin") {
			t.Errorf("%q: got %v, want a refusal", origin, err)
		}
	}
}
