package planner

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/lockstep-dev/lockstep/internal/migrate"
)

// What only a person knows is asked, at a terminal or by flags, and never guessed.
func TestQuestions(t *testing.T) {
	t.Parallel()
	remark := func(base string) string {
		return strings.Replace(base, `"note" text NULL,`, `"remark" text NULL,`, 1)
	}
	required := func(column string) func(string) string {
		return func(base string) string {
			return strings.Replace(base, `"note" text NULL,`, `"note" text NULL, `+column+`,`, 1)
		}
	}
	for _, test := range []struct {
		name string
		edit func(string) string
		set  func(o *Options)
		fail string // of the plan; empty when it succeeds
		up   string
	}{
		{"rename, nobody to ask", remark, func(*Options) {}, "users.note disappears while the similar remark appears. If that is its new name: --rename users.note=remark. If what it holds may be lost: --drop users.note", ""},
		{"yes", remark, func(o *Options) { o.Ask = func(string) (bool, error) { return true, nil } }, "", `RENAME COLUMN "note" TO "remark"`},
		{"no", remark, func(o *Options) { o.Ask = func(string) (bool, error) { return false, nil } }, "", `DROP COLUMN "note"`},
		{"rename and other length, nobody to ask", func(base string) string {
			return strings.Replace(base, `"note" text NULL,`, `"remark" character varying(500) NULL,`, 1)
		}, func(*Options) {}, "--rename users.note=remark", ""},
		{"no rename, the types are of different kinds", func(base string) string {
			return strings.Replace(base, `"note" text NULL,`, `"age" bigint NULL,`, 1)
		}, func(*Options) {}, "", `DROP COLUMN "note"`},
		{"table, nobody to ask", func(base string) string { return strings.ReplaceAll(base, "user_roles", "grants") }, func(*Options) {}, "--rename user_roles=grants", ""},
		{"rename of nothing", remark, func(o *Options) { o.Renames = []Rename{{"users", "nope", "remark"}} }, "--rename users.nope=remark: there is no column users.nope", ""},
		{"rename to nothing", remark, func(o *Options) { o.Renames = []Rename{{"users", "note", "nope"}} }, "the desired state has no column users.nope", ""},
		{"rename of what stays", remark, func(o *Options) { o.Renames = []Rename{{"users", "email", "remark"}} }, "the desired state keeps column users.email", ""},
		{"required reference", required(`"boss_id" uuid NOT NULL`), func(*Options) {}, "users.boss_id is required and rows that are already there have no value for it: say which, `--backfill users.boss_id=", ""},
		{"backfill of nothing", required(`"age" bigint NULL`), func(o *Options) { o.Backfill = map[string]string{"users.email": "1"} }, "--backfill users.email: the plan gives this column no NOT NULL", ""},
		{"backfill that does not fit", required(`"age" bigint NOT NULL`), func(o *Options) { o.Backfill = map[string]string{"users.age": "NULL"} }, "fails on a database with rows", ""},
		{"rows break the new check", func(base string) string { return strings.Replace(base, `'active', 'inactive'`, `'active'`, 1) }, func(*Options) {}, "`--backfill users.", ""},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			p := newProject(t)
			p.edit(test.edit)
			test.set(&p.Options)
			before := p.files()
			plan, err := New(t.Context(), p.Options, "change")
			switch {
			case test.fail != "" && (err == nil || !strings.Contains(err.Error(), test.fail)):
				t.Errorf("got %v, want it to say %q", err, test.fail)
			case test.fail == "" && err != nil:
				t.Error(err)
			case test.fail == "":
				wantWords(t, "up", plan.Up(), []string{test.up})
			}
			if diff := cmp.Diff(before, p.files()); diff != "" {
				t.Errorf("files (-before +after):\n%s", diff)
			}
		})
	}
}

func TestParseRename(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]Rename{
		"users.name=display_name":       {"users", "name", "display_name"},
		"users.name=users.display_name": {"users", "name", "display_name"},
		"clients=customers":             {"clients", "", "customers"},
		"users.name=people.name":        {},
		"users.name":                    {},
		"a.b.c=d":                       {},
	} {
		got, err := ParseRename(text)
		if got != want || (err == nil) != (want != Rename{}) {
			t.Errorf("%s: got %+v, %v; want %+v", text, got, err, want)
		}
	}
}

// The Atlas CLI and hands write no reverses; they are computed, proven and written.
func TestReverse(t *testing.T) {
	t.Parallel()
	p := newProject(t)
	p.put("20990101000000_x.sql", "ALTER TABLE core.users ADD COLUMN age bigint NOT NULL DEFAULT 0;\nCREATE INDEX users_age ON core.users (age);\n")
	p.put("20990101000001_y.sql", "UPDATE core.users SET age = 1;\n")
	p.put("20990101000002_z.sql", "ALTER TABLE core.users DROP COLUMN note;\n")
	written, warnings, err := Reverse(t.Context(), p.Options)
	if err != nil || len(written) != 4 {
		t.Fatalf("got %v, %v; want three reverses and their sums", written, err)
	}
	for name, want := range map[string]string{"x": `DROP COLUMN "age"`, "y": "-- Nothing to undo", "z": `ADD COLUMN "note" text NULL`} {
		text, err := os.ReadFile(filepath.Join(p.Migrations, migrate.DownDir, "2099010100000"+map[string]string{"x": "0", "y": "1", "z": "2"}[name]+"_"+name+".sql"))
		if err != nil || !strings.Contains(string(text), want) {
			t.Errorf("%s: got %s, %v; want %q", name, text, err, want)
		}
	}
	if said := strings.Join(warnings, "\n"); !strings.Contains(said, "does not bring back users.age") || !strings.Contains(said, "does not bring back users.note") {
		t.Errorf("got warnings %q, want what is lost", said)
	}
	if again, _, err := Reverse(t.Context(), p.Options); err != nil || again != nil {
		t.Errorf("a second time: got %v, %v; want nothing to do", again, err)
	}
}

// Rows that silently change on the way down and up are found, and allowed only in the file.
func TestVerifyFlagsSilentLoss(t *testing.T) {
	t.Parallel()
	p := newProject(t)
	up, down := "ALTER TABLE core.users ALTER COLUMN note TYPE varchar(3) USING left(note, 3);\n", "ALTER TABLE core.users ALTER COLUMN note TYPE text;\n"
	p.edit(func(base string) string {
		return strings.Replace(base, `"note" text NULL,`, `"note" character varying(3) NULL,`, 1)
	})
	p.put("20990101000000_x.sql", up)
	p.put("down/20990101000000_x.sql", down)
	report, err := Verify(t.Context(), p.Options)
	if err != nil {
		t.Fatal(err)
	}
	wantProblems(t, report, "data_loss")
	if len(report.Problems) > 0 {
		wantWords(t, "problem", report.Problems[0].Message, []string{"silently lose users.note of 5 rows", "-- lockstep:allow data-loss reason"})
	}
	p.put("down/20990101000000_x.sql", "-- lockstep:allow data-loss notes are codes of three letters\n"+down)
	if report, err = Verify(t.Context(), p.Options); err != nil {
		t.Fatal(err)
	}
	wantProblems(t, report)
	if len(report.Migrations) != 2 || len(report.Migrations[1].Lost) != 1 || report.Migrations[1].LossAllowed != "notes are codes of three letters" {
		t.Errorf("got %+v, want the loss and its reason in the report", report.Migrations)
	}
}

// A release that ships another fingerprint than its migrations lead to would take the wrong things for drift.
func TestVerifyFindsAStaleFingerprint(t *testing.T) {
	t.Parallel()
	p := newProject(t)
	report, err := Verify(t.Context(), p.Options)
	if err != nil {
		t.Fatal(err)
	}
	wantProblems(t, report)
	name := filepath.Join(p.Migrations, migrate.FingerprintFile)
	b, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(name, []byte(strings.Replace(string(b), `"text[] not null"`, `"text[]"`, 1)), 0o644); err != nil {
		t.Fatal(err)
	}
	if report, err = Verify(t.Context(), p.Options); err != nil {
		t.Fatal(err)
	}
	wantProblems(t, report, "fingerprint")
	if _, err := report.WriteFingerprint(p.Options); err != nil {
		t.Fatal(err)
	}
	if now, err := os.ReadFile(name); err != nil || string(now) != string(b) {
		t.Errorf("the fingerprint was not written as it was: %v", err)
	}
}
