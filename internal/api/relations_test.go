package api_test

import (
	"fmt"
	"testing"
)

// TestWhoLeadsWhomIsChangedByThoseWhoSeeBoth tries to reach people by naming managers, with users:update or users:create and
// without users:read.
func TestWhoLeadsWhomIsChangedByThoseWhoSeeBoth(t *testing.T) {
	t.Parallel()
	s := newStack(t)
	clerks := s.addRole(t, s.acme.id, "Clerks", "users:update", "users:create", "users:delete", "user_roles:create")
	// top > boss > lead > worker, and a stranger; lead is the clerk.
	top := s.addUser(t, s.acme.id, "top@example.com", "Top", nil)
	boss := s.addUser(t, s.acme.id, "boss@example.com", "Boss", &top.id)
	lead := s.addUser(t, s.acme.id, "lead@example.com", "Lead", &boss.id, clerks)
	worker := s.addUser(t, s.acme.id, "worker@example.com", "Worker", &lead.id)
	helper := s.addUser(t, s.acme.id, "helper@example.com", "Helper", &worker.id)
	stranger := s.addUser(t, s.acme.id, "stranger@example.com", "Stranger", nil)
	path := func(p person) string { return "/v1/users/" + p.id.String() }
	manager := func(p person) string { return fmt.Sprintf(`{"managerId": %q}`, p.id) }
	missing := fmt.Sprintf(`{"managerId": %q}`, newID())
	before := s.fingerprint(t)
	for _, c := range []call{
		{name: "a stranger, to be read", method: "PATCH", path: path(stranger), body: manager(lead), status: 404, code: "not_found"},
		{name: "nothing of a stranger", method: "PATCH", path: path(stranger), body: `{}`, status: 404, code: "not_found"},
		{name: "nothing of a stranger's version", method: "PATCH", path: path(stranger), body: `{}`, header: map[string]string{"If-Match": `"7"`}, status: 404, code: "not_found"},
		{name: "a stranger's version", method: "PATCH", path: path(stranger), body: `{"displayName": "S"}`, header: map[string]string{"If-Match": `"7"`}, status: 404, code: "not_found"},
		{name: "the boss", method: "PATCH", path: path(boss), body: manager(lead), status: 404, code: "not_found"},
		{name: "a name of the boss", method: "PATCH", path: path(boss), body: `{"displayName": "B"}`, status: 404, code: "not_found"},
		{name: "deleting a stranger", method: "DELETE", path: path(stranger), status: 404, code: "not_found"},
		{name: "a stranger's version, deleting", method: "DELETE", path: path(stranger), header: map[string]string{"If-Match": `"7"`}, status: 404, code: "not_found"},
		{name: "deactivating a stranger", method: "POST", path: path(stranger) + "/deactivate", status: 404, code: "not_found"},
		{name: "to a stranger", method: "PATCH", path: path(worker), body: manager(stranger), status: 422, code: "reference_not_found", pointer: "/managerId"},
		{name: "to nobody there is", method: "PATCH", path: path(worker), body: missing, status: 422, code: "reference_not_found", pointer: "/managerId"},
		{name: "away from the boss", method: "PATCH", path: path(lead), body: manager(worker), status: 403, code: "permission_denied"},
		{name: "away from the boss, to nobody", method: "PATCH", path: path(lead), body: `{"managerId": null}`, status: 403, code: "permission_denied"},
		{name: "a new one below a stranger", method: "POST", path: "/v1/users", status: 422, code: "reference_not_found", pointer: "/managerId",
			body: fmt.Sprintf(`{"email": "n@example.com", "displayName": "N", "managerId": %q}`, stranger.id)},
		{name: "a grant to a stranger", method: "POST", path: "/v1/user-roles", status: 422, code: "reference_not_found", pointer: "/userId",
			body: fmt.Sprintf(`{"userId": %q, "roleId": %q}`, stranger.id, clerks)},
	} {
		t.Run(c.name, func(t *testing.T) {
			c.token = lead.token
			c.absent = append(c.absent, "Stranger", "stranger@example.com", "Boss")
			s.check(t, c)
		})
	}
	if s.fingerprint(t) != before {
		t.Error("a refused request changed something")
	}
	// Among those one sees, people move.
	for _, c := range []call{
		{method: "PATCH", path: path(worker), body: `{}`, status: 200, want: `{"displayName": "Worker"}`},
		{method: "PATCH", path: path(helper), body: manager(lead), status: 200, want: manager(lead)},
		{method: "PATCH", path: path(helper), body: manager(worker), status: 200, want: manager(worker)},
		{method: "PATCH", path: path(lead), body: `{"displayName": "Lena"}`, status: 200, want: `{"displayName": "Lena"}`},
		{method: "POST", path: "/v1/users", status: 201, body: fmt.Sprintf(`{"email": "n@example.com", "displayName": "N", "managerId": %q}`, worker.id)},
		{method: "POST", path: "/v1/user-roles", status: 201, body: fmt.Sprintf(`{"userId": %q, "roleId": %q}`, worker.id, clerks)},
		{method: "PATCH", path: path(helper), body: `{"managerId": null}`, status: 200, want: `{"managerId": null}`}, // out of sight, by one's own hand
		{method: "PATCH", path: path(helper), body: `{}`, status: 404, code: "not_found"},
		{path: "/v1/me", status: 200, want: `{"displayName": "Lena"}`},
	} {
		c.token = lead.token
		s.check(t, c)
	}
	// With users:read, everybody does.
	s.check(t, call{method: "PATCH", path: path(stranger), token: s.acme.admin.token, body: manager(lead), status: 200})
	s.check(t, call{path: path(stranger), token: lead.token, status: 200})
}

// TestWhoHoldsWhichRoleNeedsTheGrants looks for who holds a role by every way there is, with the right to read users and
// roles and without that to read grants.
func TestWhoHoldsWhichRoleNeedsTheGrants(t *testing.T) {
	t.Parallel()
	s := newStack(t)
	secret := s.addRole(t, s.acme.id, "Secret", "users:read")
	readers := s.addRole(t, s.acme.id, "Readers", "users:read", "roles:read")
	reader := s.addUser(t, s.acme.id, "reader@example.com", "Reader", nil, readers)
	led := s.addUser(t, s.acme.id, "led@example.com", "Led", &reader.id, secret)
	other := s.addUser(t, s.acme.id, "other@example.com", "Other", nil, secret)
	for name, c := range map[string]struct {
		path, member, field string
		want                string // the names in the member of the answer, or of its rows
	}{
		"own roles":                   {"/v1/users/" + reader.id.String(), "roles", "name", "Readers"},
		"roles of one led":            {"/v1/users/" + led.id.String(), "roles", "name", "Secret"},
		"roles of another":            {"/v1/users/" + other.id.String(), "roles", "name", ""},
		"one led, expanded":           {"/v1/users?managerId=" + reader.id.String() + "&expand=roles", "roles", "name", "Secret"},
		"managed users' roles":        {"/v1/users/" + reader.id.String() + "?expand=managedUsers.roles", "managedUsers", "displayName", "Led"},
		"holders of a role":           {"/v1/roles/" + secret.String() + "?expand=users", "users", "displayName", "Led"},
		"holders, listed":             {"/v1/roles?name=Secret&expand=users", "users", "displayName", "Led"},
		"users by role":               {"/v1/users?roleId=" + secret.String(), "", "displayName", "Led"},
		"roles by user":               {"/v1/roles?userId=" + other.id.String(), "", "name", ""},
		"roles by one led":            {"/v1/roles?userId=" + led.id.String(), "", "name", "Secret"},
		"grants":                      {"/v1/user-roles?roleId=" + secret.String(), "", "userId", led.id.String()},
		"grants of another":           {"/v1/user-roles?userId=" + other.id.String(), "", "userId", ""},
		"users by role, and searched": {"/v1/users?q=o&roleId=" + secret.String(), "", "displayName", ""},
	} {
		t.Run(name, func(t *testing.T) {
			got := s.check(t, call{path: c.path, token: reader.token, status: 200})
			rows := got.body["data"]
			switch {
			case rows == nil:
				rows = got.body[c.member]
			case c.member != "":
				rows = rows.([]any)[0].(map[string]any)[c.member]
			}
			if got := names(rows, c.field); got != c.want {
				t.Errorf("got %q, want %q", got, c.want)
			}
		})
	}
	for _, path := range []string{"/v1/users?expand=roles,managedUsers.roles", "/v1/roles?expand=users.roles", "/v1/user-roles?expand=user.roles,role.users"} {
		got := s.check(t, call{path: path, token: reader.token, status: 200})
		holders(t, got.body, secret.String(), led.id.String(), other.id.String())
	}
	// The count says no more than the rows.
	s.check(t, call{path: "/v1/users?count=exact&roleId=" + secret.String(), token: reader.token, status: 200, want: `{"totalCount": 1}`})
	s.check(t, call{path: "/v1/users?count=exact&roleId=" + secret.String(), token: s.acme.admin.token, status: 200, want: `{"totalCount": 2}`})
	// An ordinary person still sees what is its own.
	nobody := s.addUser(t, s.acme.id, "nobody@example.com", "Nobody", nil, secret)
	s.check(t, call{path: "/v1/me", token: nobody.token, status: 200})
	s.check(t, call{path: "/v1/user-roles", token: nobody.token, status: 200})
}

// holders fails when, anywhere below value, the hidden user comes with the role, or the role with it.
func holders(t *testing.T, value any, role, shown, hidden string) {
	t.Helper()
	switch value := value.(type) {
	case []any:
		for _, each := range value {
			holders(t, each, role, shown, hidden)
		}
	case map[string]any:
		for member, of := range map[string]string{"roles": hidden, "users": role} {
			rows, _ := value[member].([]any)
			for _, row := range rows {
				id := row.(map[string]any)["id"]
				if value["id"] == of && (id == role || id == hidden) {
					t.Errorf("%s of %s show %s", member, of, id)
				}
			}
		}
		for _, each := range value {
			holders(t, each, role, shown, hidden)
		}
	}
}

// TestAConflictNamesFieldsAndNoRow takes values that are taken, without the right to read who has them: docs/permissions.md says
// how much this tells. Of people who may not be named it tells nothing, whether they hold the role or not.
func TestAConflictNamesFieldsAndNoRow(t *testing.T) {
	t.Parallel()
	s := newStack(t)
	writers := s.addRole(t, s.acme.id, "Writers", "users:create", "user_roles:create", "user_roles:delete", "roles:create", "roles:delete", "tenants:read")
	held := s.addRole(t, s.acme.id, "Held", "tenants:read")
	writer := s.addUser(t, s.acme.id, "writer@example.com", "Writer", nil, writers)
	led := s.addUser(t, s.acme.id, "led@example.com", "Led", &writer.id, held)
	hidden := s.addUser(t, s.acme.id, "hidden@example.com", "Hidden", nil, held)
	without := s.addUser(t, s.acme.id, "without@example.com", "Without", nil)
	grant := func(to person) string { return fmt.Sprintf(`{"userId": %q, "roleId": %q}`, to.id, held) }
	var refusals []string
	for _, c := range []call{
		{name: "an address", path: "/v1/users", body: `{"email": "hidden@example.com", "displayName": "H"}`, status: 409, code: "conflict", pointer: "/email"},
		{name: "a role's name", path: "/v1/roles", body: `{"name": "Held", "permissions": []}`, status: 409, code: "conflict", pointer: "/name"},
		{name: "a grant among those led", path: "/v1/user-roles", body: grant(led), status: 409, code: "conflict"},
		{name: "a grant of somebody hidden", path: "/v1/user-roles", body: grant(hidden), status: 422, code: "reference_not_found", pointer: "/userId"},
		{name: "none of somebody hidden", path: "/v1/user-roles", body: grant(without), status: 422, code: "reference_not_found", pointer: "/userId"},
		{name: "a role that is held", method: "DELETE", path: "/v1/roles/" + held.String(), status: 403, code: "permission_denied"},
	} {
		t.Run(c.name, func(t *testing.T) {
			if c.method == "" {
				c.method = "POST"
			}
			c.token = writer.token
			c.absent = append(c.absent, hidden.id.String(), "Hidden", "hidden@example.com")
			got := s.check(t, c)
			if c.code == "reference_not_found" {
				delete(got.body, "requestId")
				refusals = append(refusals, fmt.Sprint(got.body))
			}
		})
	}
	if len(refusals) == 2 && refusals[0] != refusals[1] {
		t.Errorf("got %s of somebody who holds the role, and %s of one who does not", refusals[0], refusals[1])
	}
}
