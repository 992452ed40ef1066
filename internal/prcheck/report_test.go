package prcheck

import (
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/lockstep-dev/lockstep/internal/migrate"
	"github.com/lockstep-dev/lockstep/internal/planner"
)

var update = flag.Bool("update", false, "rewrite the golden files")

// whole is a report of a branch with nothing wrong and everything in it.
func whole() Report {
	return Report{
		Base: "origin/main", Fork: "0123456789abcdef",
		Added: []Migration{
			{"20260101000000_add_age.sql", "-- Modify \"users\" table\nALTER TABLE \"core\".\"users\" ADD COLUMN \"age\" bigint NULL;\n", "ALTER TABLE \"core\".\"users\" DROP COLUMN \"age\";\n"},
			{"20260101000001_drop_note.sql", "-- lockstep:allow ban-drop-column nobody reads it since 1.4\nALTER TABLE \"core\".\"users\" DROP COLUMN \"note\"; -- ```\n", "-- lockstep:irreversible the notes are gone\n"},
		},
		Proof: planner.Report{Rows: 30, Migrations: []planner.Proof{
			{Version: "20250101000000", Name: "20250101000000_init.sql", Up: 40, Down: 12},
			{Version: "20260101000000", Name: "20260101000000_add_age.sql", Up: 1, Down: 1, Lost: []string{"users.age of 5 rows (1 became null)"}, LossAllowed: "ages are | computed"},
			{Version: "20260101000001", Name: "20260101000001_drop_note.sql", Up: 1, Irreversible: "the notes are gone"},
		}},
		Lint: planner.LintReport{Files: 2, Findings: []planner.Finding{{
			Rule: "ban-drop-column", File: "migrations/20260101000001_drop_note.sql", Line: 2, Message: "the column goes with all it holds",
			Lock: "ACCESS EXCLUSIVE: every read and write waits (users)", Recipe: "two releases", Allowed: "nobody reads it since 1.4",
		}}},
		Comparison: planner.Comparison{Missed: []string{}, Declared: []string{"adds function core.handle(text)"}, Diagram: "erDiagram\n  users[\"users\"] {\n    bigint age \"added\"\n  }\n"},
		Compared:   true, ReleaseRan: true,
		Sections: []Section{{Title: "Contract", Markdown: "Version 0.1.0 → 0.2.0: the changes need **minor**, given is minor."}},
	}
}

// faulty is the report of a branch in which everything is wrong that can be.
func faulty() Report {
	r := whole()
	r.History = []string{"migrations/20250101000000_init.sql is on origin/main and was edited here: restore it"}
	r.Proof.Problems = []*migrate.Problem{{Code: "round_trip", Version: "20260101000000", Message: "20260101000000_add_age.sql: undoing the migration does not lead back:\n  column core.users.age: should not be there"}}
	r.Proof.Migrations[1].Lost, r.Proof.Migrations[1].WithoutRows = nil, "duplicate key"
	r.Proof.Bare = map[string]string{"things": "a CHECK refuses what was tried"}
	r.Lint.Findings[0].Allowed = ""
	r.Comparison.Missed = []string{"the released version reads column core.users.note, which these migrations drop or rename"}
	r.Release = []string{"the released version does not run on this schema: 1 of its tests fail (TestRead): column users.note does not exist"}
	r.Sections[0].Problems = []string{"the contract's version is 0.1.0 and its changes need 0.2.0"}
	return r
}

func TestMarkdown(t *testing.T) {
	t.Parallel()
	for name, report := range map[string]Report{"whole": whole(), "faulty": faulty()} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			golden := filepath.Join("testdata", name+".md")
			got := report.Markdown()
			if *update {
				if err := os.WriteFile(golden, []byte(got), 0o644); err != nil {
					t.Fatal(err)
				}
			}
			want, err := os.ReadFile(golden)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(string(want), got); diff != "" {
				t.Errorf("report (-want +got):\n%s", diff)
			}
		})
	}
}

// Whatever is found anywhere stops the merge and is said at the top.
func TestProblemsAreAllOfThem(t *testing.T) {
	t.Parallel()
	if got := whole().Problems(); len(got) > 0 {
		t.Errorf("got %q, want none", got)
	}
	r := faulty()
	head, _, _ := strings.Cut(r.Markdown(), "## What changes")
	for _, want := range []string{"**6 problems.**", "was edited here", "should not be there", "ban-drop-column", "reads column core.users.note", "does not run on this schema", "its changes need 0.2.0"} {
		if !strings.Contains(head, want) {
			t.Errorf("the top of the report does not say %q:\n%s", want, head)
		}
	}
}
