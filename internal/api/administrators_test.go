package api_test

import (
	"fmt"
	"testing"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
)

// administrator is one by a role of its own.
type administrator struct {
	person
	role, grant uuid.UUID
}

func (s *stack) addAdministrator(t *testing.T) administrator {
	t.Helper()
	a := administrator{role: s.addRole(t, s.acme.id, "Administrator "+newID().String(), "*")}
	a.person = s.addUser(t, s.acme.id, newID().String()+"@example.com", "Administrator", nil, a.role)
	if err := s.owner.QueryRow(t.Context(), `SELECT id FROM core.user_roles WHERE user_id = $1`, a.id).Scan(&a.grant); err != nil {
		t.Fatal(err)
	}
	return a
}

// removals are the ways in which somebody stops being an administrator. Those that Postgres refuses, because other rows
// refer to the row, count all the same: what refers to it could be cleared along with it one day.
var removals = map[string]func(administrator) call{
	"deactivate": func(a administrator) call {
		return call{method: "PATCH", path: "/v1/users/" + a.id.String(), body: `{"status": "inactive"}`}
	},
	"the operation deactivate": func(a administrator) call {
		return call{method: "POST", path: "/v1/users/" + a.id.String() + "/deactivate"}
	},
	"take the grant":  func(a administrator) call { return call{method: "DELETE", path: "/v1/user-roles/" + a.grant.String()} },
	"delete the user": func(a administrator) call { return call{method: "DELETE", path: "/v1/users/" + a.id.String()} },
	"delete the role": func(a administrator) call { return call{method: "DELETE", path: "/v1/roles/" + a.role.String()} },
	"weaken the role": func(a administrator) call {
		return call{method: "PATCH", path: "/v1/roles/" + a.role.String(), body: `{"permissions": []}`}
	},
}

const administrators = `SELECT count(DISTINCT u.id) FROM core.users u JOIN core.user_roles g ON g.user_id = u.id JOIN core.roles r ON r.id = g.role_id
	WHERE u.tenant_id = $1 AND u.status = 'active' AND '*' = ANY (r.permissions)`

// TestTwoAdministratorsCannotRemoveEachOther lets two requests race, each of which is fine alone, in every pair of ways. At
// their commits both linger, so that neither could see what the other has done.
func TestTwoAdministratorsCannotRemoveEachOther(t *testing.T) {
	t.Parallel()
	for name, one := range removals {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newStack(t)
			s.exec(t, `DELETE FROM core.user_roles WHERE role_id = $1`, s.acme.adminRole)
			s.exec(t, `CREATE FUNCTION linger() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN PERFORM pg_sleep(0.1); RETURN NULL; END'`)
			for _, table := range []string{"users", "user_roles", "roles"} {
				s.exec(t, `CREATE CONSTRAINT TRIGGER linger AFTER UPDATE OR DELETE ON core.`+table+` DEFERRABLE INITIALLY DEFERRED FOR EACH ROW WHEN (current_user = 'core_app') EXECUTE FUNCTION linger()`)
			}
			for name, other := range removals {
				s.exec(t, `UPDATE core.users SET status = 'inactive'`)
				a, b := s.addAdministrator(t), s.addAdministrator(t)
				first, second := one(b), other(a)
				first.token, second.token = a.token, b.token
				statuses := make(chan int, 2)
				for _, c := range []call{first, second} {
					go func() { statuses <- s.do(t, c).status }()
				}
				x, y := <-statuses, <-statuses
				if n := s.count(t, administrators, s.acme.id); n == 0 {
					t.Errorf("and %s: answers %d and %d left no administrator", name, x, y)
				}
			}
		})
	}
}

// TestTheOnlyAdministratorStays has the administrator remove itself in every way.
func TestTheOnlyAdministratorStays(t *testing.T) {
	t.Parallel()
	s := newStack(t)
	s.exec(t, `DELETE FROM core.user_roles WHERE role_id = $1`, s.acme.adminRole)
	only := s.addAdministrator(t)
	before := s.fingerprint(t)
	for name, remove := range removals {
		t.Run(name, func(t *testing.T) {
			c := remove(only)
			c.token, c.status = only.token, 409
			s.check(t, c)
		})
	}
	if s.fingerprint(t) != before {
		t.Error("a refused change was written")
	}
}

// TestAPermissionThatIsTakenAwayDoesNotComeBack has somebody keep a permission in a role, which they may, while somebody
// else takes it out.
func TestAPermissionThatIsTakenAwayDoesNotComeBack(t *testing.T) {
	t.Parallel()
	s := newStack(t)
	desk := helpDesk(t, s)
	role := s.addRole(t, s.acme.id, "Strong", "users:read", "users:read_pii")
	conn, err := pgx.ConnectConfig(t.Context(), s.owner.Config())
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = conn.Close(t.Context()) }()
	elsewhere, err := conn.Begin(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if _, err := elsewhere.Exec(t.Context(), `UPDATE core.roles SET permissions = '{users:read}' WHERE id = $1`, role); err != nil {
		t.Fatal(err)
	}
	answered := make(chan answer, 1)
	go func() {
		answered <- s.do(t, call{method: "PATCH", path: "/v1/roles/" + role.String(), token: desk.token, body: `{"permissions": ["users:read", "users:read_pii"]}`})
	}()
	eventually(t, "the request waits for the role", func() bool {
		return s.count(t, `SELECT count(*) FROM pg_locks l JOIN pg_stat_activity a USING (pid) WHERE a.datname = current_database() AND NOT l.granted`) > 0
	})
	if err := elsewhere.Commit(t.Context()); err != nil {
		t.Fatal(err)
	}
	if got := <-answered; got.status != 403 {
		t.Errorf("got status %d, want 403\n%s", got.status, got.text)
	}
	if n := s.count(t, `SELECT count(*) FROM core.roles WHERE id = $1 AND 'users:read_pii' = ANY (permissions)`, role); n != 0 {
		t.Error("the permission came back")
	}
}

// TestRowsCanBeAddedWhileAdministratorsAreCounted deactivates a user while a row of the tenant is being added. A lock on the
// tenant that stops new rows would wait for it, and for a grant, which holds the role that a change may need, forever.
func TestRowsCanBeAddedWhileAdministratorsAreCounted(t *testing.T) {
	t.Parallel()
	s := newStack(t)
	conn, err := pgx.ConnectConfig(t.Context(), s.owner.Config())
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = conn.Close(t.Context()) }()
	adding, err := conn.Begin(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if _, err := adding.Exec(t.Context(), `INSERT INTO core.roles (tenant_id, id, name, permissions, created_at, updated_at) VALUES ($1, $2, 'New', '{}', now(), now())`, s.acme.id, newID()); err != nil {
		t.Fatal(err)
	}
	s.check(t, call{method: "PATCH", path: fmt.Sprint("/v1/users/", s.acme.member.id), token: s.acme.admin.token, status: 200, body: `{"status": "inactive"}`})
	if err := adding.Rollback(t.Context()); err != nil {
		t.Fatal(err)
	}
}
