package api_test

import (
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"

	"github.com/google/uuid"

	"github.com/lockstep-dev/lockstep/openapi"
)

func TestGetIsConditional(t *testing.T) {
	t.Parallel()
	s := newStack(t)
	path := "/v1/users/" + s.acme.manager.id.String()
	first := s.check(t, call{path: path, token: s.acme.admin.token, status: 200})
	tag := first.header.Get("ETag")
	if !strings.HasPrefix(tag, `"1-`) {
		t.Fatalf("got ETag %s, want one of version 1", tag)
	}
	same := s.check(t, call{path: path, token: s.acme.admin.token, status: 304, header: map[string]string{"If-None-Match": tag}})
	if same.text != "" || same.header.Get("ETag") != tag {
		t.Errorf("got %q with ETag %s, want nothing and %s", same.text, same.header.Get("ETag"), tag)
	}
	// Who may see less holds another representation.
	s.check(t, call{path: path, token: s.acme.member.token, status: 200, header: map[string]string{"If-None-Match": tag}})
	// A managed user's new name changes what the manager's page shows, though not the manager's row.
	s.check(t, call{method: "PATCH", path: "/v1/users/" + s.acme.member.id.String(), token: s.acme.admin.token, body: `{"displayName": "Maxi"}`, status: 200})
	s.check(t, call{path: path, token: s.acme.admin.token, status: 200, header: map[string]string{"If-None-Match": tag}})
}

func TestChangesAreConditional(t *testing.T) {
	t.Parallel()
	s := newStack(t)
	path, token := "/v1/users/"+s.acme.member.id.String(), s.acme.admin.token
	read := s.check(t, call{path: path, token: token, status: 200}).header.Get("ETag")
	match := func(tag string) map[string]string { return map[string]string{"If-Match": tag} }
	changed := s.check(t, call{method: "PATCH", path: path, token: token, body: `{"displayName": "One"}`, header: match(read), status: 200, want: `{"version": 2}`})
	before := s.fingerprint(t)
	stale := s.check(t, call{method: "PATCH", path: path, token: token, body: `{"displayName": "Two"}`, header: match(read), status: 412, code: "precondition_failed"})
	if stale.body["currentVersion"] != float64(2) {
		t.Errorf("got currentVersion %v, want 2", stale.body["currentVersion"])
	}
	s.check(t, call{method: "PATCH", path: path, token: token, body: `{}`, header: match(read), status: 412, code: "precondition_failed"})
	s.check(t, call{method: "DELETE", path: path, token: token, header: match(read), status: 412, code: "precondition_failed"})
	s.check(t, call{method: "PATCH", path: path, token: token, body: `{"displayName": "Two"}`, header: match("nonsense"), status: 400, code: "invalid_parameter", pointer: "If-Match:"})
	// Another tenant's row, and one the caller may not see, stay unknown whatever If-Match says.
	s.check(t, call{method: "PATCH", path: path, token: s.globex.admin.token, body: `{"displayName": "Two"}`, header: match(read), status: 404, code: "not_found"})
	if s.fingerprint(t) != before {
		t.Error("a refused change was written")
	}
	s.check(t, call{method: "PATCH", path: path, token: token, body: `{"displayName": "Two"}`, header: match("*"), status: 200})
	s.check(t, call{method: "PATCH", path: path, token: token, body: `{"displayName": "Three"}`, header: match(`"9-x", "3-y"`), status: 200})
	s.check(t, call{method: "PATCH", path: path, token: token, body: `{"displayName": "Four"}`, header: match(changed.header.Get("ETag")), status: 412})
}

// TestNoUpdateIsLost lets 200 writers add their letter to one row, each reading, changing and retrying on 412.
func TestNoUpdateIsLost(t *testing.T) {
	t.Parallel()
	s := newStack(t)
	path, token := "/v1/users/"+s.acme.member.id.String(), s.acme.admin.token
	s.exec(t, `UPDATE core.users SET display_name = '0' WHERE id = $1`, s.acme.member.id)
	const writers = 200
	var wait sync.WaitGroup
	errs := make(chan error, writers)
	for range writers {
		wait.Go(func() {
			for {
				read := s.do(t, call{path: path, token: token})
				n, err := strconv.Atoi(fmt.Sprint(read.body["displayName"]))
				if err != nil {
					errs <- fmt.Errorf("read: %d %s", read.status, read.text)
					return
				}
				write := s.do(t, call{method: "PATCH", path: path, token: token, body: fmt.Sprintf(`{"displayName": "%d"}`, n+1),
					header: map[string]string{"If-Match": read.header.Get("ETag")}})
				switch write.status {
				case 200:
					return
				case 412:
				default:
					errs <- fmt.Errorf("write: %d %s", write.status, write.text)
					return
				}
			}
		})
	}
	wait.Wait()
	close(errs)
	for err := range errs {
		t.Error(err)
	}
	s.check(t, call{path: path, token: token, status: 200, want: fmt.Sprintf(`{"displayName": "%d", "version": %d}`, writers, writers+1)})
}

func TestAKeyMakesAPostHappenOnce(t *testing.T) {
	t.Parallel()
	s := newStack(t)
	post := func(token, key, email string) call {
		return call{method: "POST", path: "/v1/users", token: token, body: fmt.Sprintf(`{"email": %q, "displayName": "Nea"}`, email),
			header: map[string]string{"Idempotency-Key": key}}
	}
	do := func(c call, status int, code string) answer {
		t.Helper()
		c.status, c.code = status, code
		return s.check(t, c)
	}
	first := do(post(s.acme.admin.token, "k1", "a@example.com"), 201, "")
	again := do(post(s.acme.admin.token, "k1", "a@example.com"), 201, "")
	if first.text != again.text || first.header.Get("Location") != again.header.Get("Location") || first.header.Get("ETag") != again.header.Get("ETag") {
		t.Errorf("the repetition got\n%s\nand the first\n%s", again.text, first.text)
	}
	do(post(s.acme.admin.token, "k1", "b@example.com"), 422, "idempotency_key_reused")
	do(post(s.globex.admin.token, "k1", "a@example.com"), 201, "") // another tenant's key is another key
	do(post(s.acme.admin.token, "two words", "c@example.com"), 400, "invalid_parameter")
	// A refused request leaves its key free.
	do(post(s.acme.admin.token, "k2", "a@example.com"), 409, "conflict")
	do(post(s.acme.admin.token, "k2", "d@example.com"), 201, "")
	// After a day the key is a new one.
	s.exec(t, `UPDATE core.idempotency_keys SET created_at = now() - interval '25 hours' WHERE key = 'k1'`)
	do(post(s.acme.admin.token, "k1", "e@example.com"), 201, "")
	// An administrator only: a member's key does not give them the administrator's answer.
	do(post(s.acme.member.token, "k2", "d@example.com"), 403, "permission_denied")
	if n := s.count(t, `SELECT count(*) FROM core.users WHERE display_name = 'Nea'`); n != 4 {
		t.Errorf("got %d users, want 4", n)
	}
}

func TestConcurrentRepetitionsWriteOnce(t *testing.T) {
	t.Parallel()
	s := newStack(t)
	const senders = 200
	answers := make(chan string, senders)
	for range senders {
		go func() {
			got := s.do(t, call{method: "POST", path: "/v1/users", token: s.acme.admin.token, body: `{"email": "once@example.com", "displayName": "Once"}`,
				header: map[string]string{"Idempotency-Key": "the-same"}})
			answers <- fmt.Sprint(got.status, got.header.Get("Location"), got.text)
		}()
	}
	want := <-answers
	if !strings.HasPrefix(want, "201 /v1/users/") && !strings.HasPrefix(want, "201/v1/users/") {
		t.Fatalf("got %s, want a created user", want)
	}
	for range senders - 1 {
		if got := <-answers; got != want {
			t.Errorf("got %s, want %s", got, want)
		}
	}
	if n := s.count(t, `SELECT count(*) FROM core.users WHERE email = 'once@example.com'`); n != 1 {
		t.Errorf("got %d rows, want 1", n)
	}
}

func TestEveryPostTakesAKey(t *testing.T) {
	t.Parallel()
	var document struct {
		Paths map[string]map[string]struct {
			OperationID string
			Parameters  []struct{ Name, In string }
		}
	}
	if err := json.Unmarshal(openapi.Document, &document); err != nil {
		t.Fatal(err)
	}
	posts := 0
	for path, methods := range document.Paths {
		post, ok := methods["post"]
		if !ok {
			continue
		}
		posts++
		if !slices.ContainsFunc(post.Parameters, func(p struct{ Name, In string }) bool { return p.Name == "Idempotency-Key" && p.In == "header" }) {
			t.Errorf("POST %s takes no Idempotency-Key", path)
		}
	}
	if posts < 5 {
		t.Errorf("got %d POST operations, want the generated and the custom ones", posts)
	}
}

func TestAKeyMakesACustomPostHappenOnce(t *testing.T) {
	t.Parallel()
	s := newStack(t)
	key := map[string]string{"Idempotency-Key": "once"}
	twice := func(c call) (first, again answer) {
		t.Helper()
		c.header = key
		first, again = s.check(t, c), s.check(t, c)
		if first.text != again.text || first.header.Get("Location") != again.header.Get("Location") || first.header.Get("ETag") != again.header.Get("ETag") {
			t.Errorf("the repetition of %s got\n%s\nand the first\n%s", c.path, again.text, first.text)
		}
		return first, again
	}

	deactivate := func(id uuid.UUID) string { return "/v1/users/" + id.String() + "/deactivate" }
	other := s.addUser(t, s.acme.id, "other@example.com", "Other", nil)
	twice(call{method: "POST", path: deactivate(s.acme.member.id), token: s.acme.admin.token, status: 200})
	// Switched on again, a repetition does not switch it off: it has happened.
	s.check(t, call{method: "PATCH", path: "/v1/users/" + s.acme.member.id.String(), token: s.acme.admin.token, body: `{"status": "active"}`, status: 200})
	s.check(t, call{method: "POST", path: deactivate(s.acme.member.id), token: s.acme.admin.token, header: key, status: 200, want: `{"status": "inactive"}`})
	if n := s.count(t, `SELECT count(*) FROM core.users WHERE id = '`+s.acme.member.id.String()+`' AND status = 'active'`); n != 1 {
		t.Error("the repetition happened")
	}
	s.check(t, call{method: "POST", path: deactivate(other.id), token: s.acme.admin.token, header: key, status: 422, code: "idempotency_key_reused"})

	tenant := call{method: "POST", path: "/v1/tenants", token: s.platform, status: 201,
		body: `{"name": "New", "slug": "new", "administrator": {"email": "a@example.com", "displayName": "A"}}`}
	twice(tenant)
	if n := s.count(t, `SELECT count(*) FROM core.tenants WHERE slug = 'new'`); n != 1 {
		t.Errorf("got %d tenants, want one", n)
	}
	tenant.header, tenant.status, tenant.code, tenant.body = key, 422, "idempotency_key_reused", strings.Replace(tenant.body, `"new"`, `"newer"`, 1)
	s.check(t, tenant)
	if n := s.count(t, `SELECT count(*) FROM core.tenants WHERE slug = 'newer'`); n != 0 {
		t.Error("the other body was written")
	}
	// After a day the key is free again, and the one of before is gone.
	s.exec(t, `UPDATE core.platform_idempotency_keys SET created_at = now() - interval '25 hours'`)
	tenant.status, tenant.code = 201, ""
	s.check(t, tenant)
	if n := s.count(t, `SELECT count(DISTINCT key) FROM core.platform_idempotency_keys WHERE created_at > now() - interval '1 day'`); n != 1 {
		t.Errorf("got %d keys, want the new one", n)
	}
	if n := s.count(t, `SELECT count(*) FROM core.platform_idempotency_keys WHERE created_at < now() - interval '1 day'`); n != 0 {
		t.Errorf("got %d rows of the key of before, want none", n)
	}
}

// TestAReplayTellsNothingOfADeletedRow repeats creations whose rows were deleted since: the stored answer has all that the row had.
// Who may create and not read gets it while the row is there.
func TestAReplayTellsNothingOfADeletedRow(t *testing.T) {
	t.Parallel()
	s := newStack(t)
	key := map[string]string{"Idempotency-Key": "once"}
	role := s.addRole(t, s.acme.id, "Writer", "users:create")
	writer := s.addUser(t, s.acme.id, "writer@example.com", "Writer", nil, role)
	for name, c := range map[string]struct {
		path, body string
		token      string
	}{
		"a user":                          {"/v1/users", `{"email": "gone@example.com", "displayName": "Gone"}`, s.acme.admin.token},
		"a user, by one who reads nobody": {"/v1/users", `{"email": "gone2@example.com", "displayName": "Gone"}`, writer.token},
		"a role":                          {"/v1/roles", `{"name": "Gone", "permissions": []}`, s.acme.admin.token},
		"a grant":                         {"/v1/user-roles", fmt.Sprintf(`{"userId": %q, "roleId": %q}`, s.acme.manager.id, role), s.acme.admin.token},
	} {
		post := call{name: name, method: "POST", path: c.path, token: c.token, body: c.body, header: key, status: 201}
		first, again := s.check(t, post), s.check(t, post)
		if first.text != again.text {
			t.Errorf("%s: the repetition got\n%s\nand the first\n%s", name, again.text, first.text)
		}
		s.check(t, call{method: "DELETE", path: first.header.Get("Location"), token: s.acme.admin.token, status: 204})
		rows := s.rowsOf(t, s.acme.id)
		post.status, post.code, post.absent = 404, "not_found", []string{"gone", "Gone"}
		post.want = `{"detail": "The request was answered before, and what it made has been deleted since."}`
		s.check(t, post)
		if after := s.rowsOf(t, s.acme.id); fmt.Sprint(after) != fmt.Sprint(rows) {
			t.Errorf("%s: the repetition made rows: %v, before %v", name, after, rows)
		}
	}
}
