package api_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/google/uuid"
)

func TestGetUserAnswersRolesAndManagedUsers(t *testing.T) {
	t.Parallel()
	s := newStack(t)
	got := s.check(t, call{path: "/v1/users/" + s.acme.manager.id.String(), token: s.acme.admin.token, status: 200,
		want: fmt.Sprintf(`{"id": %q, "email": "manager@example.com", "displayName": "Mara Manager", "status": "active",
			"tenantId": %q, "managerId": null, "version": 1}`, s.acme.manager.id, s.acme.id)})
	if text, _ := got.body["createdAt"].(string); text == "" {
		t.Errorf("no createdAt in %s", got.text)
	}
	if got, want := names(got.body["roles"], "name"), "Member"; got != want {
		t.Errorf("got roles %s, want %s", got, want)
	}
	if got, want := names(got.body["managedUsers"], "displayName"), "Ada Admin, Max Member"; got != want {
		t.Errorf("got managed users %s, want %s", got, want)
	}
}

func TestExpansionsNeedTheirOwnPermission(t *testing.T) {
	t.Parallel()
	s := newStack(t)
	s.check(t, call{path: "/v1/users/" + s.acme.admin.id.String(), token: s.acme.member.token, status: 200,
		want: `{"displayName": "Ada Admin", "roles": [], "managedUsers": []}`})
}

func TestCreateUser(t *testing.T) {
	t.Parallel()
	s := newStack(t)
	got := s.check(t, call{method: "POST", path: "/v1/users", token: s.acme.admin.token, status: 201,
		body: fmt.Sprintf(`{"email": "new@example.com", "displayName": "Nea New", "managerId": %q}`, s.acme.manager.id),
		want: fmt.Sprintf(`{"email": "new@example.com", "status": "active", "version": 1, "tenantId": %q, "managerId": %q}`, s.acme.id, s.acme.manager.id)})
	id, _ := got.body["id"].(string)
	if got, want := got.header.Get("Location"), "/v1/users/"+id; got != want {
		t.Errorf("got Location %q, want %q", got, want)
	}
	if n := s.count(t, `SELECT count(*) FROM core.users WHERE tenant_id = $1 AND id = $2 AND created_at = updated_at`, s.acme.id, id); n != 1 {
		t.Errorf("got %d rows, want 1", n)
	}
}

func TestUpdateUserIsAMergePatch(t *testing.T) {
	t.Parallel()
	s := newStack(t)
	path := "/v1/users/" + s.acme.member.id.String()
	for _, c := range []call{
		{name: "value sets", body: `{"displayName": "Maxi"}`, want: fmt.Sprintf(`{"displayName": "Maxi", "managerId": %q, "version": 2}`, s.acme.manager.id)},
		{name: "null clears", body: `{"managerId": null}`, want: `{"displayName": "Maxi", "managerId": null, "version": 3}`},
		{name: "absent stays", body: `{}`, want: `{"displayName": "Maxi", "managerId": null, "version": 3}`},
		{name: "merge-patch media type", body: `{"status": "inactive"}`, header: map[string]string{"Content-Type": "application/merge-patch+json"},
			want: `{"displayName": "Maxi", "status": "inactive", "version": 4}`},
	} {
		c.method, c.path, c.token, c.status = "PATCH", path, s.acme.admin.token, 200
		s.check(t, c)
	}
	if n := s.count(t, `SELECT count(*) FROM core.users WHERE id = $1 AND updated_at > created_at`, s.acme.member.id); n != 1 {
		t.Error("updated_at did not move")
	}
}

func TestListUsersPagesThroughAllOnce(t *testing.T) {
	t.Parallel()
	s := newStack(t)
	want := map[string]bool{s.acme.manager.id.String(): true, s.acme.admin.id.String(): true, s.acme.member.id.String(): true}
	for i := range 20 {
		want[s.addUser(t, s.acme.id, fmt.Sprintf("u%d@example.com", i), "U", nil).id.String()] = true
	}
	seen, previous, cursor := map[string]bool{}, "", ""
	for pages := 0; ; pages++ {
		got := s.check(t, call{path: "/v1/users?limit=7" + cursor, token: s.acme.member.token, status: 200})
		rows, _ := got.body["data"].([]any)
		for _, row := range rows {
			id := row.(map[string]any)["id"].(string)
			if seen[id] || !want[id] || id <= previous {
				t.Fatalf("row %s: seen before %t, of this tenant %t, after %s", id, seen[id], want[id], previous)
			}
			seen[id], previous = true, id
		}
		next, more := got.body["nextCursor"].(string)
		if !more {
			break
		}
		if cursor = "&cursor=" + next; pages > 10 {
			t.Fatal("the list does not end")
		}
	}
	if len(seen) != len(want) {
		t.Errorf("got %d users, want %d", len(seen), len(want))
	}
}

func TestDeleteUser(t *testing.T) {
	t.Parallel()
	s := newStack(t)
	lone := s.addUser(t, s.acme.id, "lone@example.com", "Lone", nil)
	path := "/v1/users/" + lone.id.String()
	s.check(t, call{method: "DELETE", path: path, token: s.acme.admin.token, status: 204})
	s.check(t, call{method: "DELETE", path: path, token: s.acme.admin.token, status: 404, code: "not_found"})
	before := s.fingerprint(t)
	got := s.check(t, call{method: "DELETE", path: "/v1/users/" + s.acme.manager.id.String(), token: s.acme.admin.token, status: 409, code: "still_referenced"})
	if detail, _ := got.body["detail"].(string); !strings.Contains(detail, "managerId") && !strings.Contains(detail, "userId") {
		t.Errorf("got detail %q, want the field that refers", detail)
	}
	if s.fingerprint(t) != before {
		t.Error("a refused delete changed something")
	}
}

func TestRefusedBodiesPointToTheFieldAndWriteNothing(t *testing.T) {
	t.Parallel()
	s := newStack(t)
	long := strings.Repeat("x", 256)
	user := "/v1/users/" + s.acme.member.id.String()
	before := s.fingerprint(t)
	for _, c := range []call{
		{name: "bad JSON", method: "POST", path: "/v1/users", body: `{"email": `, status: 400, code: "invalid_json"},
		{name: "no body", method: "POST", path: "/v1/users", header: map[string]string{"Content-Type": "application/json"}, status: 400, code: "invalid_json"},
		{name: "two objects", method: "POST", path: "/v1/users", body: `{"email": "a@b.c", "displayName": "A"} {}`, status: 400, code: "invalid_json"},
		{name: "array", method: "POST", path: "/v1/users", body: `[]`, status: 422, code: "validation_failed"},
		{name: "unknown field", method: "POST", path: "/v1/users", body: `{"email": "a@b.c", "displayName": "A", "admin": true}`, status: 422, code: "validation_failed", pointer: "/admin"},
		{name: "server-owned field", method: "POST", path: "/v1/users", body: fmt.Sprintf(`{"email": "a@b.c", "displayName": "A", "tenantId": %q}`, s.globex.id), status: 422, code: "validation_failed", pointer: "/tenantId"},
		{name: "missing field", method: "POST", path: "/v1/users", body: `{"email": "a@b.c"}`, status: 422, code: "validation_failed", pointer: "/displayName"},
		{name: "too long", method: "POST", path: "/v1/users", body: fmt.Sprintf(`{"email": "a@b.c", "displayName": %q}`, long), status: 422, code: "validation_failed", pointer: "/displayName"},
		{name: "too short", method: "POST", path: "/v1/users", body: `{"email": "", "displayName": "A"}`, status: 422, code: "validation_failed", pointer: "/email"},
		{name: "bad enum", method: "POST", path: "/v1/users", body: `{"email": "a@b.c", "displayName": "A", "status": "gone"}`, status: 422, code: "validation_failed", pointer: "/status"},
		{name: "wrong type", method: "POST", path: "/v1/users", body: `{"email": 7, "displayName": "A"}`, status: 422, code: "validation_failed", pointer: "/email"},
		{name: "null for a required value", method: "PATCH", path: user, body: `{"displayName": null}`, status: 422, code: "validation_failed", pointer: "/displayName"},
		{name: "bad uuid", method: "POST", path: "/v1/users", body: `{"email": "a@b.c", "displayName": "A", "managerId": "x"}`, status: 422, code: "validation_failed", pointer: "/managerId"},
		{name: "no such manager", method: "POST", path: "/v1/users", body: fmt.Sprintf(`{"email": "a@b.c", "displayName": "A", "managerId": %q}`, newID()), status: 422, code: "reference_not_found", pointer: "/managerId"},
		{name: "manager of another tenant", method: "POST", path: "/v1/users", body: fmt.Sprintf(`{"email": "a@b.c", "displayName": "A", "managerId": %q}`, s.globex.admin.id), status: 422, code: "reference_not_found", pointer: "/managerId"},
		{name: "taken e-mail", method: "POST", path: "/v1/users", body: `{"email": "admin@example.com", "displayName": "A"}`, status: 409, code: "conflict", pointer: "/email", absent: []string{"SQLSTATE", "users_tenant_id", "Ada"}},
		{name: "taken e-mail by update", method: "PATCH", path: user, body: `{"email": "admin@example.com"}`, status: 409, code: "conflict", pointer: "/email"},
		{name: "zero byte", method: "POST", path: "/v1/users", body: `{"email": "a@b.c", "displayName": "A\u0000"}`, status: 422, code: "validation_failed"},
		{name: "body too large", method: "POST", path: "/v1/users", body: fmt.Sprintf(`{"email": "a@b.c", "displayName": %q}`, strings.Repeat("x", 65<<10)), status: 413, code: "payload_too_large"},
		{name: "wrong media type", method: "POST", path: "/v1/users", body: `email=a`, header: map[string]string{"Content-Type": "application/x-www-form-urlencoded"}, status: 415, code: "unsupported_media_type"},
		{name: "no media type", method: "POST", path: "/v1/users", body: `{}`, header: map[string]string{"Content-Type": ""}, status: 415, code: "unsupported_media_type"},
		{name: "bad id", path: "/v1/users/7", status: 400, code: "invalid_parameter", pointer: "?id"},
		{name: "bad cursor", path: "/v1/users?cursor=abc", status: 400, code: "invalid_cursor", pointer: "?cursor"},
		{name: "limit zero", path: "/v1/users?limit=0", status: 400, code: "invalid_parameter", pointer: "?limit"},
		{name: "limit too large", path: "/v1/users?limit=201", status: 400, code: "invalid_parameter", pointer: "?limit"},
		{name: "limit no number", path: "/v1/users?limit=x", status: 400, code: "invalid_parameter", pointer: "?limit"},
		{name: "no such path", path: "/v1/nothing", status: 404, code: "route_not_found"},
		{name: "no such method", method: "PUT", path: "/v1/users", body: `{}`, status: 405, code: "method_not_allowed"},
	} {
		t.Run(c.name, func(t *testing.T) {
			c.token = s.acme.admin.token
			s.check(t, c)
		})
	}
	if s.fingerprint(t) != before {
		t.Error("a refused request changed something")
	}
}

// names joins one member of each object of an array.
func names(rows any, member string) string {
	var out []string
	list, _ := rows.([]any)
	for _, row := range list {
		text, _ := row.(map[string]any)[member].(string)
		out = append(out, text)
	}
	return strings.Join(out, ", ")
}

func TestTimesKeepMicroseconds(t *testing.T) {
	t.Parallel()
	s := newStack(t)
	s.exec(t, `UPDATE core.users SET created_at = '2026-01-02 03:04:05.123456+00' WHERE id = $1`, s.acme.member.id)
	s.check(t, call{path: "/v1/users/" + s.acme.member.id.String(), token: s.acme.admin.token, status: 200,
		want: `{"createdAt": "2026-01-02T03:04:05.123456Z"}`})
}

func TestAnswersOfManyUsersDoNotMix(t *testing.T) {
	t.Parallel()
	s := newStack(t)
	done := make(chan error)
	people := []person{s.acme.admin, s.acme.member, s.globex.admin, s.globex.member}
	for _, p := range people {
		go func() {
			for range 50 {
				got := s.do(t, call{path: "/v1/users/" + p.id.String(), token: p.token})
				var body struct{ ID uuid.UUID }
				if err := json.Unmarshal([]byte(got.text), &body); err != nil || got.status != http.StatusOK || body.ID != p.id {
					done <- fmt.Errorf("user %s got %d %s", p.id, got.status, got.text)
					return
				}
			}
			done <- nil
		}()
	}
	for range people {
		if err := <-done; err != nil {
			t.Error(err)
		}
	}
}
