package api_test

import (
	"fmt"
	"net/url"
	"strconv"
	"strings"
	"testing"

	"github.com/lockstep-dev/lockstep/ent/schema/contract"
)

// heavy gives a tenant 70 roles of 32 kB, each held by 150 people, who are all below one. A page of the people with their
// roles would be 340 MB of JSON.
func heavy(t *testing.T, s *stack) {
	t.Helper()
	s.exec(t, `INSERT INTO core.roles (tenant_id, id, name, description, permissions, version, created_at, updated_at)
		SELECT $1, ('10000000-0000-7000-8000-' || lpad(i::text, 12, '0'))::uuid, 'Heavy role ' || i, repeat('"', 7000) || repeat(E'\x01', 3000), '{}', 1, now(), now() FROM generate_series(1, 70) i`, s.acme.id)
	s.exec(t, `INSERT INTO core.users (tenant_id, id, email, display_name, manager_id, created_at, updated_at)
		SELECT $1, ('20000000-0000-7000-8000-' || lpad(i::text, 12, '0'))::uuid, 'heavy' || i || '@example.com', 'Heavy ' || i, $2, now(), now() FROM generate_series(1, 150) i`,
		s.acme.id, s.acme.admin.id)
	s.exec(t, `INSERT INTO core.user_roles (tenant_id, id, user_id, role_id, granted_at, version, created_at, updated_at)
		SELECT $1, gen_random_uuid(), u.id, r.id, now(), 1, now(), now() FROM core.users u JOIN core.roles r ON r.tenant_id = u.tenant_id AND r.name LIKE 'Heavy%'
		WHERE u.tenant_id = $1 AND u.email LIKE 'heavy%'`, s.acme.id)
}

// broad gives a tenant 200 managers of 92 people each, and each of these the same 4 roles: 73,600 grants below one page.
func broad(t *testing.T, s *stack) {
	t.Helper()
	s.exec(t, `INSERT INTO core.roles (tenant_id, id, name, permissions, version, created_at, updated_at)
		SELECT $1, gen_random_uuid(), 'Broad ' || i, '{}', 1, now(), now() FROM generate_series(1, 4) i`, s.acme.id)
	// ANALYZE lets foreign keys be checked by their index: while the tables are empty, reading them whole is cheaper.
	for _, people := range []string{"1, 200", "201, 18600"} {
		s.exec(t, `INSERT INTO core.users (tenant_id, id, email, display_name, manager_id, created_at, updated_at)
			SELECT $1, ('30000000-0000-7000-8000-' || lpad(i::text, 12, '0'))::uuid, 'broad' || i, 'Broad ' || i,
				CASE WHEN i > 200 THEN ('30000000-0000-7000-8000-' || lpad((i % 200 + 1)::text, 12, '0'))::uuid END, now(), now()
			FROM generate_series(`+people+`) i`, s.acme.id)
		s.exec(t, `ANALYZE core.users, core.roles`)
	}
	s.exec(t, `INSERT INTO core.user_roles (tenant_id, id, user_id, role_id, granted_at, version, created_at, updated_at)
		SELECT $1, gen_random_uuid(), u.id, r.id, now(), 1, now(), now() FROM core.users u JOIN core.roles r ON r.tenant_id = u.tenant_id AND r.name LIKE 'Broad%'
		WHERE u.tenant_id = $1 AND u.manager_id IS NOT NULL AND u.email LIKE 'broad%'`, s.acme.id)
	s.exec(t, `ANALYZE core.user_roles`)
}

// TestAnswersHaveABudget asks for what would be hundreds of megabytes, in every shape that answers rows. It does not run beside
// others: it looks at what the process allocates.
func TestAnswersHaveABudget(t *testing.T) {
	s := newStack(t)
	check := func(path, token string) {
		t.Helper()
		bytes, allocated, held := s.size(t, path, token)
		t.Logf("%7d bytes, %4.1f MB allocated, %4.1f MB at once: %s", bytes, float64(allocated)/1e6, float64(held)/1e6, path)
		if bytes > contract.MaxAnswerBytes || held > 3*contract.MaxAnswerBytes || !racing && allocated > 6*contract.MaxAnswerBytes {
			t.Errorf("%s: got %d bytes, %d allocated and %d at once; want %d, and six and three times as many at most", path, bytes, allocated, held, contract.MaxAnswerBytes)
		}
	}
	admin := s.acme.admin.token
	s.exec(t, `INSERT INTO core.tenants (id, name, slug, version, created_at, updated_at) SELECT gen_random_uuid(), repeat('"', 255), 'heavy' || i, 1, now(), now() FROM generate_series(1, 300) i`)
	heavy(t, s)
	person := "/v1/users/20000000-0000-7000-8000-000000000001"
	for _, path := range []string{
		"/v1/users?limit=200&expand=roles",
		"/v1/users?limit=200&expand=managedUsers.roles",
		"/v1/users?limit=200&sort=-displayName&expand=roles.users,managedUsers.roles",
		"/v1/users?limit=200&sort=-displayName&expand=managedUsers.managedUsers,roles.users",
		"/v1/users?limit=200&expand=manager,managedUsers.manager",
		"/v1/users?limit=200&q=heavy&expand=roles&count=exact",
		"/v1/users?limit=200&q=heavy&expand=roles&count=estimated",
		"/v1/roles?limit=200",
		"/v1/roles?limit=200&sort=-name&expand=users",
		"/v1/roles?limit=200&q=heavy&expand=users.roles",
		"/v1/roles/10000000-0000-7000-8000-000000000001?expand=users.roles",
		"/v1/user-roles?limit=200&expand=user.roles,role.users,grantedBy",
		person,
		person + "?expand=roles.users,managedUsers.roles",
		"/v1/users/" + s.acme.admin.id.String() + "?expand=managedUsers.roles",
		"/v1/users/" + s.acme.manager.id.String() + "/reports?depth=20",
		"/v1/me",
	} {
		check(path, admin)
	}
	check("/v1/tenants?limit=200&count=exact", s.platform)
	broad(t, s)
	for _, path := range []string{
		"/v1/users?limit=200&q=broad&expand=managedUsers.roles",
		"/v1/users?limit=200&q=broad&expand=managedUsers,roles",
		"/v1/users?limit=200&q=broad&expand=managedUsers.managedUsers",
		"/v1/user-roles?limit=200&expand=user.managedUsers,role.users",
	} {
		check(path, admin)
	}
}

// TestAPageEndsEarlyAndTheListGoesOn walks roles that fill several answers, with one among them that is larger than any.
func TestAPageEndsEarlyAndTheListGoesOn(t *testing.T) {
	t.Parallel()
	s := newStack(t)
	heavy(t, s)
	// As it was before there were limits.
	s.exec(t, `ALTER TABLE core.roles DROP CONSTRAINT roles_description_limit`)
	s.exec(t, `UPDATE core.roles SET description = repeat(E'\x01', 1000000) WHERE name = 'Heavy role 35'`)
	for _, query := range []string{"", "&sort=name", "&sort=-name", "&q=r", "&expand=users", "&sort=name&expand=users"} {
		seen, pages, cursor := map[string]int{}, 0, ""
		for ; pages < 100; pages++ {
			got := s.check(t, call{path: "/v1/roles?limit=200" + query + cursor, token: s.acme.admin.token, status: 200})
			rows := got.body["data"].([]any)
			for _, row := range rows {
				seen[row.(map[string]any)["name"].(string)]++
			}
			if len(got.text) > contract.MaxAnswerBytes && len(rows) > 1 || len(rows) == 0 {
				t.Errorf("%s: got a page of %d rows and %d bytes", query, len(rows), len(got.text))
			}
			next, more := got.body["nextCursor"].(string)
			if !more {
				break
			}
			cursor = "&cursor=" + url.QueryEscape(next)
		}
		if len(seen) != 72 || pages < 2 {
			t.Errorf("%s: got %d roles on %d pages, want 72 on some", query, len(seen), pages+1)
		}
		for name, times := range seen {
			if times != 1 {
				t.Errorf("%s: role %s was answered %d times", query, name, times)
			}
		}
	}
	big := s.count(t, `SELECT count(*) FROM core.roles WHERE length(description) > 100000`)
	got := s.check(t, call{path: "/v1/roles/10000000-0000-7000-8000-000000000035", token: s.acme.admin.token, status: 200})
	if text, _ := got.body["description"].(string); big != 1 || len(text) != 1_000_000 {
		t.Errorf("got %d characters, want the row as it is", len(text))
	}
}

// TestExpansionsEndWithTheAnswer: of a single row the beginning of what there is is shown, for every kind of expansion.
func TestExpansionsEndWithTheAnswer(t *testing.T) {
	t.Parallel()
	s := newStack(t)
	heavy(t, s)
	token := s.acme.admin.token
	beginning := func(what string, rows any) int {
		t.Helper()
		list, ok := rows.([]any)
		if !ok {
			t.Fatalf("%s: got %T, want a list", what, rows)
		}
		for i, row := range list {
			if want := fmt.Sprintf("-%012d", i+1); !strings.HasSuffix(row.(map[string]any)["id"].(string), want) {
				t.Fatalf("%s: row %d is %v, want one that ends in %s", what, i, row.(map[string]any)["id"], want)
			}
		}
		return len(list)
	}
	one := s.check(t, call{path: "/v1/users?limit=1&sort=-createdAt&q=heavy&expand=roles", token: token, status: 200})
	if n := beginning("roles of one", one.body["data"].([]any)[0].(map[string]any)["roles"]); n != 70 {
		t.Errorf("got %d roles of one person, want all 70: there is room", n)
	}
	both := s.check(t, call{path: "/v1/users/" + s.acme.admin.id.String() + "?expand=managedUsers.roles", token: token, status: 200})
	if n := beginning("managed users", both.body["managedUsers"]); n != 100 {
		t.Errorf("got %d managed users, want 100: roles below them leave them their share", n)
	}
	detail := s.check(t, call{path: "/v1/users/20000000-0000-7000-8000-000000000001", token: token, status: 200})
	if n := beginning("roles of a detail", detail.body["roles"]); n < 30 {
		t.Errorf("got %d roles, want what fits", n)
	}
	tag := detail.header.Get("ETag")
	s.check(t, call{path: "/v1/users/20000000-0000-7000-8000-000000000001", token: token, status: 304, header: map[string]string{"If-None-Match": tag}})
}

// TestOneRowAlwaysShowsWhatItRefersTo: a role larger than any answer is shown below the grant of it, alone on its page.
func TestOneRowAlwaysShowsWhatItRefersTo(t *testing.T) {
	t.Parallel()
	s := newStack(t)
	heavy(t, s)
	// As it was before there were limits.
	s.exec(t, `ALTER TABLE core.roles DROP CONSTRAINT roles_description_limit`)
	s.exec(t, `UPDATE core.roles SET description = repeat(E'\x01', 1000000) WHERE name = 'Heavy role 35'`)
	path := "/v1/user-roles?userId=20000000-0000-7000-8000-000000000001"
	large := "10000000-0000-7000-8000-000000000035"
	shows := func(what string, grant map[string]any) {
		t.Helper()
		for _, member := range []string{"user", "role"} {
			if to, _ := grant[member].(map[string]any); to["id"] != grant[member+"Id"] {
				t.Errorf("%s: got %v, want the %s", what, to["id"], member)
			}
		}
	}
	seen, cursor := 0, ""
	for range 70 {
		page := s.check(t, call{path: path + "&limit=200&expand=user.roles,role" + cursor, token: s.acme.admin.token, status: 200})
		for _, row := range page.body["data"].([]any) {
			seen++
			grant := row.(map[string]any)
			shows("page", grant)
			if grant["roleId"] == large {
				one := s.check(t, call{path: "/v1/user-roles/" + grant["id"].(string) + "?expand=user.roles,role", token: s.acme.admin.token, status: 200})
				shows("detail", one.body)
			}
		}
		next, more := page.body["nextCursor"].(string)
		if !more {
			break
		}
		cursor = "&cursor=" + url.QueryEscape(next)
	}
	if seen != 70 {
		t.Errorf("got %d grants, want 70", seen)
	}
}

// readPages reads a list to its end and returns the rows of each page. No answer is larger than one may be.
func (s *stack) readPages(t *testing.T, path string) (pages [][]map[string]any) {
	t.Helper()
	cursor := ""
	for range 1000 {
		got := s.check(t, call{path: path + cursor, token: s.acme.admin.token, status: 200})
		if len(got.text) > contract.MaxAnswerBytes {
			t.Errorf("%s: got %d bytes, want %d at most", path, len(got.text), contract.MaxAnswerBytes)
		}
		var page []map[string]any
		for _, row := range got.body["data"].([]any) {
			page = append(page, row.(map[string]any))
		}
		pages = append(pages, page)
		next, more := got.body["nextCursor"].(string)
		if !more {
			return pages
		}
		if len(page) == 0 {
			t.Fatalf("%s: got an empty page that goes on", path)
		}
		cursor = "&cursor=" + url.QueryEscape(next)
	}
	t.Fatalf("%s: got no end", path)
	return nil
}

// TestPagesEndBeforeWhatDoesNotFit walks lists whose expansions are more than an answer holds: each row is shown once, with all
// it is related to. Rows at the end of a page were shown without roles that they have.
func TestPagesEndBeforeWhatDoesNotFit(t *testing.T) {
	t.Parallel()
	s := newStack(t)
	heavy(t, s)
	// 11 people of 20 roles are pages of several people each.
	s.exec(t, `INSERT INTO core.users (tenant_id, id, email, display_name, created_at, updated_at)
		SELECT $1, ('40000000-0000-7000-8000-' || lpad(i::text, 12, '0'))::uuid, 'light' || i || '@example.com', 'Light ' || i, now(), now() FROM generate_series(1, 11) i`, s.acme.id)
	s.exec(t, `INSERT INTO core.user_roles (tenant_id, id, user_id, role_id, granted_at, version, created_at, updated_at)
		SELECT $1, gen_random_uuid(), u.id, r.id, now(), 1, now(), now() FROM core.users u JOIN core.roles r ON r.tenant_id = u.tenant_id AND r.name LIKE 'Heavy%' AND r.id <= '10000000-0000-7000-8000-000000000020'
		WHERE u.tenant_id = $1 AND u.email LIKE 'light%'`, s.acme.id)
	related := func(row map[string]any, member string) int {
		list, _ := row[member].([]any)
		return len(list)
	}
	roles := func(want int) func(map[string]any) bool {
		return func(row map[string]any) bool { return related(row, "roles") == want }
	}
	ids := "userId=20000000-0000-7000-8000-000000000001&userId=20000000-0000-7000-8000-000000000002&userId=20000000-0000-7000-8000-000000000003"
	// refers says whether a grant shows what it is of.
	refers := func(grant map[string]any) bool {
		role, _ := grant["role"].(map[string]any)
		user, _ := grant["user"].(map[string]any)
		return role["id"] == grant["roleId"] && user["id"] == grant["userId"]
	}
	for path, c := range map[string]struct {
		rows, pages int // pages at most
		whole       func(map[string]any) bool
	}{
		"/v1/users?limit=200&q=Heavy+14&expand=roles":                     {11, 11, roles(70)},
		"/v1/users?limit=200&q=Heavy+14&sort=-displayName&expand=roles":   {11, 11, roles(70)},
		"/v1/users?limit=200&q=Light&expand=roles":                        {11, 4, roles(20)},
		"/v1/users?limit=200&q=Light&sort=-displayName&expand=roles":      {11, 4, roles(20)},
		"/v1/users?limit=5&q=Light&count=exact&expand=managedUsers,roles": {11, 8, roles(20)},
		"/v1/user-roles?limit=200&expand=role,user&" + ids:                {210, 5, refers},
		"/v1/user-roles?limit=200&expand=role,user,grantedBy&" + ids:      {210, 5, refers},
		"/v1/roles?limit=200&q=Heavy&expand=users":                        {70, 5, func(row map[string]any) bool { return related(row, "users") == 100 }},
	} {
		t.Run(path, func(t *testing.T) {
			t.Parallel()
			seen := map[any]bool{}
			pages := s.readPages(t, path)
			for _, page := range pages {
				for _, row := range page {
					if seen[row["id"]] {
						t.Errorf("row %v was answered twice", row["id"])
					}
					seen[row["id"]] = true
					if !c.whole(row) {
						t.Errorf("row %v is not shown with all it is related to", row["id"])
					}
				}
			}
			if len(seen) != c.rows || len(pages) < 2 || len(pages) > c.pages {
				t.Errorf("got %d rows on %d pages, want %d on 2 to %d", len(seen), len(pages), c.rows, c.pages)
			}
		})
	}
}

// TestExpandMoreIDsThanParameters: a statement of Postgres has 65,535 parameters, and there are 73,600 grants below this page.
func TestExpandMoreIDsThanParameters(t *testing.T) {
	t.Parallel()
	s := newStack(t)
	broad(t, s)
	got := s.check(t, call{path: "/v1/users?limit=200&q=broad&expand=managedUsers.roles", token: s.acme.admin.token, status: 200})
	rows := got.body["data"].([]any)
	for _, row := range rows {
		people := row.(map[string]any)["managedUsers"].([]any)
		if len(people) != 92 {
			t.Errorf("got %d people below one, want 92", len(people))
		}
		for _, below := range people {
			if roles := below.(map[string]any)["roles"].([]any); len(roles) != 4 {
				t.Errorf("got %d roles of one below, want 4", len(roles))
			}
		}
	}
	if _, more := got.body["nextCursor"].(string); len(rows) < 10 || !more {
		t.Errorf("got %d rows, and more of them: %v; want some, and more", len(rows), more)
	}
	if size, _ := strconv.Atoi(got.header.Get("Content-Length")); size > contract.MaxAnswerBytes {
		t.Errorf("got %d bytes, want %d at most", size, contract.MaxAnswerBytes)
	}
}
