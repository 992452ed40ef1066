package api_test

import (
	"fmt"
	"testing"
)

// TestProblemsNameEntitiesInWords holds the sentences of failures to the entities' names as people write them, not as URLs
// and SDK do.
func TestProblemsNameEntitiesInWords(t *testing.T) {
	t.Parallel()
	s := newStack(t)
	role, user := s.acme.adminRole.String(), s.acme.admin.id.String()
	for _, c := range []call{
		{path: "/v1/user-roles/" + newID().String(), status: 404, want: `{"detail": "There is no such user role."}`},
		{method: "DELETE", path: "/v1/user-roles/" + newID().String(), status: 404, want: `{"detail": "There is no such user role."}`},
		{method: "PATCH", path: "/v1/roles/" + newID().String(), body: `{"name": "X"}`, status: 404, want: `{"detail": "There is no such role."}`},
		{method: "POST", path: "/v1/users/" + newID().String() + "/deactivate", status: 404, want: `{"detail": "There is no such user."}`},
		{method: "DELETE", path: "/v1/roles/" + role, status: 409, want: `{"detail": "User roles still refer to this role by roleId. Change or delete them first."}`},
		{
			method: "POST", path: "/v1/user-roles", body: fmt.Sprintf(`{"userId": %q, "roleId": %q}`, user, role),
			status: 409, want: `{"detail": "Another user role has this combination of values already.",
				"errors": [{"pointers": ["/userId", "/roleId"], "code": "unique", "detail": "The combination of values is taken."}]}`,
		},
		{
			method: "POST", path: "/v1/user-roles", body: fmt.Sprintf(`{"userId": %q, "roleId": %q}`, newID(), role), status: 422, pointer: "/userId",
			want: `{"detail": "A field refers to no existing user.", "errors": [{"pointer": "/userId", "code": "reference_not_found", "detail": "There is no such user."}]}`,
		},
	} {
		c.token = s.acme.admin.token
		s.check(t, c)
	}
}
