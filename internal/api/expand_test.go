package api_test

import (
	"fmt"
	"slices"
	"testing"
)

func TestExpandLists(t *testing.T) {
	t.Parallel()
	s := newStack(t)
	token := s.acme.admin.token
	got := s.check(t, call{path: "/v1/users?sort=displayName&expand=roles,managedUsers.roles", token: token, status: 200})
	text := ""
	for _, row := range got.body["data"].([]any) {
		user := row.(map[string]any)
		text += fmt.Sprintf("%s [%s]", user["displayName"], names(user["roles"], "name"))
		for _, below := range user["managedUsers"].([]any) {
			report := below.(map[string]any)
			text += fmt.Sprintf(" > %s [%s]", report["displayName"], names(report["roles"], "name"))
			if _, expanded := report["managedUsers"]; expanded {
				t.Errorf("an expansion nobody asked for: %v", report)
			}
		}
		text += "\n"
	}
	want := "Ada Admin [Administrator]\nMara Manager [Member] > Ada Admin [Administrator] > Max Member [Member]\nMax Member [Member]\n"
	if text != want {
		t.Errorf("got\n%swant\n%s", text, want)
	}
	plain := s.check(t, call{path: "/v1/users", token: token, status: 200})
	for _, row := range plain.body["data"].([]any) {
		if _, expanded := row.(map[string]any)["roles"]; expanded {
			t.Errorf("an expansion nobody asked for: %v", row)
		}
	}
	// To one row: who holds which role.
	grants := s.check(t, call{path: "/v1/user-roles?expand=user,role.users", token: token, status: 200})
	for _, row := range grants.body["data"].([]any) {
		grant := row.(map[string]any)
		user, role := grant["user"].(map[string]any), grant["role"].(map[string]any)
		if user["id"] != grant["userId"] || role["id"] != grant["roleId"] || len(role["users"].([]any)) == 0 {
			t.Errorf("got %v, want its user and its role with users", grant)
		}
	}
	s.check(t, call{path: "/v1/users?expand=secrets", token: token, status: 400, code: "invalid_parameter", pointer: "?expand"})
	s.check(t, call{path: "/v1/users?expand=roles.users.roles", token: token, status: 400, code: "invalid_parameter", pointer: "?expand"})
}

func TestExpandGet(t *testing.T) {
	t.Parallel()
	s := newStack(t)
	got := s.check(t, call{path: "/v1/users/" + s.acme.manager.id.String() + "?expand=managedUsers.roles", token: s.acme.admin.token, status: 200})
	if got, want := names(got.body["roles"], "name"), "Member"; got != want {
		t.Errorf("got roles %s, want the default expansion %s", got, want)
	}
	for _, row := range got.body["managedUsers"].([]any) {
		if roles := row.(map[string]any)["roles"].([]any); len(roles) != 1 {
			t.Errorf("got roles %v below %v, want one", roles, row)
		}
	}
	role := s.check(t, call{path: "/v1/roles/" + s.acme.memberRole.String() + "?expand=users", token: s.acme.admin.token, status: 200})
	if got, want := names(role.body["users"], "displayName"), "Mara Manager, Max Member"; got != want {
		t.Errorf("got users %s, want %s", got, want)
	}
}

func TestExpansionsHoldOnlyWhatTheCallerMayRead(t *testing.T) {
	t.Parallel()
	s := newStack(t)
	got := s.check(t, call{path: "/v1/users?expand=roles,managedUsers", token: s.acme.member.token, status: 200, absent: []string{"Administrator", "admin@example.com"}})
	for _, row := range got.body["data"].([]any) {
		if roles := row.(map[string]any)["roles"].([]any); len(roles) != 0 {
			t.Errorf("got roles %v for a caller without roles:read, want none", roles)
		}
	}
}

// TestExpandInACircle shows who manages somebody, which leads back to users: to depth one, as far as the caller may read it.
func TestExpandInACircle(t *testing.T) {
	t.Parallel()
	s := newStack(t)
	of := func(user any) string {
		manager, shown := user.(map[string]any)["manager"].(map[string]any)
		if !shown {
			return "nobody"
		}
		for _, name := range []string{"manager", "managedUsers", "roles"} {
			if _, expanded := manager[name]; expanded {
				t.Errorf("got %s of a manager, who is shown to depth one", name)
			}
		}
		return fmt.Sprintf("%s %v", manager["displayName"], manager["email"])
	}
	alone := s.addUser(t, s.acme.id, "alone@example.com", "Zoe Alone", &s.acme.manager.id)
	mara := "Mara Manager manager@example.com"
	for name, c := range map[string]struct {
		token, want string
	}{
		"an administrator":     {s.acme.admin.token, mara},
		"the manager":          {s.acme.manager.token, mara},
		"a reader without PII": {s.acme.member.token, "Mara Manager <nil>"},
		"who reads itself":     {alone.token, "nobody"},
	} {
		got := s.check(t, call{path: "/v1/users/" + alone.id.String() + "?expand=manager", token: c.token, status: 200})
		if got := of(got.body); got != c.want {
			t.Errorf("%s: got %s, want %s", name, got, c.want)
		}
		got = s.check(t, call{path: "/v1/users?sort=-displayName&limit=1&expand=manager", token: c.token, status: 200})
		if got := of(got.body["data"].([]any)[0]); got != c.want {
			t.Errorf("%s, in a list: got %s, want %s", name, got, c.want)
		}
	}
	top := s.check(t, call{path: "/v1/users/" + s.acme.manager.id.String() + "?expand=manager,managedUsers.manager", token: s.acme.admin.token, status: 200})
	if got := of(top.body); got != "nobody" {
		t.Errorf("got %s above who has no manager", got)
	}
	for _, report := range top.body["managedUsers"].([]any) {
		if got := of(report); got != mara {
			t.Errorf("got %s above a report, want %s", got, mara)
		}
	}
	s.check(t, call{path: "/v1/users?expand=manager.roles", token: s.acme.admin.token, status: 400, code: "invalid_parameter", pointer: "?expand"})
}

func TestExpansionsAreCapped(t *testing.T) {
	t.Parallel()
	s := newStack(t)
	s.exec(t, `INSERT INTO core.users (tenant_id, id, email, display_name, manager_id, created_at, updated_at)
		SELECT $1, gen_random_uuid(), 'crowd' || i, 'Crowd', $2, now(), now() FROM generate_series(1, 150) i`, s.acme.id, s.acme.admin.id)
	got := s.check(t, call{path: "/v1/users?q=m&sort=displayName&limit=10&expand=managedUsers", token: s.acme.admin.token, status: 200})
	counts := map[string]int{}
	for _, row := range got.body["data"].([]any) {
		user := row.(map[string]any)
		counts[user["displayName"].(string)] = len(user["managedUsers"].([]any))
	}
	if counts["Ada Admin"] != 100 || counts["Mara Manager"] != 2 {
		t.Errorf("got %v managed users, want 100 of Ada's 150 and all 2 of Mara's", counts)
	}
}

// TestStatementsDoNotGrowWithRows counts the statements of every read, with one row and with many.
func TestStatementsDoNotGrowWithRows(t *testing.T) {
	t.Parallel()
	s := newStack(t)
	ours := s.addSamples(t, s.acme)
	expansions := map[string]string{"users": "roles.users,managedUsers.roles", "roles": "users.roles", "userRoles": "user.roles,role.users"}
	count := func(path string) int64 {
		s.check(t, call{path: path, token: s.acme.admin.token, status: 200})
		before := s.statements.Load()
		s.check(t, call{path: path, token: s.acme.admin.token, status: 200})
		return s.statements.Load() - before
	}
	paths := []string{}
	for _, op := range generatedOperations() {
		if op.Method != "GET" || !op.TenantOwned {
			continue
		}
		path := ours.request(op, ours[op.Resource]).path
		if expand := expansions[op.Resource]; expand != "" {
			paths = append(paths, path+"?expand="+expand)
		}
		paths = append(paths, path)
	}
	before := map[string]int64{}
	for _, path := range paths {
		before[path] = count(path)
	}
	for range 20 {
		s.addSamples(t, s.acme)
	}
	for _, path := range slices.Backward(paths) {
		if n := count(path); n > before[path] {
			t.Errorf("%s: got %d statements with many rows and %d with few", path, n, before[path])
		}
	}
}
