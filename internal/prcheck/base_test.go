package prcheck

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/lockstep-dev/lockstep/internal/planner"
)

// A branch that was overtaken is merged with main, with conflicts in the sums, and put in order.
func TestRebaseAfterMerge(t *testing.T) {
	t.Parallel()
	r := branch(t)
	o := planner.Options{Migrations: filepath.Join(r.root, "migrations")}
	hash := func() {
		if _, err := planner.Hash(o.Migrations); err != nil {
			t.Fatal(err)
		}
	}
	r.must(t, "checkout", "-q", "main")
	hash()
	r.commit(t, "sums")
	r.must(t, "checkout", "-q", "feature")
	r.must(t, "merge", "-q", "main")
	r.write(t, "migrations/20250103000000_c.sql", "SELECT 1;\n")
	r.write(t, "migrations/down/20250103000000_c.sql", "SELECT 2;\n")
	r.write(t, "migrations/20250103000001_e.sql", "SELECT 1;\n")
	r.write(t, "migrations/down/20250103000001_e.sql", "SELECT 2;\n")
	hash()
	r.commit(t, "feature")
	r.must(t, "checkout", "-q", "main")
	r.write(t, "migrations/20260104000000_d.sql", "SELECT 1;\n")
	r.write(t, "migrations/down/20260104000000_d.sql", "SELECT 2;\n")
	hash()
	r.commit(t, "main moved")
	r.must(t, "checkout", "-q", "feature")

	if _, err := BaseMigrations(t.Context(), r.root, "main"); err == nil || !strings.Contains(err.Error(), "git merge main first") {
		t.Errorf("before the merge: got %v", err)
	}
	if _, err := r.git(t.Context(), "merge", "main"); err == nil {
		t.Fatal("the sums did not conflict")
	}
	base, err := BaseMigrations(t.Context(), r.root, "main")
	if err != nil {
		t.Fatal(err)
	}
	restamps, err := planner.Rebase(o, base)
	if err != nil || len(restamps) != 2 {
		t.Fatalf("got %v, %v; want both files moved", restamps, err)
	}
	if !strings.HasSuffix(restamps[0].To, "_c.sql") || restamps[0].To >= restamps[1].To || restamps[0].To <= "20260104000000" {
		t.Errorf("got %v, want the old order behind main's newest", restamps)
	}
	r.commit(t, "merge")
	if added, problems := r.historyOf(t); len(problems) > 0 || len(added) != 2 {
		t.Errorf("got %v, %v; want two new migrations and no problem", added, problems)
	}
	if again, err := planner.Rebase(o, base); err != nil || len(again) != 0 {
		t.Errorf("a second time: got %v, %v; want nothing to do", again, err)
	}
	for _, folder := range []string{"", "down"} {
		for _, name := range restamps {
			if _, err := os.Stat(filepath.Join(o.Migrations, folder, name.To)); err != nil {
				t.Error(err)
			}
		}
	}
}

// overtaken is a branch "feature" with a migration, merged with a "main" that has a newer one, which a remote and a release have too.
// The branch "stale" is where main was before; the branch "other" has a migration that nobody else has.
func overtaken(t *testing.T) repository {
	t.Helper()
	r := branch(t)
	r.write(t, "migrations/20250103000000_own.sql", "SELECT 1;\n")
	r.commit(t, "feature")
	r.must(t, "branch", "stale", "main")
	r.must(t, "checkout", "-q", "-b", "other", "main")
	r.write(t, "migrations/20250105000000_other.sql", "SELECT 1;\n")
	r.commit(t, "other")
	r.must(t, "checkout", "-q", "main")
	r.write(t, "migrations/20250104000000_merged.sql", "SELECT 1;\n")
	r.commit(t, "main moved")
	r.must(t, "update-ref", "refs/remotes/origin/main", "main")
	r.must(t, "checkout", "-q", "feature")
	r.must(t, "merge", "-q", "--no-edit", "main")
	return r
}

// A base that cannot be followed is refused with the file that shows it, the reason and what to run.
func TestWrongBase(t *testing.T) {
	t.Parallel()
	plain := func(*testing.T, repository) {}
	for _, test := range []struct {
		name, base string
		plant      func(t *testing.T, r repository)
		says       []string
	}{
		{"right", "main", plain, nil},
		{"right, at the remote", "origin/main", plain, nil},
		{"no such branch", "trunk", plain, []string{"there is no commit trunk here", "fetch"}},
		{"out of date", "stale", plain, []string{"migrations/20250104000000_merged.sql is on main and not on stale", "out of date or not the branch", "git fetch", "--base main"}},
		{"the branch itself, while another is merged", "HEAD", func(t *testing.T, r repository) {
			r.must(t, "reset", "-q", "--hard", "HEAD^")
			r.must(t, "merge", "-q", "--no-commit", "main")
		}, []string{"20250104000000_merged.sql is on main and not on HEAD"}},
		{"only a remote has it", "stale", func(t *testing.T, r repository) {
			r.must(t, "branch", "-D", "main")
		}, []string{"20250104000000_merged.sql is on origin/main and not on stale", "--base origin/main"}},
		{"a default branch of another name", "stale", func(t *testing.T, r repository) {
			r.must(t, "branch", "-D", "main")
			r.must(t, "update-ref", "refs/remotes/origin/trunk", "origin/main")
			r.must(t, "update-ref", "-d", "refs/remotes/origin/main")
			r.must(t, "symbolic-ref", "refs/remotes/origin/HEAD", "refs/remotes/origin/trunk")
		}, []string{"20250104000000_merged.sql is on origin/trunk and not on stale", "--base origin/trunk"}},
		{"only a release has it", "stale", func(t *testing.T, r repository) {
			r.must(t, "tag", "v1.2.0", "main")
			r.must(t, "branch", "-D", "main")
			r.must(t, "update-ref", "-d", "refs/remotes/origin/main")
		}, []string{"20250104000000_merged.sql is on v1.2.0 and not on stale"}},
		{"another branch", "other", plain, []string{"migrations/20250105000000_other.sql is on other", "not merged into this branch", "git merge other first", "another --base"}},
		{"not merged yet", "main", func(t *testing.T, r repository) {
			r.must(t, "reset", "-q", "--hard", "HEAD^")
		}, []string{"migrations/20250104000000_merged.sql is on main", "git merge main first"}},
		{"merged and deleted", "main", func(t *testing.T, r repository) {
			r.must(t, "rm", "-q", "migrations/20250104000000_merged.sql")
		}, []string{"20250104000000_merged.sql is on main", "was deleted here", "git checkout main -- migrations/20250104000000_merged.sql"}},
		{"no migrations", "pages", func(t *testing.T, r repository) {
			r.must(t, "branch", "pages", r.without(t, "main", "migrations"))
		}, []string{"pages (", "has no migrations", "--base origin/main"}},
		{"own work on the default branch", "origin/main", func(t *testing.T, r repository) {
			r.must(t, "checkout", "-q", "main")
			r.write(t, "migrations/20250106000000_unpushed.sql", "SELECT 1;\n")
			r.commit(t, "not pushed")
		}, nil},
		{"own work on the default branch, while git rebases it", "origin/main", func(t *testing.T, r repository) {
			r.must(t, "checkout", "-q", "main")
			r.must(t, "reset", "-q", "--hard", "stale")
			r.write(t, "migrations/20250101000000_init.sql", "conflict\n")
			r.write(t, "migrations/20250103500000_unpushed.sql", "SELECT 1;\n")
			r.commit(t, "not pushed")
			r.must(t, "checkout", "-q", "-b", "upstream", "origin/main")
			r.write(t, "migrations/20250101000000_init.sql", "another\n")
			r.commit(t, "in the way")
			r.must(t, "update-ref", "refs/remotes/origin/main", "upstream")
			if _, err := r.git(t.Context(), "rebase", "origin/main", "main"); err == nil {
				t.Fatal("there was no conflict")
			}
		}, nil},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			r := overtaken(t)
			test.plant(t, r)
			_, err := BaseMigrations(t.Context(), r.root, test.base)
			if (err == nil) != (test.says == nil) {
				t.Fatalf("got %v, want an error: %v", err, test.says != nil)
			}
			for _, want := range test.says {
				if !strings.Contains(err.Error(), want) {
					t.Errorf("got %q, want it to say %q", err, want)
				}
			}
		})
	}
}

// without commits what a reference has, but for one folder, on top of it.
func (r repository) without(t *testing.T, ref, folder string) string {
	t.Helper()
	r.must(t, "checkout", "-q", "--detach", ref)
	r.must(t, "rm", "-q", "-r", folder)
	r.commit(t, "without "+folder)
	commit := strings.TrimSpace(r.must(t, "rev-parse", "HEAD"))
	r.must(t, "checkout", "-q", "feature")
	return commit
}
