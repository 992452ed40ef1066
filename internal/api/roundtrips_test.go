package api_test

import (
	"fmt"
	"testing"

	"github.com/lockstep-dev/lockstep/internal/pgproxy"
)

// TestRoundTrips counts on the wire how often a request waits for Postgres: tenant, permissions, row and expansions of a
// read are one round trip, under row-level security. What is counted is the second request of each kind: the first one
// prepares its statements and reads the caller's grants.
func TestRoundTrips(t *testing.T) {
	t.Parallel()
	direct := newStack(t)
	wire := pgproxy.New(t, direct.appURL)
	s := direct.replica(t, wire.URL, direct.appURL)
	waitUntilHearing(t, s)
	acme := s.acme
	counted := func(name string, want int64, next func() call) {
		t.Helper()
		if got := wire.Counted(func() { s.check(t, next()) }); got != want {
			t.Errorf("%s: got %d round trips, want %d", name, got, want)
		}
	}
	user := "/v1/users/" + acme.manager.id.String()
	withEverything := fmt.Sprintf(`{"id": %q, "email": "manager@example.com"}`, acme.manager.id)
	counted("a user with roles and managed users", 1, func() call {
		return call{path: user, token: acme.admin.token, status: 200, want: withEverything}
	})
	counted("the same, of one who may see it as its own only", 1, func() call {
		return call{path: "/v1/users/" + acme.member.id.String(), token: acme.member.token, status: 200}
	})
	counted("a user of another tenant", 1, func() call {
		return call{path: "/v1/users/" + s.globex.member.id.String(), token: acme.admin.token, status: 404}
	})
	counted("a new user", 1, func() call {
		return call{method: "POST", path: "/v1/users", token: acme.admin.token, status: 201,
			body: fmt.Sprintf(`{"email": "%s@example.com", "displayName": "N"}`, newID())}
	})
	counted("a user one may not create", 0, func() call {
		return call{method: "POST", path: "/v1/users", token: acme.member.token, status: 403,
			body: `{"email": "x@example.com", "displayName": "N"}`}
	})
	ours := s.addSamples(t, acme)
	waitUntilHearing(t, s)
	for _, op := range generatedOperations() {
		if op.Method != "GET" {
			continue
		}
		c := ours.request(op, ours[op.Resource])
		c.token, c.status = acme.admin.token, 200
		if !op.TenantOwned {
			c = ours.request(op, acme.id.String())
			c.token, c.status = s.platform, 200
		}
		counted(op.ID, 1, func() call { return c })
	}
	// BEGIN goes with the first statement; then the row as it is now, and COMMIT.
	counted("a changed user", 3, func() call {
		return call{method: "PATCH", path: user, token: acme.admin.token, status: 200, body: `{"displayName": "Mara"}`}
	})
}
