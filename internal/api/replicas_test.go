package api_test

import (
	"context"
	"fmt"
	"net/http"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"github.com/lockstep-dev/lockstep/internal/devissuer"
	"github.com/lockstep-dev/lockstep/internal/pgproxy"
)

// elsewhere is how long a change may take to be obeyed by a process that did not make it.
const elsewhere = 2 * time.Second

// team is a tenant's reader, who may list roles by a role that gives nothing else, and a person who may not.
type team struct {
	reader, other person
	role, grant   uuid.UUID
}

func (s *stack) addTeam(t *testing.T) team {
	t.Helper()
	out := team{role: s.addRole(t, s.acme.id, "Reader "+newID().String(), "roles:read")}
	out.reader = s.addUser(t, s.acme.id, newID().String()+"@example.com", "Reader", nil, out.role)
	out.other = s.addUser(t, s.acme.id, newID().String()+"@example.com", "Other", nil)
	if err := s.owner.QueryRow(t.Context(), `SELECT id FROM core.user_roles WHERE user_id = $1`, out.reader.id).Scan(&out.grant); err != nil {
		t.Fatal(err)
	}
	return out
}

// change is something done to a team that turns the answer to one of its members' requests from one status to another.
type change struct {
	name     string
	call     func(s *stack, m team) call
	who      func(m team) person
	from, to int
}

func reader(m team) person { return m.reader }
func other(m team) person  { return m.other }

var changes = []change{
	{name: "a grant is taken", who: reader, from: 200, to: 403, call: func(s *stack, m team) call {
		return call{method: "DELETE", path: "/v1/user-roles/" + m.grant.String(), token: s.acme.admin.token, status: 204}
	}},
	{name: "a grant is given", who: other, from: 403, to: 200, call: func(s *stack, m team) call {
		return call{method: "POST", path: "/v1/user-roles", token: s.acme.admin.token, status: 201, body: fmt.Sprintf(`{"userId": %q, "roleId": %q}`, m.other.id, m.role)}
	}},
	{name: "a role is changed", who: reader, from: 200, to: 403, call: func(s *stack, m team) call {
		return call{method: "PATCH", path: "/v1/roles/" + m.role.String(), token: s.acme.admin.token, status: 200, body: `{"permissions": ["users:read"]}`}
	}},
	{name: "a user is deactivated", who: reader, from: 200, to: 403, call: func(s *stack, m team) call {
		return call{method: "PATCH", path: "/v1/users/" + m.reader.id.String(), token: s.acme.admin.token, status: 200, body: `{"status": "inactive"}`}
	}},
	{name: "a user is deleted", who: other, from: 403, to: 401, call: func(s *stack, m team) call {
		return call{method: "DELETE", path: "/v1/users/" + m.other.id.String(), token: s.acme.admin.token, status: 204}
	}},
	{name: "the tenant is suspended", who: reader, from: 200, to: 403, call: func(s *stack, _ team) call {
		return call{method: "PATCH", path: "/v1/tenants/" + s.acme.id.String(), token: s.platform, status: 200, body: `{"status": "suspended"}`}
	}},
}

// roles is the status of the person's request for the roles.
func (s *stack) roles(t *testing.T, who person) int {
	t.Helper()
	return s.do(t, call{path: "/v1/roles", token: who.token}).status
}

// obeyed makes the change in one process: it obeys in its next answer, and the others soon. A machine too busy to ask in
// time proves less; it does not fail.
func obeyed(t *testing.T, here *stack, there []*stack, m team, c change) {
	t.Helper()
	for i, s := range append([]*stack{here}, there...) {
		if got := s.roles(t, c.who(m)); got != c.from {
			t.Fatalf("process %d before the change: got status %d, want %d", i, got, c.from)
		}
	}
	here.check(t, c.call(here, m))
	changed := time.Now()
	if got := here.roles(t, c.who(m)); got != c.to {
		t.Errorf("right after the change in the process that made it: got status %d, want %d", got, c.to)
	}
	for i, s := range there {
		for {
			asked := time.Since(changed)
			got := s.roles(t, c.who(m))
			if got == c.to {
				break
			}
			if asked > elsewhere {
				t.Errorf("process %d, asked %s after the change: got status %d, want %d", i+1, asked, got, c.to)
				break
			}
		}
	}
}

func TestChangesAreObeyedByEveryProcess(t *testing.T) {
	t.Parallel()
	for _, c := range changes {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			here := newStack(t)
			there := []*stack{
				here.replica(t, here.appURL, here.appURL),
				here.replica(t, here.appURL, ""), // behind a pooler, and no way past it
			}
			m := here.addTeam(t)
			waitUntilHearing(t, here, there[0])
			obeyed(t, here, there, m, c)
		})
	}
}

// TestChangesAreObeyedWhenTheConnectionIsLost loses the listening connection in each way just before the change.
func TestChangesAreObeyedWhenTheConnectionIsLost(t *testing.T) {
	t.Parallel()
	for name, lose := range map[string]func(*testing.T, *stack, *pgproxy.Proxy){
		"it is closed": func(t *testing.T, s *stack, _ *pgproxy.Proxy) {
			execAs(t, s.appURL, `SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND application_name = 'lockstep-listener'`)
		},
		"it hangs": func(_ *testing.T, _ *stack, wire *pgproxy.Proxy) { wire.Hang() },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			here := newStack(t)
			wire := pgproxy.New(t, here.appURL)
			there := here.replica(t, here.appURL, wire.URL)
			for round, c := range changes[:4] {
				m := here.addTeam(t)
				waitUntilHearing(t, here, there)
				t.Logf("round %d: %s", round, c.name)
				if got := there.roles(t, c.who(m)); got != c.from {
					t.Fatalf("before: got status %d, want %d", got, c.from)
				}
				lose(t, here, wire)
				obeyed(t, here, []*stack{there}, m, c)
				wire.Resume()
			}
		})
	}
}

// execAs runs a statement on a connection of its own: only core_app may end core_app's connections.
func execAs(t *testing.T, url, sql string) {
	t.Helper()
	conn, err := pgx.Connect(t.Context(), url)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = conn.Close(context.Background()) }()
	if _, err := conn.Exec(t.Context(), sql); err != nil {
		t.Fatalf("%s: %v", sql, err)
	}
}

func waitUntilHearing(t *testing.T, stacks ...*stack) {
	t.Helper()
	for _, s := range stacks {
		eventually(t, "grants are heard", s.grants.Hears)
	}
}

// eventually fails the test unless what is said becomes true.
func eventually(t *testing.T, what string, is func() bool) {
	t.Helper()
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	timeout := time.After(3 * time.Minute)
	for !is() {
		select {
		case <-tick.C:
		case <-timeout:
			t.Fatalf("waited in vain until %s", what)
		}
	}
}

// TestASuspendedTenantIsToldSo asks with a person's and a service's token, and lifts the suspension.
func TestASuspendedTenantIsToldSo(t *testing.T) {
	t.Parallel()
	s := newStack(t)
	service := s.token(t, devissuer.TokenRequest{TenantID: s.acme.id, ClientID: "billing", Scopes: []string{"users:read"}})
	set := func(status string) {
		s.check(t, call{method: http.MethodPatch, path: "/v1/tenants/" + s.acme.id.String(), token: s.platform, status: 200, body: `{"status": "` + status + `"}`})
	}
	for _, token := range []string{service, s.acme.admin.token} {
		s.check(t, call{path: "/v1/users", token: token, status: 200})
	}
	set("suspended")
	for _, token := range []string{service, s.acme.admin.token} {
		s.check(t, call{path: "/v1/users", token: token, status: 403, code: "tenant_suspended"})
	}
	s.check(t, call{path: "/v1/users", token: s.globex.admin.token, status: 200})
	set("active")
	for _, token := range []string{service, s.acme.admin.token} {
		s.check(t, call{path: "/v1/users", token: token, status: 200})
	}
}
