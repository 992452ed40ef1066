package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// A small copy of the repository is taken through the commands in the order of a developer's day. They run as processes of
// their own, because they find the repository by the working directory.
func TestMigrationCommands(t *testing.T) {
	t.Parallel()
	source, err := repositoryRoot()
	if err != nil {
		t.Fatal(err)
	}
	root := t.TempDir()
	program := filepath.Join(t.TempDir(), "lockstep")
	command(t, ".", "go", "build", "-o", program, ".")
	for _, name := range []string{"go.mod", "go.sum", "ent/schema.sql"} {
		copyFile(t, filepath.Join(source, name), filepath.Join(root, name))
	}
	if err := os.CopyFS(filepath.Join(root, "ent", "schema"), os.DirFS(filepath.Join(source, "ent", "schema"))); err != nil {
		t.Fatal(err)
	}
	if err := os.CopyFS(filepath.Join(root, "migrations"), os.DirFS(filepath.Join(source, "migrations"))); err != nil {
		t.Fatal(err)
	}
	run := func(code int, want string, args ...string) string {
		t.Helper()
		cmd := exec.CommandContext(t.Context(), program, args...)
		cmd.Dir = filepath.Join(root, "ent") // any folder below the root does
		var stdout, stderr bytes.Buffer
		cmd.Stdout, cmd.Stderr = &stdout, &stderr
		got := 0
		var exit *exec.ExitError
		if err := cmd.Run(); errors.As(err, &exit) {
			got = exit.ExitCode()
		} else if err != nil {
			t.Fatal(err)
		}
		if text := stdout.String() + stderr.String(); got != code || !strings.Contains(text, want) {
			t.Errorf("lockstep %s: got exit code %d, want %d and %q in\n%s", strings.Join(args, " "), got, code, want, text)
		}
		return stdout.String()
	}
	files := func() int {
		t.Helper()
		names, err := filepath.Glob(filepath.Join(root, "migrations", "*.sql"))
		if err != nil {
			t.Fatal(err)
		}
		return len(names)
	}
	before := files()

	run(0, "nothing to do", "migration", "--name", "add_planted")
	run(0, `{"plan":null,"files":[]}`, "migration", "--name", "add_planted", "--json")
	run(0, "agree with ent/schema.sql", "migrate", "verify")

	if err := os.Symlink(filepath.Join(source, "node_modules"), filepath.Join(root, "node_modules")); err != nil {
		t.Fatal(err)
	}
	code := filepath.Join(root, "ent", "schema", "user.go")
	text, err := os.ReadFile(code)
	if err != nil {
		t.Fatal(err)
	}
	const fields = "[]ent.Field{\n"
	planted := strings.Replace(string(text), fields, fields+"\t\tfield.Bool(\"planted\").Optional().Nillable().Comment(\"Planted.\"),\n", 1)
	if err := os.WriteFile(code, []byte(planted), 0o644); err != nil {
		t.Fatal(err)
	}
	run(1, "problem (generated)", "migrate", "verify")
	run(1, "run `make generate`", "migration", "--name", "add_planted")
	run(0, "ent/schema.sql", "generate", "ddl")
	run(1, `ADD COLUMN "planted" boolean NULL`, "migrate", "verify")
	run(1, "no name for a migration", "migration", "--name", "Add planted")
	run(1, `required flag(s) "name" not set`, "migration")
	run(0, `DROP COLUMN "planted"`, "migration", "--name", "add_planted", "--dry-run")
	if files() != before {
		t.Error("a dry run wrote a file")
	}
	run(0, "wrote migrations/down/", "migration", "--name", "add_planted")
	if files() != before+1 {
		t.Errorf("got %d migrations, want one more than %d", files(), before)
	}
	run(1, "has this name already", "migration", "--name", "add_planted")
	run(0, "0 findings", "migrate", "lint")
	run(0, "every migration has its reverse", "migrate", "reverse")

	down, err := filepath.Glob(filepath.Join(root, "migrations", "down", "*_add_planted.sql"))
	if err != nil || len(down) != 1 {
		t.Fatalf("got reverses %v, %v; want one", down, err)
	}
	if err := os.WriteFile(down[0], []byte("SELECT 1;\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	run(1, "was edited after it was hashed", "migrate", "verify")
	run(0, "wrote migrations/down/down.sum", "migrate", "hash")
	var report struct {
		Problems []struct{ Code, Message string }
	}
	if err := json.Unmarshal([]byte(run(1, "", "migrate", "verify", "--json")), &report); err != nil {
		t.Fatal(err)
	}
	if len(report.Problems) != 1 || report.Problems[0].Code != "round_trip" || !strings.Contains(report.Problems[0].Message, "column core.users.planted: should not be there") {
		t.Errorf("a reverse that undoes nothing: got %+v", report.Problems)
	}
}
