package api_test

import (
	"encoding/json"
	"fmt"
	"net/url"
	"slices"
	"strings"
	"testing"
)

// TestTextsAndArraysHaveLimits quotes what filled the memory of a server: a role of any size, shown under each user who holds it.
func TestTextsAndArraysHaveLimits(t *testing.T) {
	t.Parallel()
	s := newStack(t)
	role := func(name string, member string, value any) string {
		text, err := json.Marshal(map[string]any{"name": name, member: value})
		if err != nil {
			t.Fatal(err)
		}
		return string(text)
	}
	token := s.acme.admin.token
	s.check(t, call{method: "POST", path: "/v1/roles", token: token, status: 201, body: role("longest", "description", strings.Repeat("ä", 10_000))})
	for name, c := range map[string]call{
		"description": {body: role("longer", "description", strings.Repeat("x", 10_001)), pointer: "/description"},
		"permissions": {body: role("many", "permissions", slices.Repeat([]string{"users:read"}, 101)), pointer: "/permissions"},
		"permission":  {body: role("long", "permissions", []string{"users:read", strings.Repeat("x", 256)}), pointer: "/permissions/1"},
	} {
		c.method, c.path, c.token, c.status, c.code = "POST", "/v1/roles", token, 422, "validation_failed"
		t.Run(name, func(t *testing.T) { s.check(t, c) })
	}
	s.check(t, call{path: "/v1/roles?name=" + strings.Repeat("x", 256), token: token, status: 400, code: "invalid_parameter", pointer: "?name"})
	// Also where the contract does not stand in front: each limit is in the database as well.
	for _, set := range []string{
		`description = repeat('x', 10001)`, `permissions = array_fill('users:read'::text, ARRAY[101])`, `permissions = ARRAY['a', NULL]`,
		`permissions = ARRAY[['a'],['b']]`, `permissions = ARRAY[repeat('x', 25501)]`, `created_at = 'infinity'`, `updated_at = '-infinity'`,
		`created_at = '10000-01-01 00:00:00+00'`, `created_at = '0001-12-31 00:00:00+00 BC'`,
	} {
		if _, err := s.owner.Exec(t.Context(), `UPDATE core.roles SET `+set+` WHERE id = $1`, s.acme.memberRole); err == nil || !strings.Contains(err.Error(), "_limit") {
			t.Errorf("%s: got %v, want a limit in the way", set, err)
		}
	}
}

// TestTheSamePermissionTwiceIsOne also after a change, and in the answer.
func TestTheSamePermissionTwiceIsOne(t *testing.T) {
	t.Parallel()
	s := newStack(t)
	token := s.acme.admin.token
	created := s.check(t, call{method: "POST", path: "/v1/roles", token: token, status: 201, want: `{"permissions": ["users:read", "roles:read"]}`,
		body: `{"name": "Reader", "permissions": ["users:read", "roles:read", "users:read", "users:read"]}`})
	path := "/v1/roles/" + created.body["id"].(string)
	s.check(t, call{method: "PATCH", path: path, token: token, status: 200, body: `{"permissions": ["*", "*"]}`, want: `{"permissions": ["*"]}`})
	s.check(t, call{path: path, token: token, status: 200, want: `{"permissions": ["*"]}`})
	// The place of what is wrong is that in the body.
	s.check(t, call{method: "PATCH", path: path, token: token, status: 422, code: "validation_failed", pointer: "/permissions/2", body: `{"permissions": ["*", "*", "none"]}`})
}

// TestEmailAddresses quotes addresses that were all taken, beside each other.
func TestEmailAddresses(t *testing.T) {
	t.Parallel()
	s := newStack(t)
	token := s.acme.admin.token
	body := func(email string) string {
		text, _ := json.Marshal(map[string]any{"email": email, "displayName": "Somebody"})
		return string(text)
	}
	for _, email := range []string{
		"a@example.com\r\nBcc: b@example.com", "a\u200b@example.com", " a@example.com", "a@example.com ", "a@exam\u00adple.com", "а@example.com", "a@bücher.example",
		"a", "a@", "@example.com", "a@b@example.com", "\"a b\"@example.com", "Ada <a@example.com>", "a..b@example.com", "a@-example.com", strings.Repeat("l", 65) + "@example.com",
	} {
		s.check(t, call{method: "POST", path: "/v1/users", token: token, body: body(email), status: 422, code: "validation_failed", pointer: "/email"})
		s.check(t, call{method: "PATCH", path: "/v1/users/" + s.acme.member.id.String(), token: token, body: body(email), status: 422, code: "validation_failed", pointer: "/email"})
	}
	s.check(t, call{method: "POST", path: "/v1/users", token: token, body: body("Grace.Hopper+Navy@Example.COM"), status: 201, want: `{"email": "grace.hopper+navy@example.com"}`})
	for _, same := range []string{"grace.hopper+navy@example.com", "GRACE.HOPPER+NAVY@EXAMPLE.COM", "Admin@example.com"} {
		s.check(t, call{method: "POST", path: "/v1/users", token: token, body: body(same), status: 409, code: "conflict", pointer: "/email"})
	}
	s.check(t, call{method: "PATCH", path: "/v1/users/" + s.acme.member.id.String(), token: token, body: `{"email": "ADMIN@Example.com"}`, status: 409, code: "conflict", pointer: "/email"})
	s.check(t, call{method: "POST", path: "/v1/users", token: s.globex.admin.token, body: body("Grace.Hopper+Navy@example.com"), status: 201}) // of another tenant
	if found := s.check(t, call{path: "/v1/users?q=" + url.QueryEscape("HOPPER+navy@"), token: token, status: 200}); len(found.body["data"].([]any)) != 1 {
		t.Errorf("got %s, want the one user", found.text)
	}
	s.check(t, call{method: "POST", path: "/v1/tenants", token: s.platform, status: 422, code: "validation_failed", pointer: "/administrator/email",
		body: `{"name": "Initech", "slug": "initech", "administrator": {"email": "bill @initech.example", "displayName": "Bill"}}`})
	// An address of an older release keeps its case until it is changed, and nobody else's is the same but for it.
	s.exec(t, `UPDATE core.users SET email = 'Old.Case@example.com' WHERE id = $1`, s.acme.member.id)
	s.check(t, call{method: "POST", path: "/v1/users", token: token, body: body("old.case@example.com"), status: 409, code: "conflict", pointer: "/email"})
	s.check(t, call{method: "PATCH", path: "/v1/users/" + s.acme.member.id.String(), token: token, body: `{"displayName": "M"}`, status: 200, want: `{"email": "Old.Case@example.com"}`})
}

// TestRowsThatOnlySQLCouldWriteAreRead takes the CHECKs away and writes what they forbid: every list with such a row was 500.
func TestRowsThatOnlySQLCouldWriteAreRead(t *testing.T) {
	t.Parallel()
	s := newStack(t)
	s.exec(t, `DO $$ DECLARE found record; BEGIN
		FOR found IN SELECT conrelid::regclass AS on_table, conname FROM pg_constraint WHERE contype = 'c' AND connamespace = 'core'::regnamespace LOOP
			EXECUTE format('ALTER TABLE %s DROP CONSTRAINT %I', found.on_table, found.conname);
		END LOOP; END $$`)
	const last, first = "9999-12-31T23:59:59.999999Z", "0001-01-01T00:00:00Z"
	times := map[string]string{"infinity": last, "-infinity": first, "20000-01-01 00:00:00+00": last, "294276-12-31 23:59:59.999999+00": last, "0044-03-15 00:00:00+00 BC": first}
	token := s.acme.admin.token
	reads := []string{
		"/v1/users", "/v1/users/" + s.acme.member.id.String(), "/v1/users?sort=createdAt", "/v1/users?sort=-createdAt&expand=roles,managedUsers.roles", "/v1/users?q=max",
		"/v1/roles", "/v1/roles/" + s.acme.memberRole.String(), "/v1/roles?name=Member", "/v1/user-roles?expand=role,user", "/v1/tenants/" + s.acme.id.String(), "/v1/me",
		"/v1/users/" + s.acme.manager.id.String() + "/reports",
	}
	read := func(what string) {
		t.Helper()
		for _, path := range reads {
			if got := s.do(t, call{path: path, token: token}); got.status != 200 {
				t.Errorf("%s: GET %s: %d %s", what, path, got.status, got.text)
			}
		}
	}
	for value, want := range times {
		for _, table := range []string{"users", "roles", "user_roles", "tenants"} {
			s.exec(t, fmt.Sprintf(`UPDATE core.%s SET created_at = '%s', updated_at = '%[2]s'`, table, value))
		}
		read(value)
		s.check(t, call{path: "/v1/users/" + s.acme.member.id.String(), token: token, status: 200, want: fmt.Sprintf(`{"createdAt": %q, "updatedAt": %[1]q}`, want)})
	}
	// Paging comes to an end, and sees everybody once, in the order of the database.
	ids := []string{s.acme.manager.id.String(), s.acme.admin.id.String(), s.acme.member.id.String()}
	for i, value := range []string{"0044-03-15 00:00:00+00 BC", "infinity", "infinity"} {
		s.exec(t, fmt.Sprintf(`UPDATE core.users SET created_at = '%s' WHERE id = '%s'`, value, ids[i]))
	}
	for sort, want := range map[string][]string{"createdAt": {ids[0], ids[1], ids[2]}, "-createdAt": {ids[2], ids[1], ids[0]}} {
		var got []string
		cursor := ""
		for len(got) <= len(want) {
			page := s.check(t, call{path: "/v1/users?limit=1&sort=" + sort + cursor, token: token, status: 200})
			for _, row := range page.body["data"].([]any) {
				got = append(got, row.(map[string]any)["id"].(string))
			}
			next, more := page.body["nextCursor"].(string)
			if !more {
				break
			}
			cursor = "&cursor=" + next
		}
		if !slices.Equal(got, want) {
			t.Errorf("sort=%s: got %v, want %v", sort, got, want)
		}
	}
	for value, want := range map[string]string{
		`ARRAY['users:read', NULL]`: `["users:read"]`, `ARRAY[['users:read'],['roles:read']]`: `["users:read", "roles:read"]`, `'[2:3]={a,b}'`: `["a", "b"]`,
	} {
		s.exec(t, `UPDATE core.roles SET permissions = `+value+` WHERE id = $1`, s.acme.memberRole)
		read(value)
		s.check(t, call{path: "/v1/roles/" + s.acme.memberRole.String(), token: token, status: 200, want: `{"permissions": ` + want + `}`})
	}
	s.exec(t, `UPDATE core.roles SET description = repeat('x', 20000), permissions = array_fill('users:read'::text, ARRAY[300]) WHERE id = $1`, s.acme.memberRole)
	read("over the limits")
	s.exec(t, `UPDATE core.users SET status = 'gone', email = '', display_name = ''  WHERE id = $1`, s.acme.member.id)
	read("no value of the enum")
}
