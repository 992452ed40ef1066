package pgcatalog_test

import (
	"testing"

	"github.com/lockstep-dev/lockstep/internal/pgcatalog"
)

// What another major prints otherwise is no difference, and what is one is seen on any.
func TestDefinitionsOfAnotherMajor(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		kind, got, want string
		same            bool
	}{
		"one table, with and without its name":   {"view", "as  SELECT name, id\n   FROM core.things\n  WHERE n > 0;", "as  SELECT things.name, things.id\n   FROM core.things\n  WHERE things.n > 0;", true},
		"quoted names":                           {"view", `as  SELECT "from" FROM "Core"."Things";`, `as  SELECT "Things"."from" FROM "Core"."Things";`, true},
		"another schema":                         {"view", "as  SELECT name FROM core.things;", "as  SELECT things.name FROM audit.things;", false},
		"another column":                         {"view", "as  SELECT name FROM core.things;", "as  SELECT things.label FROM core.things;", false},
		"columns of two tables":                  {"view", "as  SELECT a.id FROM core.a JOIN core.b ON a.id = b.id;", "as  SELECT b.id FROM core.a JOIN core.b ON a.id = b.id;", false},
		"every privilege of 15 and of 17":        {"grant", "DELETE, INSERT, MAINTAIN, REFERENCES, SELECT, TRIGGER, TRUNCATE, UPDATE", "DELETE, INSERT, REFERENCES, SELECT, TRIGGER, TRUNCATE, UPDATE", true},
		"one privilege more":                     {"grant", "INSERT, MAINTAIN, SELECT", "INSERT, SELECT", false},
		"columns of statistics in another order": {"statistics", "CREATE STATISTICS core.s (dependencies) ON b, a FROM core.t", "CREATE STATISTICS core.s (dependencies) ON a, b FROM core.t", true},
		"other columns of statistics":            {"statistics", "CREATE STATISTICS core.s ON a, c FROM core.t", "CREATE STATISTICS core.s ON a, b FROM core.t", false},
		"something else":                         {"function", "SELECT a.id", "SELECT id", false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			of := func(definition string) pgcatalog.Fingerprint {
				return pgcatalog.Fingerprint{{Kind: test.kind, Name: "core.x", Definition: definition}}
			}
			if got := len(pgcatalog.Diff(of(test.got), of(test.want))) == 0; got != test.same {
				t.Errorf("got same: %v, want %v", got, test.same)
			}
		})
	}
}
