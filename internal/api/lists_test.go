package api_test

import (
	"fmt"
	"net/url"
	"slices"
	"strings"
	"testing"

	"github.com/google/uuid"
)

// walk reads a list to its end and returns one member of each row, in order.
func (s *stack) walk(t *testing.T, token, path, member string) []string {
	t.Helper()
	var out []string
	cursor := ""
	for pages := 0; ; pages++ {
		separator := "?"
		if strings.Contains(path, "?") {
			separator = "&"
		}
		got := s.check(t, call{path: path + separator + "limit=3" + cursor, token: token, status: 200})
		for _, row := range got.body["data"].([]any) {
			text, _ := row.(map[string]any)[member].(string)
			out = append(out, text)
		}
		next, more := got.body["nextCursor"].(string)
		if !more {
			return out
		}
		if cursor = "&cursor=" + url.QueryEscape(next); pages > 50 {
			t.Fatal("the list does not end")
		}
	}
}

// crowd adds users with equal and distinct sort keys.
func crowd(t *testing.T, s *stack) {
	t.Helper()
	for i := range 11 {
		p := s.addUser(t, s.acme.id, fmt.Sprintf("crowd%d@example.com", i), fmt.Sprintf("Crowd %d", i%4), &s.acme.manager.id)
		s.exec(t, `UPDATE core.users SET created_at = '2026-01-01'::timestamptz + $2 * interval '1 microsecond', status = $3 WHERE id = $1`,
			p.id, i/3, []string{"active", "inactive"}[i%2])
	}
}

func TestListOrders(t *testing.T) {
	t.Parallel()
	s := newStack(t)
	crowd(t, s)
	token := s.acme.admin.token
	for _, sort := range []string{"displayName", "-displayName", "createdAt", "-createdAt", "createdAt,displayName", "-createdAt,displayName", "displayName,-createdAt"} {
		t.Run(sort, func(t *testing.T) {
			columns := strings.NewReplacer("displayName", "display_name", "createdAt", "created_at").Replace(sort)
			var order []string
			for column := range strings.SplitSeq(columns, ",") {
				if name, descending := strings.CutPrefix(column, "-"); descending {
					order = append(order, name+" DESC")
				} else {
					order = append(order, name)
				}
			}
			id := "id"
			if strings.HasSuffix(order[len(order)-1], "DESC") {
				id = "id DESC"
			}
			rows, err := s.owner.Query(t.Context(), `SELECT id::text FROM core.users WHERE tenant_id = $1 ORDER BY `+strings.Join(append(order, id), ", "), s.acme.id)
			if err != nil {
				t.Fatal(err)
			}
			var want []string
			for rows.Next() {
				var id string
				if err := rows.Scan(&id); err != nil {
					t.Fatal(err)
				}
				want = append(want, id)
			}
			if got := s.walk(t, token, "/v1/users?sort="+sort, "id"); !slices.Equal(got, want) {
				t.Errorf("got\n%v\nwant\n%v", got, want)
			}
		})
	}
}

func TestListFilters(t *testing.T) {
	t.Parallel()
	s := newStack(t)
	crowd(t, s)
	token := s.acme.admin.token
	for query, want := range map[string]string{
		"status=inactive":                         `status = 'inactive'`,
		"status=inactive&status=active":           `true`,
		"managerIdNull=true":                      `manager_id IS NULL`,
		"managerIdNull=false":                     `manager_id IS NOT NULL`,
		"managerId=" + s.acme.manager.id.String(): `manager_id = '` + s.acme.manager.id.String() + `'`,
		"managerId=" + newID().String():           `false`,
		"createdAt[gte]=2026-01-01T00:00:00.000001Z&createdAt[lt]=2026-01-01T00:00:00.000003Z": `created_at >= '2026-01-01T00:00:00.000001Z' AND created_at < '2026-01-01T00:00:00.000003Z'`,
		"createdAt[gt]=2026-01-01T00:00:00Z&createdAt[lte]=2026-01-01T00:00:00.000001Z":        `created_at > '2026-01-01T00:00:00Z' AND created_at <= '2026-01-01T00:00:00.000001Z'`,
		"roleId=" + s.acme.adminRole.String():                                                  `id = '` + s.acme.admin.id.String() + `'`,
		"roleId=" + s.acme.adminRole.String() + "&roleId=" + s.acme.memberRole.String():        `display_name NOT LIKE 'Crowd%'`,
		"roleId=" + s.globex.adminRole.String():                                                `false`,
		"q=crowd+1":                                                                            `display_name = 'Crowd 1'`,
		"q=ADMIN@EXAMPLE":                                                                      `email LIKE 'admin@%'`,
		"q=%25":                                                                                `false`,
		"q=_":                                                                                  `false`,
		"status=active&q=crowd&sort=-displayName":                                              `status = 'active' AND display_name LIKE 'Crowd%'`,
	} {
		t.Run(query, func(t *testing.T) {
			var expected int
			if err := s.owner.QueryRow(t.Context(), `SELECT count(*) FROM core.users WHERE tenant_id = $1 AND (`+want+`)`, s.acme.id).Scan(&expected); err != nil {
				t.Fatal(err)
			}
			if got := s.walk(t, token, "/v1/users?"+query, "id"); len(got) != expected {
				t.Errorf("got %d rows, want %d", len(got), expected)
			}
			total := s.check(t, call{path: "/v1/users?limit=1&count=exact&" + query, token: token, status: 200})
			if total.body["totalCount"] != float64(expected) {
				t.Errorf("got totalCount %v, want %d", total.body["totalCount"], expected)
			}
		})
	}
}

// TestCountsAreOfTheCallersRows: the planner's estimate of 2 inactive users was 9,533 once another tenant had 20,000 people.
func TestCountsAreOfTheCallersRows(t *testing.T) {
	t.Parallel()
	s := newStack(t)
	crowd(t, s)
	add := func(tenant uuid.UUID, status string, n int) {
		t.Helper()
		s.exec(t, `INSERT INTO core.users (tenant_id, id, email, display_name, status, created_at, updated_at)
			SELECT $1, gen_random_uuid(), $2 || i, 'Many', $2, now(), now() FROM generate_series(1, $3::int) i`, tenant, status, n)
		s.exec(t, `ANALYZE core.users`)
	}
	add(s.globex.id, "inactive", 20_000)
	counted := func(token, query string, total int, relation string) {
		t.Helper()
		s.check(t, call{name: query, path: "/v1/users?limit=1&" + query, token: token, status: 200,
			want: fmt.Sprintf(`{"totalCount": %d, "totalCountRelation": %q}`, total, relation)})
	}
	for _, query := range []string{"count=estimated", "count=exact"} {
		counted(s.acme.admin.token, query, 14, "eq")
		counted(s.acme.admin.token, query+"&status=inactive", 5, "eq")
		counted(s.acme.admin.token, query+"&q=many", 0, "eq")
		counted(s.acme.manager.token, query, 14, "eq")
	}
	counted(s.globex.admin.token, "count=estimated", 10_000, "gte")
	counted(s.globex.admin.token, "count=exact", 20_003, "eq")
	add(s.acme.id, "active", 10_000-14)
	counted(s.acme.admin.token, "count=estimated", 10_000, "eq")
	s.addUser(t, s.acme.id, "last@example.com", "Last", nil)
	counted(s.acme.admin.token, "count=estimated", 10_000, "gte")
	uncounted := s.check(t, call{path: "/v1/users?limit=1", token: s.acme.admin.token, status: 200})
	for _, member := range []string{"totalCount", "totalCountRelation"} {
		if _, there := uncounted.body[member]; there {
			t.Errorf("got %s unasked: %v", member, uncounted.body)
		}
	}
}

// TestManyValuesAreOneParameter sends as many values as the contract allows, each of them twice or not.
func TestManyValuesAreOneParameter(t *testing.T) {
	t.Parallel()
	s := newStack(t)
	crowd(t, s)
	token := s.acme.admin.token
	repeat := func(name string, values ...string) string {
		var query []string
		for i := range 100 {
			query = append(query, name+"="+values[i%len(values)])
		}
		return strings.Join(query, "&")
	}
	ids := make([]string, 100)
	for i := range ids {
		ids[i] = newID().String()
	}
	ids[7], ids[93] = s.acme.manager.id.String(), s.acme.manager.id.String()
	if got := s.walk(t, token, "/v1/users?"+repeat("managerId", ids...), "id"); len(got) != 13 {
		t.Errorf("got %d people, want the manager's 13", len(got))
	}
	if got := s.walk(t, token, "/v1/users?"+repeat("status", "active", "inactive"), "id"); len(got) != 14 {
		t.Errorf("got %d people, want all 14", len(got))
	}
	if got := s.walk(t, token, "/v1/users?"+repeat("status", "inactive"), "id"); len(got) != 5 {
		t.Errorf("got %d people, want 5", len(got))
	}
	ids[7] = s.acme.memberRole.String()
	if got := s.walk(t, token, "/v1/users?"+repeat("roleId", ids...), "id"); len(got) != 2 {
		t.Errorf("got %d people, want the role's 2", len(got))
	}
	if got := s.walk(t, token, "/v1/roles?"+repeat("name", "Member", "Nobody", "Administrator"), "id"); len(got) != 2 {
		t.Errorf("got %d roles, want 2", len(got))
	}
	var tags []string
	for version := range 100 {
		tags = append(tags, fmt.Sprintf(`"%d-x"`, version))
	}
	s.check(t, call{method: "PATCH", path: "/v1/users/" + s.acme.member.id.String(), token: token, body: `{"displayName": "Max"}`, status: 200,
		header: map[string]string{"If-Match": strings.Join(tags, ", ")}})
}

func TestListsDoNotTellOfHiddenFields(t *testing.T) {
	t.Parallel()
	s := newStack(t)
	// The member may not see e-mail addresses, so searching must not find people by them.
	if got := s.walk(t, s.acme.member.token, "/v1/users?q=admin@example", "id"); len(got) != 0 {
		t.Errorf("got %v, want nobody", got)
	}
	if got := s.walk(t, s.acme.member.token, "/v1/users?q=ada", "id"); len(got) != 1 {
		t.Errorf("got %v, want one by name", got)
	}
}

func TestCursorsBelongToTheirOrderAndFilters(t *testing.T) {
	t.Parallel()
	s := newStack(t)
	crowd(t, s)
	token := s.acme.admin.token
	first := s.check(t, call{path: "/v1/users?limit=2&sort=displayName&status=active", token: token, status: 200})
	cursor := url.QueryEscape(first.body["nextCursor"].(string))
	s.check(t, call{path: "/v1/users?limit=5&count=exact&sort=displayName&status=active&cursor=" + cursor, token: token, status: 200})
	for _, query := range []string{"", "sort=displayName", "sort=-displayName&status=active", "sort=displayName&status=inactive", "sort=displayName&status=active&q=a"} {
		s.check(t, call{path: "/v1/users?" + query + "&cursor=" + cursor, token: token, status: 400, code: "invalid_cursor", pointer: "?cursor"})
	}
	s.check(t, call{path: "/v1/roles?cursor=" + cursor, token: token, status: 400, code: "invalid_cursor"})
	for query, pointer := range map[string]string{
		"sort=email": "?sort", "sort=displayName,-displayName,createdAt": "?sort", "status=gone": "?status", "createdAt[gte]=yesterday": "?createdAt[gte]",
		"createdAt[near]=2026-01-01T00:00:00Z": "?createdAt[near]", "statuss=active": "?statuss", "managerId=x": "?managerId", "count=roughly": "?count", "q=": "?q",
	} {
		s.check(t, call{name: query, path: "/v1/users?" + query, token: token, status: 400, code: "invalid_parameter", pointer: pointer})
	}
}

// TestListsAreStableWhileRowsAreAdded reads a list while rows are added before and behind the cursor.
func TestListsAreStableWhileRowsAreAdded(t *testing.T) {
	t.Parallel()
	s := newStack(t)
	crowd(t, s)
	before := s.walk(t, s.acme.admin.token, "/v1/users?sort=displayName", "id")
	seen, cursor := map[string]int{}, ""
	for i := 0; ; i++ {
		got := s.check(t, call{path: "/v1/users?sort=displayName&limit=2" + cursor, token: s.acme.admin.token, status: 200})
		for _, row := range got.body["data"].([]any) {
			seen[row.(map[string]any)["id"].(string)]++
		}
		next, more := got.body["nextCursor"].(string)
		if !more || i > 40 {
			break
		}
		cursor = "&cursor=" + url.QueryEscape(next)
		s.addUser(t, s.acme.id, fmt.Sprintf("late%d@example.com", i), "Aaron", nil)
	}
	for _, id := range before {
		if seen[id] != 1 {
			t.Errorf("row %s was answered %d times, want once", id, seen[id])
		}
	}
}
