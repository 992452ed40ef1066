package api_test

import (
	"fmt"
	"testing"

	"github.com/google/uuid"
)

// helpDesk may do everything with roles and grants, and little else.
func helpDesk(t *testing.T, s *stack) person {
	t.Helper()
	role := s.addRole(t, s.acme.id, "Help desk", "users:read", "roles:read", "roles:create", "roles:update", "roles:delete",
		"user_roles:read", "user_roles:create", "user_roles:delete", "users:update", "users:delete")
	return s.addUser(t, s.acme.id, "desk@example.com", "Desk", nil, role)
}

func TestNobodyGivesWhatTheyDoNotHold(t *testing.T) {
	t.Parallel()
	s := newStack(t)
	desk := helpDesk(t, s)
	strong := s.addRole(t, s.acme.id, "Strong", "users:read", "users:read_pii")
	before := s.fingerprint(t)
	grant := func(role uuid.UUID) string { return fmt.Sprintf(`{"userId": %q, "roleId": %q}`, desk.id, role) }
	for _, c := range []call{
		{name: "new role with more", method: "POST", path: "/v1/roles", body: `{"name": "A", "permissions": ["users:read_pii"]}`},
		{name: "new role with all", method: "POST", path: "/v1/roles", body: `{"name": "A", "permissions": ["*"]}`},
		{name: "more for a role", method: "PATCH", path: "/v1/roles/" + s.acme.memberRole.String(), body: `{"permissions": ["users:read", "users:read_pii"]}`},
		{name: "grant of a stronger role", method: "POST", path: "/v1/user-roles", body: grant(strong)},
		{name: "grant of all", method: "POST", path: "/v1/user-roles", body: grant(s.acme.adminRole)},
	} {
		t.Run(c.name, func(t *testing.T) {
			c.token, c.status, c.code = desk.token, 403, "permission_denied"
			s.check(t, c)
		})
	}
	if s.fingerprint(t) != before {
		t.Error("a refused gift was written")
	}
	s.check(t, call{method: "POST", path: "/v1/roles", token: desk.token, body: `{"name": "A", "permissions": ["users:read"]}`, status: 201})
	s.check(t, call{method: "POST", path: "/v1/user-roles", token: desk.token, body: grant(s.acme.memberRole), status: 201})
	// What a role holds already may stay when somebody weaker changes it.
	s.check(t, call{method: "PATCH", path: "/v1/roles/" + strong.String(), token: desk.token, body: `{"permissions": ["users:read_pii"]}`, status: 200})
	s.check(t, call{method: "POST", path: "/v1/roles", token: s.acme.admin.token, status: 422, code: "validation_failed", pointer: "/permissions/1",
		body: `{"name": "B", "permissions": ["users:read", "users:fly"]}`})
}

func TestTheLastAdministratorStays(t *testing.T) {
	t.Parallel()
	s := newStack(t)
	desk := helpDesk(t, s)
	admin := "/v1/users/" + s.acme.admin.id.String()
	var grant uuid.UUID
	if err := s.owner.QueryRow(t.Context(), `SELECT id FROM core.user_roles WHERE user_id = $1`, s.acme.admin.id).Scan(&grant); err != nil {
		t.Fatal(err)
	}
	before := s.fingerprint(t)
	attempts := []call{
		{name: "deactivate", method: "PATCH", path: admin, body: `{"status": "inactive"}`},
		{name: "take the grant", method: "DELETE", path: "/v1/user-roles/" + grant.String()},
		{name: "weaken the role", method: "PATCH", path: "/v1/roles/" + s.acme.adminRole.String(), body: `{"permissions": ["users:read"]}`},
	}
	for _, c := range attempts {
		t.Run(c.name, func(t *testing.T) {
			c.token, c.status, c.code = desk.token, 409, "last_administrator"
			s.check(t, c)
		})
	}
	if s.fingerprint(t) != before {
		t.Error("a refused change was written")
	}
	second := s.addUser(t, s.acme.id, "second@example.com", "Second", nil, s.acme.adminRole)
	s.check(t, call{method: "PATCH", path: admin, token: second.token, body: `{"status": "inactive"}`, status: 200})
	s.check(t, call{method: "PATCH", path: "/v1/users/" + second.id.String(), token: second.token, body: `{"status": "inactive"}`, status: 409, code: "last_administrator"})
}
