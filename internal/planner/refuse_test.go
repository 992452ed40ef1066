package planner

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// Whatever stops a plan, the directory stays as it was.
func TestNewRefuses(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name      string
		migration string
		fault     func(t *testing.T, p *project)
		says      string
	}{
		{"name with dashes", "add-things", nil, "no name for a migration"},
		{"empty name", "", nil, "no name for a migration"},
		{"path as name", "../x", nil, "no name for a migration"},
		{"existing name", "init", nil, "has this name already"},
		{"unhashed file", "change", func(t *testing.T, p *project) { create(t, p, "20990101000000_x.sql", "SELECT 1;\n") }, "20990101000000_x.sql is not in atlas.sum"},
		{"edited file", "change", func(t *testing.T, p *project) {
			create(t, p, initial.plan.Files[0].Name, initial.plan.Files[0].Up+"SELECT 1;\n")
		}, "was edited after it was hashed"},
		{"edited reverse", "change", func(t *testing.T, p *project) { create(t, p, "down/"+initial.plan.Files[0].Name, "SELECT 1;\n") }, "was edited after it was hashed"},
		{"no sums", "change", func(t *testing.T, p *project) {
			if err := os.Remove(filepath.Join(p.Migrations, "atlas.sum")); err != nil {
				t.Fatal(err)
			}
		}, "atlas.sum is missing"},
		{"migration that fails", "change", func(_ *testing.T, p *project) { p.put("20990101000000_x.sql", "SELECT 1/0;\n") }, "20990101000000_x.sql:1: ERROR: division by zero"},
		{"no desired state", "change", func(t *testing.T, p *project) {
			if err := os.Remove(p.Schema); err != nil {
				t.Fatal(err)
			}
		}, "read the desired state"},
		{"empty desired state", "change", func(_ *testing.T, p *project) { p.edit(func(string) string { return "" }) }, "describes no table"},
		{"desired state that fails", "change", func(_ *testing.T, p *project) { p.edit(func(s string) string { return s + "SELECT 1/0;" }) }, "division by zero"},
		{"desired state that is not what the code says", "change", func(_ *testing.T, p *project) {
			p.Generate = func(context.Context) ([]byte, error) { return []byte("-- a desired state\n"), nil }
		}, "is not what the schema's code says (first difference in line 1): run `make generate`"},
		{"code that does not compile", "change", func(_ *testing.T, p *project) {
			p.Generate = func(context.Context) ([]byte, error) { return nil, errors.New("undefined: field") }
		}, "generate the desired state: undefined: field"},
		{"nothing to do", "change", func(_ *testing.T, p *project) { p.edit(func(s string) string { return s }) }, "nothing to do"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			p := newProject(t)
			p.edit(func(s string) string { return s + globalThings })
			if test.fault != nil {
				test.fault(t, p)
			}
			before := p.files()
			_, err := New(t.Context(), p.Options, test.migration)
			if err == nil || !strings.Contains(err.Error(), test.says) {
				t.Errorf("got %v, want it to say %q", err, test.says)
			}
			if diff := cmp.Diff(before, p.files()); diff != "" {
				t.Errorf("files (-before +after):\n%s", diff)
			}
		})
	}
}

func create(t *testing.T, p *project, name, content string) {
	t.Helper()
	if err := os.WriteFile(filepath.Join(p.Migrations, name), []byte(content), 0o644); err != nil {
		t.Fatal(err)
	}
}

func TestWriteIsAllOrNothing(t *testing.T) {
	t.Parallel()
	p := newProject(t)
	p.edit(func(s string) string { return s + globalThings })
	plan := p.plan("add_things")
	// A folder is in the way of the migration.
	blocker := filepath.Join(p.Migrations, plan.Files[0].Name)
	if err := os.Mkdir(blocker, 0o755); err != nil {
		t.Fatal(err)
	}
	before := p.files()
	if _, err := Write(p.Options, plan); err == nil {
		t.Fatal("a folder was overwritten")
	}
	if diff := cmp.Diff(before, p.files()); diff != "" {
		t.Errorf("files (-before +after):\n%s", diff)
	}
	if err := os.Remove(blocker); err != nil {
		t.Fatal(err)
	}
	p.write(plan)
	want := []string{"atlas.sum", "down", "down/" + initial.plan.Files[0].Name, "down/" + plan.Files[0].Name, "down/down.sum", "fingerprint.json", initial.plan.Files[0].Name, plan.Files[0].Name}
	slices.Sort(want)
	if diff := cmp.Diff(want, p.files()); diff != "" {
		t.Errorf("files (-want +got):\n%s", diff)
	}
}

func TestWriteRefusesAStalePlan(t *testing.T) {
	t.Parallel()
	p := newProject(t)
	p.edit(func(s string) string { return s + globalThings })
	one, two := p.plan("one"), p.plan("two")
	p.write(one)
	if _, err := Write(p.Options, two); err == nil || !strings.Contains(err.Error(), "run it again") {
		t.Errorf("got %v, want the second plan refused", err)
	}
}

func TestVersionsRise(t *testing.T) {
	t.Parallel()
	for _, test := range []struct{ now, newest, want string }{
		{"20250601120000", "", "20250601120000"},
		{"20250601120000", "20250601115959", "20250601120000"},
		{"20250601120000", "20250601120000", "20250601120001"},
		{"20250601120000", "20301231235959", "20310101000000"},
	} {
		if got := nextVersion(at(test.now)(), test.newest); got != test.want {
			t.Errorf("at %s after %s: got %s, want %s", test.now, test.newest, got, test.want)
		}
	}
}

// The same states and the same clock give the same bytes.
func TestPlansAreDeterministic(t *testing.T) {
	t.Parallel()
	p := emptyProject(t)
	p.Now = at("20250601120000")
	first, second := p.plan("init"), p.plan("init")
	if first.Up() != second.Up() || first.Down() != second.Down() || first.Files[0].Name != "20250601120000_init.sql" || second.Files[0].Name != first.Files[0].Name {
		t.Errorf("got %s and %s:\n%s", first.Files[0].Name, second.Files[0].Name, cmp.Diff(first.Up()+first.Down(), second.Up()+second.Down()))
	}
	if want := `DROP SCHEMA "core";`; !strings.HasSuffix(first.Down(), want+"\n") || strings.Contains(first.Down(), "CASCADE") {
		t.Errorf("got reverse %s, want it to end in %s, without CASCADE", first.Down(), want)
	}
}

// Each planted fault is found, named and leaves the other findings standing.
func TestVerifyFindsPlantedFaults(t *testing.T) {
	t.Parallel()
	up := func(name string) string { return "20990101000000_" + name + ".sql" }
	tests := []struct {
		name  string
		plant func(p *project)
		codes []string
		says  string
	}{
		{"whole", func(*project) {}, nil, ""},
		{"edited", func(p *project) {
			create(p.t.(*testing.T), p, initial.plan.Files[0].Name, initial.plan.Files[0].Up+"\n")
		}, []string{"sum"}, "edited after it was hashed"},
		{"desired state ahead", func(p *project) {
			p.edit(func(s string) string {
				return strings.Replace(s, `"note" text NULL`, `"note" text NULL, "more" text NULL`, 1)
			})
		}, []string{"schema"}, `ADD COLUMN "more" text NULL`},
		{"code ahead", func(p *project) {
			p.Generate = func(context.Context) ([]byte, error) { return []byte("CREATE SCHEMA core;\n"), nil }
		}, []string{"generated"}, "run `make generate`"},
		{"missing reverse", func(p *project) { p.put(up("x"), "SELECT 1;\n") }, []string{"missing_down"}, "has no reverse"},
		{"empty reverse", func(p *project) { p.put(up("x"), "SELECT 1;\n"); p.put("down/"+up("x"), "-- no\n") }, []string{"empty_down"}, "is empty"},
		{"irreversible", func(p *project) {
			p.put(up("x"), "SELECT 1;\n")
			p.put("down/"+up("x"), "-- lockstep:irreversible it sends letters\n")
		}, nil, ""},
		{"wrong reverse", func(p *project) {
			p.put(up("x"), "CREATE INDEX x ON core.users (tenant_id, note);\nDROP INDEX core.x;\nCREATE FUNCTION core.f() RETURNS int LANGUAGE sql AS 'SELECT 1';\n")
			p.put("down/"+up("x"), "SELECT 1;\n")
		}, []string{"round_trip", "schema", "fence"}, "function core.f(): should not be there"},
		{"reverse that fails", func(p *project) { p.put(up("x"), "SELECT 1;\n"); p.put("down/"+up("x"), "DROP TABLE core.nope;\n") }, []string{"round_trip"}, `table "nope" does not exist`},
		{"not repeatable", func(p *project) {
			p.put(up("x"), "CREATE SEQUENCE core.s;\n")
			p.put("down/"+up("x"), "DROP SEQUENCE core.s;\nCREATE TABLE public.rest ();\n")
		}, []string{"round_trip"}, "table public.rest: should not be there"},
		{"does not apply", func(p *project) { p.put(up("x"), "SELECT 1/0;\n") }, []string{"apply"}, "division by zero"},
		{"taken down", func(p *project) {
			p.put(up("x"), "ALTER TABLE core.users NO FORCE ROW LEVEL SECURITY;\n")
			p.put("down/"+up("x"), "ALTER TABLE core.users FORCE ROW LEVEL SECURITY;\n")
		}, []string{"fence"}, "core.users: row-level security does not bind the table's owner"},
		{"two statements outside a transaction", func(p *project) {
			p.put(up("x"), "-- atlas:txmode none\n\nSELECT 1;\nSELECT 2;\n")
			p.put("down/"+up("x"), "SELECT 1;\n")
		}, []string{"statement"}, "give each a file of its own"},
		{"cut differently", func(p *project) {
			const procedure = "CREATE PROCEDURE core.p() LANGUAGE plpgsql AS $$ BEGIN END $$;\n"
			p.edit(func(s string) string { return s + procedure })
			p.put(up("x"), procedure+"REVOKE ALL ON PROCEDURE core.p() FROM PUBLIC;\n")
			p.put("down/"+up("x"), "DROP PROCEDURE core.p();\n")
		}, nil, ""},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			p := newProject(t)
			test.plant(p)
			report, err := Verify(t.Context(), p.Options)
			if err != nil {
				t.Fatal(err)
			}
			wantProblems(t, report, test.codes...)
			if test.says != "" && len(report.Problems) > 0 {
				said := ""
				for _, p := range report.Problems {
					said += p.Message + "\n"
				}
				wantWords(t, "problem", said, []string{test.says})
			}
			if test.name == "irreversible" && report.Migrations[1].Irreversible != "it sends letters" {
				t.Errorf("got %+v, want the reason reported", report.Migrations[1])
			}
		})
	}
}

func wantProblems(t testing.TB, report Report, codes ...string) {
	t.Helper()
	var got []string
	for _, problem := range report.Problems {
		if problem.Code == "fingerprint" && !slices.Contains(codes, problem.Code) {
			continue // these directories are written by hand
		}
		got = append(got, problem.Code)
	}
	if diff := cmp.Diff(codes, got); diff != "" {
		t.Errorf("problems (-want +got):\n%s\n%v", diff, report.Problems)
	}
}
