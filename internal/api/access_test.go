package api_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/google/uuid"

	"github.com/lockstep-dev/lockstep/internal/devissuer"
)

func TestEveryOperationNeedsItsPermission(t *testing.T) {
	t.Parallel()
	s := newStack(t)
	nobody := s.addUser(t, s.acme.id, "nobody@example.com", "Nobody", nil)
	before := s.fingerprint(t)
	user, role := s.acme.member.id.String(), s.acme.memberRole.String()
	const hidden = 404 // opened by a relation, which this caller has to no such row
	for _, c := range []call{
		{path: "/v1/users/" + user, status: hidden},
		{method: "POST", path: "/v1/users", body: `{"email": "a@b.c", "displayName": "A"}`},
		{method: "PATCH", path: "/v1/users/" + user, body: `{"displayName": "A"}`},
		{method: "DELETE", path: "/v1/users/" + user},
		{path: "/v1/roles"}, {path: "/v1/roles/" + role},
		{method: "POST", path: "/v1/roles", body: `{"name": "A"}`},
		{method: "PATCH", path: "/v1/roles/" + role, body: `{"permissions": ["users:delete"]}`},
		{method: "DELETE", path: "/v1/roles/" + role},
		{path: "/v1/user-roles/" + newID().String(), status: hidden},
		{method: "POST", path: "/v1/user-roles", body: fmt.Sprintf(`{"userId": %q, "roleId": %q}`, nobody.id, s.acme.adminRole)},
		{method: "DELETE", path: "/v1/user-roles/" + newID().String()},
		{path: "/v1/tenants"}, {path: "/v1/tenants/" + s.acme.id.String()},
		{method: "POST", path: "/v1/tenants", body: initech},
		{method: "PATCH", path: "/v1/tenants/" + s.acme.id.String(), body: `{"name": "A"}`},
		{method: "DELETE", path: "/v1/tenants/" + s.acme.id.String()},
	} {
		t.Run(c.method+" "+c.path, func(t *testing.T) {
			c.token = nobody.token
			if c.status == 0 {
				c.status, c.code = 403, "permission_denied"
			}
			s.check(t, c)
		})
	}
	if s.fingerprint(t) != before {
		t.Error("a forbidden request changed something")
	}
}

func TestRelationsOpenOwnAndLedRows(t *testing.T) {
	t.Parallel()
	s := newStack(t)
	// boss > lead > worker; all without a role.
	boss := s.addUser(t, s.acme.id, "boss@example.com", "Boss", nil)
	lead := s.addUser(t, s.acme.id, "lead@example.com", "Lead", &boss.id)
	worker := s.addUser(t, s.acme.id, "worker@example.com", "Worker", &lead.id, s.acme.memberRole)
	for caller, want := range map[person]string{boss: "Boss, Lead, Worker", lead: "Lead, Worker"} {
		got := s.check(t, call{path: "/v1/users", token: caller.token, status: 200})
		if got := names(got.body["data"], "displayName"); got != want {
			t.Errorf("got users %s, want %s", got, want)
		}
		// Pages stay full although rows are left out.
		page := s.check(t, call{path: "/v1/users?limit=2", token: caller.token, status: 200})
		if rows := page.body["data"].([]any); len(rows) != 2 {
			t.Errorf("got a page of %d rows, want 2", len(rows))
		}
	}
	path := func(p person) string { return "/v1/users/" + p.id.String() }
	s.check(t, call{path: path(worker), token: boss.token, status: 200, want: `{"email": null}`})
	s.check(t, call{path: path(boss), token: lead.token, status: 404, code: "not_found"})
	s.check(t, call{path: path(lead), token: lead.token, status: 200, want: `{"email": "lead@example.com"}`})
	grants := s.check(t, call{path: "/v1/user-roles", token: boss.token, status: 200})
	if got, want := names(grants.body["data"], "userId"), worker.id.String(); got != want {
		t.Errorf("got grants of %s, want those of %s", got, want)
	}
	// Seen and not to be changed: 403, not 404.
	s.check(t, call{method: "PATCH", path: path(worker), token: boss.token, body: `{"displayName": "W"}`, status: 403, code: "permission_denied"})
}

func TestPeopleWhoManageEachOtherInACircle(t *testing.T) {
	t.Parallel()
	s := newStack(t)
	a := s.addUser(t, s.acme.id, "a@example.com", "A", nil)
	b := s.addUser(t, s.acme.id, "b@example.com", "B", &a.id)
	s.exec(t, `UPDATE core.users SET manager_id = $1 WHERE id = $2`, b.id, a.id)
	got := s.check(t, call{path: "/v1/users", token: a.token, status: 200})
	if got, want := names(got.body["data"], "displayName"), "A, B"; got != want {
		t.Errorf("got users %s, want %s", got, want)
	}
}

func TestEmailNeedsItsOwnPermission(t *testing.T) {
	t.Parallel()
	s := newStack(t)
	path := "/v1/users/" + s.acme.manager.id.String()
	s.check(t, call{path: path, token: s.acme.member.token, status: 200, want: `{"email": null}`, absent: []string{"manager@example.com"}})
	s.check(t, call{path: path, token: s.acme.admin.token, status: 200, want: `{"email": "manager@example.com"}`})
	list := s.check(t, call{path: "/v1/users", token: s.acme.member.token, status: 200, absent: []string{"admin@example.com", "manager@example.com"}})
	if got, want := names(list.body["data"], "email"), ", , member@example.com"; got != want {
		t.Errorf("got e-mails %q, want only the caller's own", got)
	}
	role := s.addRole(t, s.acme.id, "Records", "users:read_pii")
	s.check(t, call{method: "POST", path: "/v1/user-roles", token: s.acme.admin.token, status: 201,
		body: fmt.Sprintf(`{"userId": %q, "roleId": %q}`, s.acme.member.id, role)})
	s.check(t, call{path: path, token: s.acme.member.token, status: 200, want: `{"email": "manager@example.com"}`})
}

// TestFiltersTellNoMoreThanExpansions narrows lists by rows that the caller may not read.
func TestFiltersTellNoMoreThanExpansions(t *testing.T) {
	t.Parallel()
	s := newStack(t)
	users := s.addUser(t, s.acme.id, "users@example.com", "U", nil, s.addRole(t, s.acme.id, "Users", "users:read"))
	roles := s.addUser(t, s.acme.id, "roles@example.com", "R", nil, s.addRole(t, s.acme.id, "Roles", "roles:read"))
	both := s.addUser(t, s.acme.id, "both@example.com", "B", nil, s.addRole(t, s.acme.id, "Both", "users:read", "roles:read", "user_roles:read"))
	byRole, byUser := "/v1/users?roleId="+s.acme.adminRole.String(), "/v1/roles?userId="+s.acme.admin.id.String()
	s.check(t, call{path: byRole, token: users.token, status: 403, code: "permission_denied", absent: []string{s.acme.admin.id.String()}})
	s.check(t, call{path: byUser, token: roles.token, status: 403, code: "permission_denied", absent: []string{s.acme.adminRole.String()}})
	if got := names(s.check(t, call{path: byRole, token: both.token, status: 200}).body["data"], "displayName"); got != "Ada Admin" {
		t.Errorf("got holders %s, want Ada Admin", got)
	}
	if got := names(s.check(t, call{path: byUser, token: both.token, status: 200}).body["data"], "name"); got != "Administrator" {
		t.Errorf("got roles %s, want Administrator", got)
	}
}

func TestAGrantTakesEffectAtOnce(t *testing.T) {
	t.Parallel()
	s := newStack(t)
	nobody := s.addUser(t, s.acme.id, "nobody@example.com", "Nobody", nil)
	readers := s.addRole(t, s.acme.id, "Reader of roles", "roles:read")
	s.check(t, call{path: "/v1/roles", token: nobody.token, status: 403, code: "permission_denied"})
	got := s.check(t, call{method: "POST", path: "/v1/user-roles", token: s.acme.admin.token, status: 201,
		body: fmt.Sprintf(`{"userId": %q, "roleId": %q}`, nobody.id, readers),
		want: fmt.Sprintf(`{"userId": %q, "grantedById": %q}`, nobody.id, s.acme.admin.id)})
	s.check(t, call{path: "/v1/roles", token: nobody.token, status: 200})
	s.check(t, call{method: "PATCH", path: "/v1/roles/" + readers.String(), token: s.acme.admin.token, body: `{"permissions": []}`, status: 200})
	s.check(t, call{path: "/v1/roles", token: nobody.token, status: 403, code: "permission_denied"})
	s.check(t, call{method: "PATCH", path: "/v1/roles/" + readers.String(), token: s.acme.admin.token, body: `{"permissions": ["roles:read"]}`, status: 200})
	s.check(t, call{path: "/v1/roles", token: nobody.token, status: 200})
	s.check(t, call{method: "DELETE", path: got.header.Get("Location"), token: s.acme.admin.token, status: 204})
	s.check(t, call{path: "/v1/roles", token: nobody.token, status: 403, code: "permission_denied"})
}

func TestServicesHoldTheirScopes(t *testing.T) {
	t.Parallel()
	s := newStack(t)
	token := s.token(t, devissuer.TokenRequest{TenantID: s.acme.id, ClientID: "billing", Scopes: []string{"users:read"}})
	s.check(t, call{path: "/v1/users", token: token, status: 200})
	s.check(t, call{path: "/v1/roles", token: token, status: 403, code: "permission_denied"})
}

func TestInactiveUsersAndSuspendedTenantsAreRefused(t *testing.T) {
	t.Parallel()
	s := newStack(t)
	s.exec(t, `UPDATE core.users SET status = 'inactive' WHERE id = $1`, s.acme.member.id)
	s.check(t, call{path: "/v1/users", token: s.acme.member.token, status: 403, code: "user_inactive"})
	s.check(t, call{method: "PATCH", path: "/v1/tenants/" + s.acme.id.String(), token: s.platform, body: `{"status": "suspended"}`, status: 200})
	s.check(t, call{path: "/v1/users", token: s.acme.admin.token, status: 403, code: "tenant_suspended"})
	s.check(t, call{path: "/v1/users", token: s.globex.admin.token, status: 200})
}

// initech is the body that makes a tenant.
const initech = `{"name": "Initech", "slug": "initech", "administrator": {"email": "bill@initech.example", "displayName": "Bill"}}`

func TestTenantsAreThePlatforms(t *testing.T) {
	t.Parallel()
	s := newStack(t)
	got := s.check(t, call{method: "POST", path: "/v1/tenants", token: s.platform, status: 201, body: initech})
	path := got.header.Get("Location")
	s.check(t, call{path: path, token: s.platform, status: 200, want: `{"name": "Initech", "slug": "initech", "status": "active"}`})
	s.check(t, call{path: path, token: s.acme.admin.token, status: 404, code: "not_found"})
	s.check(t, call{path: "/v1/tenants/" + s.acme.id.String(), token: s.acme.admin.token, status: 200, want: `{"slug": "acme"}`})
	list := s.check(t, call{path: "/v1/tenants", token: s.platform, status: 200})
	if got, want := names(list.body["data"], "slug"), "acme, globex, initech"; got != want {
		t.Errorf("got tenants %s, want %s", got, want)
	}
	s.check(t, call{method: "DELETE", path: path, token: s.acme.admin.token, status: 403, code: "permission_denied"})
	s.check(t, call{method: "DELETE", path: path, token: s.platform, status: 200, want: `{"complete": true}`})
	s.check(t, call{path: path, token: s.platform, status: 404, code: "not_found"})
	// The platform acts on tenants, not inside one.
	s.check(t, call{path: "/v1/users", token: s.platform, status: 403, code: "permission_denied"})
	s.check(t, call{method: "POST", path: "/v1/tenants", token: s.acme.admin.token, body: strings.ReplaceAll(initech, "initech", "other"), status: 403, code: "permission_denied"})
}

func TestANewTenantHasRolesAndAnAdministrator(t *testing.T) {
	t.Parallel()
	s := newStack(t)
	got := s.check(t, call{method: "POST", path: "/v1/tenants", token: s.platform, status: 201, body: initech})
	var body struct {
		Tenant          struct{ ID, Slug string }
		AdministratorID uuid.UUID
	}
	if err := json.Unmarshal([]byte(got.text), &body); err != nil {
		t.Fatal(err)
	}
	if want := "/v1/tenants/" + body.Tenant.ID; got.header.Get("Location") != want {
		t.Errorf("got Location %s, want %s", got.header.Get("Location"), want)
	}
	token := s.token(t, devissuer.TokenRequest{TenantID: uuid.MustParse(body.Tenant.ID), UserID: body.AdministratorID})
	roles := s.check(t, call{path: "/v1/roles", token: token, status: 200})
	if got, want := names(roles.body["data"], "name"), "Administrator, Member"; got != want {
		t.Errorf("got roles %s, want %s", got, want)
	}
	users := s.check(t, call{path: "/v1/users", token: token, status: 200})
	if got, want := names(users.body["data"], "email"), "bill@initech.example"; got != want {
		t.Errorf("got users %s, want %s", got, want)
	}
}

func TestATenantIsMadeWhollyOrNotAtAll(t *testing.T) {
	t.Parallel()
	s := newStack(t)
	s.check(t, call{method: "POST", path: "/v1/tenants", token: s.platform, status: 201, body: initech})
	before := s.fingerprint(t)
	for _, c := range []call{
		{name: "taken slug", body: initech, status: 409, code: "conflict", pointer: "/slug"},
		{name: "bad slug", body: strings.Replace(initech, `"initech"`, `"Not A Slug"`, 1), status: 422, code: "validation_failed", pointer: "/slug"},
		{name: "no administrator", body: `{"name": "I", "slug": "i2"}`, status: 422, code: "validation_failed", pointer: "/administrator"},
		{name: "administrator without address", body: `{"name": "I", "slug": "i2", "administrator": {"email": "", "displayName": "B"}}`, status: 422, code: "validation_failed", pointer: "/administrator/email"},
	} {
		c.method, c.path, c.token = "POST", "/v1/tenants", s.platform
		s.check(t, c)
	}
	// The administrator's row is refused after the tenant's has been written.
	s.exec(t, `ALTER TABLE core.users ADD CONSTRAINT refuse CHECK (display_name <> 'Nobody')`)
	s.check(t, call{method: "POST", path: "/v1/tenants", token: s.platform, status: 422, code: "validation_failed",
		body: `{"name": "I", "slug": "i3", "administrator": {"email": "a@b.c", "displayName": "Nobody"}}`})
	if s.fingerprint(t) != before {
		t.Error("a refused tenant was half made")
	}
}
