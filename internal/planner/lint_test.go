package planner

import (
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func lintOf(t testing.TB, p *project, after string) LintReport {
	t.Helper()
	report, err := Lint(t.Context(), LintOptions{Options: p.Options, Squawk: filepath.Join(repository, "node_modules", ".bin", "squawk"), After: after})
	if err != nil {
		t.Fatal(err)
	}
	return report
}

// Each statement is run on a table that is there already; what is found is what the statement really does to it.
func TestLint(t *testing.T) {
	t.Parallel()
	none := "-- atlas:txmode none\n\n"
	tests := []struct {
		name, sql string
		rules     []string
		lock      string
	}{
		{"new table", `CREATE TABLE core.t (id uuid PRIMARY KEY, n bigint); CREATE INDEX t_n ON core.t (n);`, nil, ""},
		{"new column", `ALTER TABLE core.users ADD COLUMN n bigint;`, nil, ""},
		{"new column with default", `ALTER TABLE core.users ADD COLUMN n bigint NOT NULL DEFAULT 0;`, nil, ""},
		{"comment", `COMMENT ON TABLE core.users IS 'x';`, nil, ""},
		{"dropped column", `ALTER TABLE core.users DROP COLUMN note;`, []string{"ban-drop-column"}, "ACCESS EXCLUSIVE: every read and write waits (users)"},
		{"dropped table", `DROP TABLE core.user_roles;`, []string{"ban-drop-table"}, ""},
		{"renamed column", `ALTER TABLE core.users RENAME COLUMN note TO remark;`, []string{"renaming-column"}, "ACCESS EXCLUSIVE"},
		{"renamed table", `ALTER TABLE core.users RENAME TO people;`, []string{"renaming-table"}, ""},
		{"index", `CREATE INDEX x ON core.users (note);`, []string{"require-concurrent-index-creation"}, "SHARE: every write waits (users)"},
		{"concurrent index", none + `CREATE INDEX CONCURRENTLY x ON core.users (note);`, nil, ""},
		{"unique index", none + `CREATE UNIQUE INDEX CONCURRENTLY x ON core.users (note);`, []string{"MF101"}, "SHARE UPDATE EXCLUSIVE"},
		{"dropped index", `DROP INDEX core.user_roles_tenant_id_role_id_idx;`, []string{"require-concurrent-index-deletion"}, "ACCESS EXCLUSIVE"},
		{"foreign key", `ALTER TABLE core.user_roles ADD CONSTRAINT f FOREIGN KEY (tenant_id, role_id) REFERENCES core.roles (tenant_id, id);`,
			[]string{"adding-foreign-key-constraint", "constraint-missing-not-valid"}, "SHARE ROW EXCLUSIVE: every write waits (roles, user_roles)"},
		{"foreign key, not valid", `ALTER TABLE core.user_roles ADD CONSTRAINT f FOREIGN KEY (tenant_id, role_id) REFERENCES core.roles (tenant_id, id) NOT VALID;`, nil, ""},
		{"check", `ALTER TABLE core.users ADD CONSTRAINT c CHECK (note <> '');`, []string{"constraint-missing-not-valid"}, "ACCESS EXCLUSIVE"},
		{"check, not valid", `ALTER TABLE core.users ADD CONSTRAINT c CHECK (note <> '') NOT VALID;`, nil, ""},
		{"unique constraint", `ALTER TABLE core.users ADD CONSTRAINT c UNIQUE (note);`, []string{"MF101", "constraint-missing-not-valid", "disallowed-unique-constraint"}, "ACCESS EXCLUSIVE"},
		{"required", `ALTER TABLE core.users ALTER COLUMN note SET NOT NULL;`, []string{"adding-not-nullable-field", "required-without-default"}, "ACCESS EXCLUSIVE"},
		{"required, proven", "ALTER TABLE core.users ALTER COLUMN note SET DEFAULT '';\nALTER TABLE core.users ADD CONSTRAINT c CHECK (note IS NOT NULL) NOT VALID;\n" +
			"ALTER TABLE core.users VALIDATE CONSTRAINT c;\nALTER TABLE core.users ALTER COLUMN note SET NOT NULL;", []string{"constraint-missing-not-valid"}, ""},
		{"new required column", `ALTER TABLE core.users ADD COLUMN n bigint NOT NULL;`, []string{"adding-required-field", "required-without-default"}, "ACCESS EXCLUSIVE"},
		{"type with rewrite", `ALTER TABLE core.users ALTER COLUMN note TYPE bytea USING note::bytea;`, []string{"changing-column-type"}, "ACCESS EXCLUSIVE"},
		{"type without rewrite", `ALTER TABLE core.users ALTER COLUMN email TYPE varchar(500);`, nil, ""},
		{"volatile default", `ALTER TABLE core.users ADD COLUMN n uuid DEFAULT gen_random_uuid();`, []string{"adding-field-with-default", "changing-column-type"}, "ACCESS EXCLUSIVE"},
		{"dropped foreign key", `ALTER TABLE core.user_roles DROP CONSTRAINT user_roles_tenant_id_role_id_fkey;`, []string{"CD101"}, "ACCESS EXCLUSIVE"},
		{"rows", `UPDATE core.users SET note = 'x';`, []string{"unbatched-write"}, ""},
		{"rows left over, all in one go", `UPDATE core.users SET note = 'x' WHERE note IS NULL;`, []string{"unbatched-write"}, ""},
		{"rows of a query", `WITH old AS (SELECT id FROM core.users) UPDATE core.users SET note = 'x' WHERE id IN (SELECT id FROM old);`, []string{"unbatched-write"}, ""},
		{"rows of a table in use beside a new one", "CREATE TABLE core.u (id uuid PRIMARY KEY);\nUPDATE core.users SET note = 'u';", []string{"unbatched-write"}, ""},
		{"rows of a new table", "CREATE TABLE core.u (id uuid PRIMARY KEY, n bigint);\nUPDATE core.u SET n = 1;\nDELETE FROM core.u;", nil, ""},
		{"deleted rows", `DELETE FROM core.users WHERE note IS NULL;`, []string{"deletes-rows", "unbatched-write"}, ""},
		{"emptied table", `TRUNCATE core.user_roles;`, []string{"blocking-statement", "deletes-rows"}, "ACCESS EXCLUSIVE"},
		{"lock", `LOCK TABLE core.users;`, []string{"blocking-statement"}, "ACCESS EXCLUSIVE"},
		{"several outside a transaction", none + "SELECT 1;\nSELECT 2;", []string{"several-statements"}, ""},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			p := newProject(t)
			p.put("20990101000000_x.sql", test.sql+"\n")
			p.put("down/20990101000000_x.sql", "SELECT 1;\n")
			report := lintOf(t, p, initial.plan.Files[0].Version)
			var got []string
			for _, f := range report.Findings {
				got = append(got, f.Rule)
				if f.Message == "" || f.Recipe == "" {
					t.Errorf("a finding without a sentence or a recipe: %+v", f)
				}
			}
			slices.Sort(got)
			if diff := cmp.Diff(test.rules, slices.Compact(got)); diff != "" {
				t.Errorf("rules (-want +got):\n%s\n%v", diff, report.Findings)
			}
			if test.lock != "" && (len(report.Findings) == 0 || !strings.Contains(report.Findings[0].Lock, test.lock)) {
				t.Errorf("got %+v, want lock %s", report.Findings, test.lock)
			}
		})
	}
}

func TestLintPlacesAndAllows(t *testing.T) {
	t.Parallel()
	p := newProject(t)
	after := initial.plan.Files[0].Version
	p.put("20990101000000_x.sql", "-- first\nALTER TABLE core.users\n  DROP COLUMN note;\n")
	p.put("down/20990101000000_x.sql", "ALTER TABLE core.users ADD COLUMN note text;\n")
	report := lintOf(t, p, after)
	if len(report.Open()) != 1 || report.Findings[0].File != "migrations/20990101000000_x.sql" || report.Findings[0].Line != 2 || !slices.Contains(report.Findings[0].Also, "DS103") {
		t.Fatalf("got %+v, want one finding on line 2", report.Findings)
	}
	for _, rule := range []string{"ban-drop-column", "DS103"} {
		p.put("20990101000000_x.sql", "-- lockstep:allow "+rule+" nobody reads it since 1.4\nALTER TABLE core.users DROP COLUMN note;\n")
		report = lintOf(t, p, after)
		if len(report.Open()) != 0 || len(report.Findings) != 1 || report.Findings[0].Allowed != "nobody reads it since 1.4" {
			t.Errorf("%s: got %+v, want the finding allowed and reported", rule, report.Findings)
		}
	}
	p.put("20990101000000_x.sql", "-- lockstep:allow ban-drop-column\nALTER TABLE core.users DROP COLUMN note;\n")
	if _, err := Lint(t.Context(), LintOptions{Options: p.Options}); err == nil || !strings.Contains(err.Error(), "why it is safe here") {
		t.Errorf("got %v, want an allowance without reason refused", err)
	}
}
