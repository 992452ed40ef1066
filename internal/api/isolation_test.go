package api_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/uuid"
)

// crossTenant lists every way into a row of another tenant by its id, with a body that would be accepted at home.
func crossTenant(kind string, id uuid.UUID) []call {
	path := "/v1/" + kind + "/" + id.String()
	calls := []call{{name: "get", path: path}, {name: "delete", method: "DELETE", path: path}}
	switch kind {
	case "users":
		calls = append(calls, call{name: "update", method: "PATCH", path: path, body: `{"displayName": "taken over"}`})
	case "roles":
		calls = append(calls, call{name: "update", method: "PATCH", path: path, body: `{"name": "taken over"}`})
	}
	return calls
}

func TestForeignRowsAnswerAsIfTheyWereNotThere(t *testing.T) {
	t.Parallel()
	s := newStack(t)
	var grant uuid.UUID
	if err := s.owner.QueryRow(t.Context(), `SELECT id FROM core.user_roles WHERE tenant_id = $1 LIMIT 1`, s.globex.id).Scan(&grant); err != nil {
		t.Fatal(err)
	}
	before := s.fingerprint(t)
	for kind, foreign := range map[string]uuid.UUID{
		"users": s.globex.member.id, "roles": s.globex.memberRole, "user-roles": grant, "tenants": s.globex.id,
	} {
		random := newID()
		nowhere := crossTenant(kind, random)
		for i, c := range crossTenant(kind, foreign) {
			t.Run(kind+" "+c.name, func(t *testing.T) {
				c.token, nowhere[i].token = s.acme.admin.token, s.acme.admin.token
				got, want := s.do(t, c), s.do(t, nowhere[i])
				if kind == "tenants" && c.name == "delete" {
					if got.status != 403 {
						t.Errorf("got status %d, want 403: only the platform deletes tenants", got.status)
					}
				} else if got.status != 404 {
					t.Errorf("got status %d, want 404\n%s", got.status, got.text)
				}
				if a, b := comparable(got, foreign), comparable(want, random); a != b {
					t.Errorf("a foreign id answers\n%s\nand a random one\n%s", a, b)
				}
			})
		}
	}
	if s.fingerprint(t) != before {
		t.Error("a foreign row was changed")
	}
}

// comparable is an answer without what differs between any two requests: the request's id, and the id that was asked for.
func comparable(a answer, asked uuid.UUID) string {
	text := strings.ReplaceAll(fmt.Sprint(a.status, a.header, a.text), a.header.Get("X-Request-Id"), "REQUEST")
	return strings.ReplaceAll(text, asked.String(), "ID")
}

func TestNoAnswerHoldsAForeignId(t *testing.T) {
	t.Parallel()
	s := newStack(t)
	var foreign []string
	rows, err := s.owner.Query(t.Context(), `SELECT id::text FROM core.users WHERE tenant_id = $1
		UNION ALL SELECT id::text FROM core.roles WHERE tenant_id = $1
		UNION ALL SELECT id::text FROM core.user_roles WHERE tenant_id = $1
		UNION ALL SELECT $1::text`, s.globex.id)
	if err != nil {
		t.Fatal(err)
	}
	for rows.Next() {
		var id string
		if err := rows.Scan(&id); err != nil {
			t.Fatal(err)
		}
		foreign = append(foreign, id)
	}
	if rows.Err() != nil || len(foreign) < 9 {
		t.Fatalf("got %d foreign ids (%v), want all of the tenant's", len(foreign), rows.Err())
	}
	for _, path := range []string{
		"/v1/users?limit=200", "/v1/roles?limit=200", "/v1/user-roles?limit=200",
		"/v1/users/" + s.acme.admin.id.String(), "/v1/users/" + s.acme.manager.id.String(),
		"/v1/roles/" + s.acme.adminRole.String(), "/v1/tenants/" + s.acme.id.String(),
	} {
		got := s.check(t, call{path: path, token: s.acme.admin.token, status: 200, absent: foreign})
		for name, values := range got.header {
			for _, id := range foreign {
				if strings.Contains(strings.Join(values, " "), id) {
					t.Errorf("%s: header %s holds the foreign id %s", path, name, id)
				}
			}
		}
	}
}

func TestACursorOfAnotherTenantShowsOnlyOwnRows(t *testing.T) {
	t.Parallel()
	s := newStack(t)
	foreign := s.check(t, call{path: "/v1/users?limit=1", token: s.globex.admin.token, status: 200})
	cursor, _ := foreign.body["nextCursor"].(string)
	got := s.check(t, call{path: "/v1/users?cursor=" + cursor, token: s.acme.admin.token, status: 200})
	for _, row := range got.body["data"].([]any) {
		if got := row.(map[string]any)["tenantId"]; got != s.acme.id.String() {
			t.Errorf("got a row of tenant %v, want %s", got, s.acme.id)
		}
	}
}

func TestGrantsCannotCrossTenants(t *testing.T) {
	t.Parallel()
	s := newStack(t)
	before := s.fingerprint(t)
	for _, c := range []call{
		{name: "foreign user", body: fmt.Sprintf(`{"userId": %q, "roleId": %q}`, s.globex.member.id, s.acme.adminRole), pointer: "/userId"},
		{name: "foreign role", body: fmt.Sprintf(`{"userId": %q, "roleId": %q}`, s.acme.member.id, s.globex.adminRole), pointer: "/roleId"},
	} {
		c.method, c.path, c.token, c.status, c.code = "POST", "/v1/user-roles", s.acme.admin.token, 422, "reference_not_found"
		s.check(t, c)
	}
	if s.fingerprint(t) != before {
		t.Error("a refused grant was written")
	}
}
