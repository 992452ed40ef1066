package api_test

import (
	"fmt"
	"testing"
)

func TestMeSaysWhoTheTokenStandsFor(t *testing.T) {
	t.Parallel()
	s := newStack(t)
	s.check(t, call{path: "/v1/me", token: s.acme.member.token, status: 200,
		want: fmt.Sprintf(`{"tenantId": %q, "userId": %q, "displayName": "Max Member", "permissions": ["users:read"]}`, s.acme.id, s.acme.member.id)})
	s.check(t, call{path: "/v1/me", token: s.platform, status: 200, want: `{"tenantId": null, "userId": null, "displayName": null}`})
	s.check(t, call{path: "/v1/me", status: 401, code: "unauthenticated"})
}

func TestDeactivate(t *testing.T) {
	t.Parallel()
	s := newStack(t)
	path := "/v1/users/" + s.acme.member.id.String() + "/deactivate"
	s.check(t, call{method: "POST", path: path, token: s.acme.manager.token, status: 403, code: "permission_denied"})
	s.check(t, call{method: "POST", path: path, token: s.globex.admin.token, status: 404, code: "not_found"})
	s.check(t, call{method: "POST", path: path, token: s.acme.admin.token, status: 200, want: `{"status": "inactive", "version": 2}`})
	s.check(t, call{method: "POST", path: path, token: s.acme.admin.token, status: 200, want: `{"status": "inactive", "version": 2}`})
	s.check(t, call{path: "/v1/users", token: s.acme.member.token, status: 403, code: "user_inactive"})
	s.check(t, call{method: "POST", path: "/v1/users/" + s.acme.admin.id.String() + "/deactivate", token: s.acme.admin.token, status: 409, code: "last_administrator"})
}

func TestReports(t *testing.T) {
	t.Parallel()
	s := newStack(t)
	boss := s.addUser(t, s.acme.id, "boss@example.com", "Boss", nil)
	lead := s.addUser(t, s.acme.id, "lead@example.com", "Lead", &boss.id)
	worker := s.addUser(t, s.acme.id, "worker@example.com", "Worker", &lead.id)
	s.exec(t, `UPDATE core.users SET manager_id = $1 WHERE id = $2`, worker.id, boss.id) // a circle
	path := "/v1/users/" + boss.id.String() + "/reports"
	for query, want := range map[string]string{"": "1 Lead", "?depth=2": "1 Lead, 2 Worker", "?depth=20": "1 Lead, 2 Worker"} {
		got := s.check(t, call{path: path + query, token: s.acme.admin.token, status: 200})
		text := ""
		for i, row := range got.body["data"].([]any) {
			report := row.(map[string]any)
			if i > 0 {
				text += ", "
			}
			text += fmt.Sprint(report["depth"], " ", report["user"].(map[string]any)["displayName"])
		}
		if text != want {
			t.Errorf("%s: got %s, want %s", query, text, want)
		}
	}
	s.check(t, call{path: path + "?depth=21", token: s.acme.admin.token, status: 400, code: "invalid_parameter", pointer: "?depth"})
	s.check(t, call{path: path, token: s.globex.admin.token, status: 404, code: "not_found"})
	stranger := s.addUser(t, s.acme.id, "stranger@example.com", "Stranger", nil)
	s.check(t, call{path: path, token: stranger.token, status: 404, code: "not_found"})
}
