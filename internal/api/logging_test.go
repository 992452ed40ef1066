package api_test

import (
	"bufio"
	"encoding/json"
	"log/slog"
	"strings"
	"testing"

	"github.com/lockstep-dev/lockstep/internal/api"
	"github.com/lockstep-dev/lockstep/internal/authn"
)

// TestEveryLineSaysWhose has requests logged at each exit, a failure of the database among them.
func TestEveryLineSaysWhose(t *testing.T) {
	t.Parallel()
	direct := newStack(t)
	log := &logged{}
	s := direct.replica(t, direct.appURL, "", func(c *api.Config) { c.Logger = slog.New(slog.NewJSONHandler(log, nil)) })
	s.exec(t, `ALTER TABLE core.roles RENAME COLUMN description TO explanation`)
	admin := s.acme.admin
	requests := map[string]bool{}
	for _, c := range []call{
		{path: "/v1/users", status: 200},
		{path: "/v1/user-roles/" + newID().String(), status: 404},
		{path: "/v1/nothing", status: 404},
		{path: "/v1/roles", status: 500, code: "internal"},
	} {
		c.token = admin.token
		requests[s.check(t, c).header.Get("X-Request-Id")] = c.path != "/v1/nothing" // nobody has looked at its token
	}
	s.check(t, call{path: "/v1/users", token: s.platform, status: 403})
	failures, lines := 0, bufio.NewScanner(strings.NewReader(log.String()))
	for lines.Scan() {
		var line struct {
			Msg, RequestID, TenantID, PrincipalID, PrincipalType, Permissions string
		}
		if err := json.Unmarshal(lines.Bytes(), &line); err != nil {
			t.Fatalf("%v: %s", err, lines.Text())
		}
		known, ours := requests[line.RequestID]
		switch {
		case !ours:
			if line.RequestID == "" || line.PrincipalID != "operator" || line.TenantID != "" {
				t.Errorf("got %s, want a line of the platform's request", lines.Text())
			}
		case known && (line.PrincipalID != admin.id.String() || line.TenantID != s.acme.id.String() || line.PrincipalType != "user" || line.Permissions != authn.Every):
			t.Errorf("got %s, want the caller, its tenant and its permissions", lines.Text())
		}
		if line.Msg == "request failed" {
			failures++
		}
		if n := strings.Count(lines.Text(), `"requestId"`); n != 1 {
			t.Errorf("got the request's id %d times: %s", n, lines.Text())
		}
	}
	if failures != 1 {
		t.Errorf("got %d lines on the failure, want 1:\n%s", failures, log.String())
	}
}
