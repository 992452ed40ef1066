package permissions_test

import (
	"strings"
	"testing"

	"github.com/lockstep-dev/lockstep/internal/codegen/permissions"
)

func TestCustomOperations(t *testing.T) {
	t.Parallel()
	for description, want := range map[string]string{
		"Switches it off. Needs the permission `users:update`.":                                      "| `x.y` | `users:update` | 403 |",
		"Needs the permission `user_roles:read`; without it, callers reach rows of their own. Slow.": "| `x.y` | `user_roles:read` | callers reach rows of their own |",
		"Makes one. Needs a platform token: a caller that acts on tenants.":                          "| `x.y` | a platform token | 403 |",
		"Says who calls. Needs no permission.":                                                       "| `x.y` | none |  |",
	} {
		got, err := permissions.Write(nil, []permissions.Operation{{ID: "x.y", Description: description}})
		if err != nil || !strings.Contains(string(got), want+"\n") {
			t.Errorf("%s: got %v and\n%s\nwant %s", description, err, got, want)
		}
	}
	for _, description := range []string{"", "Switches it off.", "Needs the permission users:update.", "Needs care."} {
		_, err := permissions.Write(nil, []permissions.Operation{{ID: "x.y", Description: description}})
		if err == nil || !strings.Contains(err.Error(), "x.y does not say what it needs") {
			t.Errorf("%q: got %v, want an error that names the operation", description, err)
		}
	}
}
