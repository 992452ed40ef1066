package api_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/lockstep-dev/lockstep/internal/api"
)

func TestHeadIsLimited(t *testing.T) {
	t.Parallel()
	s := newStack(t)
	long := strings.Repeat("x", 17<<10)
	for _, c := range []call{
		{name: "URL", path: "/v1/users?q=" + long[:9<<10], status: 414, code: "url_too_long"},
		{name: "one header", path: "/v1/users", header: map[string]string{"X-Long": long}, status: 431, code: "headers_too_large"},
		{name: "headers together", path: "/v1/users", header: map[string]string{"X-A": long[:9<<10], "X-B": long[:9<<10]}, status: 431, code: "headers_too_large"},
		{name: "outside of the contract", path: "/docs?q=" + long[:9<<10], status: 414, code: "url_too_long"},
		{name: "large and good", path: "/v1/users", header: map[string]string{"X-A": long[:12<<10]}, status: 200},
	} {
		t.Run(c.name, func(t *testing.T) {
			c.token = s.acme.admin.token
			s.check(t, c)
		})
	}
}

// TestDeepJSONIsRefused nests as deep as the body's limit allows, where a parser that recurses has nothing left to stand on.
func TestDeepJSONIsRefused(t *testing.T) {
	t.Parallel()
	direct := newStack(t)
	s := direct.replica(t, direct.appURL, "", func(c *api.Config) { c.MaxBody = 4 << 20 })
	before := s.fingerprint(t)
	const depth = 100_000
	arrays := strings.Repeat("[", depth) + strings.Repeat("]", depth)
	objects := strings.Repeat(`{"a":`, depth) + "1" + strings.Repeat("}", depth)
	for name, nested := range map[string]string{"arrays": arrays, "objects": objects, "unclosed": arrays[:depth]} {
		for where, body := range map[string]string{
			"as the body":         nested,
			"in a field":          `{"displayName": "D", "email": ` + nested + `}`,
			"in an unknown field": `{"displayName": "D", "email": "e@example.com", "unknown": ` + nested + `}`,
		} {
			for _, method := range []string{"POST", "PATCH"} {
				t.Run(name+" "+where+" of a "+method, func(t *testing.T) {
					c := call{method: method, path: "/v1/users", token: s.acme.admin.token, body: body}
					if method == "PATCH" {
						c.path += "/" + s.acme.member.id.String()
					}
					got := s.do(t, c)
					if got.status != 400 && got.status != 422 {
						t.Errorf("got status %d, want 400 or 422\n%.300s", got.status, got.text)
					}
					checkProblem(t, c, got)
				})
			}
		}
	}
	if s.fingerprint(t) != before {
		t.Error("a refused body was written")
	}
}

func TestPageSizeIsLimited(t *testing.T) {
	t.Parallel()
	s := newStack(t)
	for _, limit := range []string{"0", "-1", "201", "99999999999999999999", "1e3", "", "all"} {
		t.Run(limit, func(t *testing.T) {
			s.check(t, call{path: "/v1/users?limit=" + limit, token: s.acme.admin.token, status: 400, code: "invalid_parameter", pointer: "?limit"})
		})
	}
	s.check(t, call{path: "/v1/users?limit=200", token: s.acme.admin.token, status: 200})
}

// TestRequestsHaveADeadline has a change wait for a row that somebody else keeps locked.
func TestRequestsHaveADeadline(t *testing.T) {
	t.Parallel()
	direct := newStack(t)
	s := direct.replica(t, direct.appURL, "", func(c *api.Config) { c.RequestTimeout = 3 * time.Second })
	path := "/v1/users/" + s.acme.member.id.String()
	eventually(t, "the issuer's keys are there", func() bool { // fetching them is part of a request's time
		return s.do(t, call{path: path, token: s.acme.admin.token}).status == 200
	})
	lock, err := s.owner.Begin(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if _, err := lock.Exec(t.Context(), `SELECT FROM core.users WHERE id = $1 FOR UPDATE`, s.acme.member.id); err != nil {
		t.Fatal(err)
	}
	s.check(t, call{method: "PATCH", path: path, token: s.acme.admin.token, body: `{"displayName": "Late"}`, status: 504, code: "timeout"})
	if err := lock.Rollback(t.Context()); err != nil {
		t.Fatal(err)
	}
	if n := s.count(t, `SELECT count(*) FROM core.users WHERE display_name = 'Late'`); n != 0 {
		t.Error("the change that was given up was made")
	}
	direct.check(t, call{path: path, token: s.acme.admin.token, status: 200, want: fmt.Sprintf(`{"id": %q, "displayName": "Max Member"}`, s.acme.member.id)})
}
