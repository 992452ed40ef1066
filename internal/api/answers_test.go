package api_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"runtime"
	"testing"

	"github.com/lockstep-dev/lockstep/ent/schema/contract"
)

// heavy is a tenant whose answers would be large: 70 roles of 40 kB, which each of 150 people holds, who are all below one.
// As JSON, a page of the people with their roles would have 420 MB.
func heavy(t *testing.T, s *stack) {
	t.Helper()
	s.exec(t, `INSERT INTO core.roles (tenant_id, id, name, description, permissions, version, created_at, updated_at)
		SELECT $1, ('10000000-0000-7000-8000-' || lpad(i::text, 12, '0'))::uuid, 'Heavy ' || i, repeat('"', 20000), '{}', 1, now(), now() FROM generate_series(1, 70) i`, s.acme.id)
	s.exec(t, `INSERT INTO core.users (tenant_id, id, email, display_name, manager_id, created_at, updated_at)
		SELECT $1, ('20000000-0000-7000-8000-' || lpad(i::text, 12, '0'))::uuid, 'heavy' || i || '@example.com', 'Heavy ' || i, $2, now(), now() FROM generate_series(1, 150) i`,
		s.acme.id, s.acme.admin.id)
	s.exec(t, `INSERT INTO core.user_roles (tenant_id, id, user_id, role_id, granted_at, version, created_at, updated_at)
		SELECT $1, gen_random_uuid(), u.id, r.id, now(), 1, now(), now() FROM core.users u JOIN core.roles r ON r.tenant_id = u.tenant_id AND r.name LIKE 'Heavy%'
		WHERE u.tenant_id = $1 AND u.email LIKE 'heavy%'`, s.acme.id)
}

// TestAnswersHaveABudget asks for what would have up to 420 MB. What the server allocates for one answer bounds what it can
// hold at once, whenever the collector runs.
func TestAnswersHaveABudget(t *testing.T) {
	s := newStack(t)
	heavy(t, s)
	person := "/v1/users/20000000-0000-7000-8000-000000000001"
	for _, c := range []struct{ path, token string }{
		{"/v1/users?limit=200&expand=roles", s.acme.admin.token},
		{"/v1/users?limit=200&expand=managedUsers.roles", s.acme.admin.token},
		{"/v1/users?limit=200&sort=-displayName&expand=managedUsers.managedUsers,roles.users", s.acme.admin.token},
		{"/v1/users?limit=200&sort=-displayName&expand=roles.users,managedUsers.roles", s.acme.admin.token},
		{"/v1/users?limit=200&q=heavy&expand=roles&count=exact", s.acme.admin.token},
		{"/v1/users?limit=200&q=heavy&expand=roles&count=estimated", s.acme.admin.token},
		{"/v1/roles?limit=200", s.acme.admin.token},
		{"/v1/roles?limit=200&sort=-name&expand=users", s.acme.admin.token},
		{"/v1/roles?limit=200&q=heavy&expand=users.roles", s.acme.admin.token},
		{"/v1/roles/10000000-0000-7000-8000-000000000001?expand=users.roles", s.acme.admin.token},
		{"/v1/user-roles?limit=200&expand=user.roles,role.users,grantedBy", s.acme.admin.token},
		{person, s.acme.admin.token},
		{person + "?expand=roles.users,managedUsers.roles", s.acme.admin.token},
		{"/v1/users/" + s.acme.admin.id.String() + "?expand=managedUsers.roles", s.acme.admin.token},
		{"/v1/users/" + s.acme.manager.id.String() + "/reports?depth=20", s.acme.admin.token},
		{"/v1/me", s.acme.admin.token},
		{"/v1/tenants?limit=200&count=exact", s.platform},
	} {
		t.Run(c.path, func(t *testing.T) {
			request := httptest.NewRequestWithContext(t.Context(), http.MethodGet, c.path, nil)
			request.Header.Set("Authorization", "Bearer "+c.token)
			send := func() (*httptest.ResponseRecorder, uint64) {
				recorder := &httptest.ResponseRecorder{HeaderMap: http.Header{}}
				var before, after runtime.MemStats
				runtime.ReadMemStats(&before)
				s.handler.ServeHTTP(recorder, request)
				runtime.ReadMemStats(&after)
				return recorder, after.TotalAlloc - before.TotalAlloc
			}
			recorder, allocated := send()
			for range 2 { // the first prepares statements; other goroutines allocate too
				again, less := send()
				recorder, allocated = again, min(allocated, less)
			}
			if size := recorder.Header().Get("Content-Length"); recorder.Code != http.StatusOK || len(size) > 7 || len(size) == 7 && size > fmt.Sprint(contract.MaxAnswerBytes) {
				t.Errorf("got %d with %s bytes, want 200 with %d at most", recorder.Code, size, contract.MaxAnswerBytes)
			}
			t.Logf("%s bytes, %.1f MB allocated", recorder.Header().Get("Content-Length"), float64(allocated)/1e6)
			if allocated > 4*contract.MaxAnswerBytes {
				t.Errorf("got %d bytes allocated, want %d at most", allocated, 4*contract.MaxAnswerBytes)
			}
		})
	}
}
