package prcheck

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/lockstep-dev/lockstep/internal/migrate"
	"github.com/lockstep-dev/lockstep/internal/planner"
)

// branch is a small git repository whose branch "main" has two migrations and whose work goes on in "feature".
func branch(t *testing.T) repository {
	t.Helper()
	r := repository{t.TempDir()}
	r.must(t, "init", "-q", "-b", "main")
	r.must(t, "config", "user.email", "dev@example.com")
	r.must(t, "config", "user.name", "Dev")
	r.write(t, "migrations/20250101000000_init.sql", "CREATE SCHEMA core;\n")
	r.write(t, "migrations/down/20250101000000_init.sql", "DROP SCHEMA core;\n")
	r.write(t, "migrations/20250102000000_b.sql", "CREATE TABLE core.b ();\n")
	r.write(t, "migrations/down/20250102000000_b.sql", "DROP TABLE core.b;\n")
	r.commit(t, "main")
	r.must(t, "checkout", "-q", "-b", "feature")
	return r
}

func (r repository) must(t *testing.T, args ...string) string {
	t.Helper()
	out, err := r.git(t.Context(), args...)
	if err != nil {
		t.Fatal(err)
	}
	return out
}

func (r repository) write(t *testing.T, name, text string) {
	t.Helper()
	path := filepath.Join(r.root, name)
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
}

func (r repository) commit(t *testing.T, message string) {
	t.Helper()
	r.must(t, "add", "-A")
	r.must(t, "commit", "-q", "-m", message)
}

func (r repository) historyOf(t *testing.T) (added, problems []string) {
	t.Helper()
	tip, fork, err := r.base(t.Context(), "main")
	if err != nil {
		t.Fatal(err)
	}
	added, problems, err = r.history(t.Context(), tip, fork, "main")
	if err != nil {
		t.Fatal(err)
	}
	return added, problems
}

// Each planted fault is refused with a sentence that says what to run.
func TestHistory(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		name  string
		plant func(t *testing.T, r repository)
		says  []string
	}{
		{"nothing new", func(*testing.T, repository) {}, nil},
		{"new migration", func(t *testing.T, r repository) {
			r.write(t, "migrations/20250103000000_c.sql", "SELECT 1;\n")
		}, nil},
		{"edited", func(t *testing.T, r repository) {
			r.write(t, "migrations/20250102000000_b.sql", "CREATE TABLE core.b (id int);\n")
		}, []string{"20250102000000_b.sql is on main and was edited here", "git checkout main -- migrations/20250102000000_b.sql", "new migration"}},
		{"edited reverse", func(t *testing.T, r repository) {
			r.write(t, "migrations/down/20250102000000_b.sql", "SELECT 1;\n")
		}, []string{"down/20250102000000_b.sql is on main and was edited here"}},
		{"deleted", func(t *testing.T, r repository) {
			if err := os.Remove(filepath.Join(r.root, "migrations/20250102000000_b.sql")); err != nil {
				t.Fatal(err)
			}
		}, []string{"20250102000000_b.sql is on main and was deleted here", "git checkout main -- "}},
		{"out of order", func(t *testing.T, r repository) {
			r.write(t, "migrations/20250101120000_c.sql", "SELECT 1;\n")
		}, []string{"20250101120000_c.sql is older than version 20250102000000, which main has by now", "lockstep migrate rebase --base main"}},
		{"overtaken", func(t *testing.T, r repository) {
			r.write(t, "migrations/20250103000000_c.sql", "SELECT 1;\n")
			r.commit(t, "feature")
			r.must(t, "checkout", "-q", "main")
			r.write(t, "migrations/20250104000000_d.sql", "SELECT 1;\n")
			r.commit(t, "main moved")
			r.must(t, "checkout", "-q", "feature")
		}, []string{"20250103000000_c.sql is older than version 20250104000000"}},
		{"behind, but untouched", func(t *testing.T, r repository) {
			r.must(t, "checkout", "-q", "main")
			r.write(t, "migrations/20250104000000_d.sql", "SELECT 1;\n")
			r.commit(t, "main moved")
			r.must(t, "checkout", "-q", "feature")
		}, nil},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			r := branch(t)
			test.plant(t, r)
			_, problems := r.historyOf(t)
			if (len(problems) == 0) != (test.says == nil) {
				t.Fatalf("got %q, want problems: %v", problems, test.says != nil)
			}
			for _, want := range test.says {
				if !strings.Contains(strings.Join(problems, "\n"), want) {
					t.Errorf("got %q, want it to say %q", problems, want)
				}
			}
		})
	}
}

// A checkpoint may replace what the base has, and nothing else. Behind it a branch is put in order as ever.
func TestCheckpoint(t *testing.T) {
	t.Parallel()
	r := branch(t)
	o := planner.Options{Migrations: filepath.Join(r.root, "migrations")}
	hash := func() {
		t.Helper()
		if _, err := planner.Hash(o.Migrations); err != nil {
			t.Fatal(err)
		}
	}
	r.must(t, "checkout", "-q", "main")
	hash()
	r.commit(t, "sums")
	r.must(t, "checkout", "-q", "-B", "feature")
	read, err := migrate.Read(os.DirFS(o.Migrations))
	if err != nil {
		t.Fatal(err)
	}
	for _, test := range []struct {
		of   []migrate.Script
		says string
	}{
		{[]migrate.Script{read.Migrations[0].Up}, "does not stand for the migrations that are on main"},
		{[]migrate.Script{read.Migrations[0].Up, read.Migrations[1].Up}, ""},
	} {
		state, err := migrate.History(test.of...)
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range read.Migrations {
			for _, folder := range []string{"", "down"} {
				if err := os.Remove(filepath.Join(o.Migrations, folder, m.Up.Name)); err != nil && !errors.Is(err, fs.ErrNotExist) {
					t.Fatal(err)
				}
			}
		}
		c := migrate.Checkpoint{Release: "v1", Histories: []string{state}}
		r.write(t, "migrations/20250102000000_checkpoint.sql", c.Directives()+"CREATE SCHEMA core;\nCREATE TABLE core.b ();\n")
		r.write(t, "migrations/down/20250102000000_checkpoint.sql", "DROP TABLE core.b;\nDROP SCHEMA core;\n")
		hash()
		added, problems := r.historyOf(t)
		if (len(problems) == 0) != (test.says == "") || !strings.Contains(strings.Join(problems, "\n"), test.says) || len(added) != 1 {
			t.Errorf("got %v, %q; want the checkpoint, and %q", added, problems, test.says)
		}
	}
	r.commit(t, "checkpoint")
	r.must(t, "checkout", "-q", "main")
	r.write(t, "migrations/20260104000000_d.sql", "SELECT 1;\n")
	r.write(t, "migrations/down/20260104000000_d.sql", "SELECT 2;\n")
	hash()
	r.commit(t, "main moved")
	r.must(t, "checkout", "-q", "feature")
	r.write(t, "migrations/20250104000000_own.sql", "SELECT 1;\n")
	r.write(t, "migrations/down/20250104000000_own.sql", "SELECT 2;\n")
	hash()
	r.commit(t, "own")
	_, _ = r.git(t.Context(), "merge", "main") // the sums conflict
	base, err := BaseMigrations(t.Context(), r.root, "main")
	if err != nil {
		t.Fatal(err)
	}
	restamps, err := planner.Rebase(o, base)
	if err != nil || len(restamps) != 1 || !strings.HasSuffix(restamps[0].To, "_own.sql") {
		t.Fatalf("got %v, %v; want the branch's own file behind main's", restamps, err)
	}
	if again, err := migrate.Read(os.DirFS(o.Migrations)); err != nil || len(again.Migrations) != 3 || again.Checkpoint() == nil {
		t.Errorf("got %v, want the checkpoint and two files", err)
	}
}

// The released version reads a column; the branch drops it. Its suite is run on its own migrations and on the branch's, and what
// only the branch's make red is the branch's.
func TestReleaseOnNewSchema(t *testing.T) {
	t.Parallel()
	r := branch(t)
	r.must(t, "checkout", "-q", "main")
	r.write(t, "go.mod", "module example.com/release\n\ngo 1.24\n")
	r.write(t, "cmd/server/main.go", "package main\n\nfunc main() {}\n")
	r.write(t, "internal/api/api_test.go", `package api

import (
	"os"
	"strings"
	"testing"
)

func TestRead(t *testing.T) {
	for _, name := range []string{"get", "list"} {
		t.Run(name, func(t *testing.T) {
			b, err := os.ReadFile("../../migrations/20250103000000_c.sql")
			if err == nil && strings.Contains(string(b), "DROP COLUMN note") && name == "get" {
				t.Fatal("ERROR: column users.note does not exist (SQLSTATE 42703)")
			}
		})
	}
}
`)
	r.commit(t, "release")
	r.must(t, "branch", "green")
	r.write(t, "internal/api/red_test.go", "package api\n\nimport \"testing\"\n\nfunc TestRed(t *testing.T) { t.Fatal(\"ERROR: column users.old does not exist\") }\n")
	r.commit(t, "red without any branch")
	r.must(t, "branch", "red")
	r.write(t, "cmd/server/broken_test.go", "package main\n\nvar x int = \"no number\"\n")
	r.commit(t, "a suite that does not compile")
	r.must(t, "branch", "broken")
	const (
		harmless, drops = "SELECT 1;\n", "ALTER TABLE core.users DROP COLUMN note;\n"
		blamed          = "the released version does not run on this schema: 1 of its tests fail (TestRead/get): column users.note does not exist"
		redNote         = "the released version's suite is red on its own schema, so nothing is known of 1 test: TestRed: mend the base"
	)
	for _, test := range []struct{ base, migration, problem, note string }{
		{"green", harmless, "", ""},
		{"green", drops, blamed, ""},
		{"red", harmless, "", redNote},
		{"red", drops, blamed, redNote},
		{"broken", harmless, "", "nothing is known of 2 tests: example.com/release/cmd/server, TestRed: mend the base"},
		{"broken", drops, blamed, "nothing is known of 2 tests"},
	} {
		t.Run(test.base+" "+strings.Fields(test.migration)[0], func(t *testing.T) {
			r.must(t, "checkout", "-q", "-f", "feature")
			r.must(t, "reset", "-q", "--hard", test.base)
			r.write(t, "migrations/20250103000000_c.sql", test.migration)
			commit := strings.TrimSpace(r.must(t, "rev-parse", test.base))
			problems, notes, err := r.oldRelease(t.Context(), commit, func(string) func() { return func() {} })
			if err != nil {
				t.Fatal(err)
			}
			if got := strings.Join(problems, "\n"); got != test.problem {
				t.Errorf("got the problem %q, want %q", got, test.problem)
			}
			if got := strings.Join(notes, "\n"); (got == "") != (test.note == "") || !strings.Contains(got, test.note) {
				t.Errorf("got the note %q, want %q", got, test.note)
			}
		})
	}
	if left := r.must(t, "worktree", "list"); strings.Count(left, "\n") != 1 {
		t.Errorf("worktrees stay behind:\n%s", left)
	}
}

func TestBaseThatIsNotThere(t *testing.T) {
	t.Parallel()
	r := branch(t)
	if _, _, err := r.base(context.Background(), "origin/main"); err == nil || !strings.Contains(err.Error(), "fetch") {
		t.Errorf("got %v, want it to say what to fetch", err)
	}
	if _, err := exec.LookPath("git"); err != nil {
		t.Fatal(err)
	}
}
