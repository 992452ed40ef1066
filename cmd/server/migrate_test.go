package main

import (
	"bytes"
	"encoding/json"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"

	"github.com/lockstep-dev/lockstep/internal/config"
	"github.com/lockstep-dev/lockstep/internal/dbtest"
	"github.com/lockstep-dev/lockstep/internal/migrate"
	"github.com/lockstep-dev/lockstep/migrations"
)

// migrateRun runs `server migrate …` on a database and returns its exit code and outputs.
func migrateRun(t *testing.T, url string, args ...string) (code int, stdout, stderr string) {
	t.Helper()
	env := config.Environment{"LOCKSTEP_MIGRATE_DATABASE_URL": url}
	var out, errs bytes.Buffer
	code = run(t.Context(), append([]string{"migrate"}, args...), env, &out, &errs)
	return code, out.String(), errs.String()
}

// One database is taken through every command, in the order an operator would use them.
func TestMigrateCommands(t *testing.T) {
	t.Parallel()
	url := dbtest.Empty(t).OwnerURL
	latest, err := migrate.Latest(migrations.FS)
	if err != nil {
		t.Fatal(err)
	}
	steps := []struct {
		args   []string
		code   int
		stdout string
		stderr string
	}{
		{[]string{"status"}, 3, "database at version none, this binary at " + latest, ""},
		{[]string{"verify"}, 4, "problem  (pending)", ""},
		{[]string{"up", "--dry-run"}, 0, `CREATE SCHEMA "core";`, ""},
		{[]string{"status"}, 3, "pending", ""},
		{[]string{"up"}, 0, "from version none to " + latest, "CREATE SCHEMA \"core\"; "},
		{[]string{"up"}, 0, "up to date, at version " + latest, ""},
		{[]string{"status"}, 0, "applied", ""},
		{[]string{"verify"}, 0, "database at version " + latest, ""},
		{[]string{"status", "--json"}, 0, `"pending":[]`, ""},
		{[]string{"down", "--to", latest}, 0, "nothing to undo, at version " + latest, ""},
		{[]string{"down", "--to", "7"}, 4, "", "version 7 is not applied"},
		{[]string{"down", "--to", "7", "--json"}, 4, `"error":{"code":"version"`, ""},
		{[]string{"down"}, 1, "", `required flag(s) "to" not set`},
		{[]string{"down", "--to", "0", "--dry-run"}, 0, `DROP SCHEMA "core";`, ""},
		{[]string{"down", "--to", "0", "--json"}, 0, `"to":""`, ""},
		{[]string{"up", "--json"}, 0, `"to":"` + latest + `"`, ""},
	}
	for _, s := range steps {
		code, stdout, stderr := migrateRun(t, url, s.args...)
		if code != s.code || !strings.Contains(stdout, s.stdout) || !strings.Contains(stderr, s.stderr) {
			t.Errorf("migrate %s: got exit code %d, want %d\nstandard output, want %q in\n%s\nstandard error, want %q in\n%s",
				strings.Join(s.args, " "), code, s.code, s.stdout, stdout, s.stderr, stderr)
		}
		if strings.Contains(strings.Join(s.args, " "), "--json") && !json.Valid([]byte(stdout)) {
			t.Errorf("migrate %s: not JSON: %s", strings.Join(s.args, " "), stdout)
		}
	}
	conn, err := pgx.Connect(t.Context(), url)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = conn.Close(t.Context()) }()
	if _, err := conn.Exec(t.Context(), "ALTER TABLE core.users DISABLE ROW LEVEL SECURITY"); err != nil {
		t.Fatal(err)
	}
	if code, stdout, _ := migrateRun(t, url, "verify"); code != 4 || !strings.Contains(stdout, "ALTER TABLE core.users ENABLE ROW LEVEL SECURITY") {
		t.Errorf("a hole in the fence: got exit code %d and %s", code, stdout)
	}
}

// Drift needs no other database: the binary carries what its migrations lead to.
func TestMigrateVerifyNamesDrift(t *testing.T) {
	t.Parallel()
	url := dbtest.New(t).OwnerURL
	if code, stdout, _ := migrateRun(t, url, "verify"); code != 0 {
		t.Fatalf("a database as migrated: got exit code %d and %s", code, stdout)
	}
	conn, err := pgx.Connect(t.Context(), url)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = conn.Close(t.Context()) }()
	if _, err := conn.Exec(t.Context(), "ALTER TABLE core.users ADD COLUMN hotfix text; REVOKE DELETE ON core.roles FROM core_app"); err != nil {
		t.Fatal(err)
	}
	code, stdout, _ := migrateRun(t, url, "verify")
	for _, want := range []string{
		"problem  (drift) column core.users.hotfix: should not be there: text", "repair   ALTER TABLE core.users DROP COLUMN hotfix;",
		"problem  (drift) grant table core.roles to core_app: got INSERT, SELECT, UPDATE", "repair   GRANT DELETE, INSERT, SELECT, UPDATE ON TABLE core.roles TO core_app;",
	} {
		if code != 4 || !strings.Contains(stdout, want) {
			t.Errorf("got exit code %d, want 4 and %q in\n%s", code, want, stdout)
		}
	}
}
