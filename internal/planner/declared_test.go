package planner

import (
	"errors"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/lockstep-dev/lockstep/internal/dbtest"
	"github.com/lockstep-dev/lockstep/internal/migrate"
	"github.com/lockstep-dev/lockstep/internal/pgcatalog"
)

const (
	searchable = `
ALTER TABLE core.users ADD COLUMN search tsvector GENERATED ALWAYS AS (to_tsvector('english', email || ' ' || coalesce(note, ''))) STORED;`
	booking = `
CREATE EXTENSION IF NOT EXISTS btree_gist;
CREATE TABLE "core"."bookings" (
  "tenant_id" uuid NOT NULL, "id" uuid NOT NULL, "starts" date NOT NULL, "ends" date NOT NULL,
  PRIMARY KEY ("tenant_id", "id"), CONSTRAINT "bookings_tenant_id_fkey" FOREIGN KEY ("tenant_id") REFERENCES "core"."tenants" ("id") ON DELETE NO ACTION);`
	overlap = `
ALTER TABLE core.bookings ADD CONSTRAINT bookings_overlap EXCLUDE USING gist (tenant_id WITH =, daterange(starts, ends) WITH &&) WHERE (starts <> ends);`
	slugs = `
CREATE FUNCTION core.slug(text) RETURNS text LANGUAGE sql IMMUTABLE AS $$ SELECT lower(core.trimmed($1)) $$;
GRANT EXECUTE ON FUNCTION core.slug(text) TO core_app;`
	trimmed = `
CREATE FUNCTION core.trimmed(text) RETURNS text LANGUAGE sql IMMUTABLE AS $$ SELECT btrim($1) $$;
GRANT EXECUTE ON FUNCTION core.trimmed(text) TO core_app;`
	slugged = `
ALTER TABLE core.users ADD COLUMN handle text GENERATED ALWAYS AS (core.slug(email)) STORED;
CREATE INDEX users_handle ON core.users (tenant_id, core.slug(note));`
	actives = `
CREATE VIEW core.actives WITH (security_invoker = true) AS SELECT tenant_id, id, email FROM core.users WHERE status = 'active';
COMMENT ON VIEW core.actives IS 'Those who work here.';
GRANT SELECT ON core.actives TO core_app;`
	role  = pgcatalog.CreateAppRole + ";"
	noted = `
CREATE FUNCTION core.note_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  NEW.note := coalesce(NEW.note, '') || '+';
  RETURN NEW;
END
$$;
CREATE TRIGGER users_noted BEFORE UPDATE OF email ON core.users FOR EACH ROW EXECUTE FUNCTION core.note_change();`
)

// Every step of one history is planned, proven both ways and kept by the next plan.
func TestDeclaredSQL(t *testing.T) {
	t.Parallel()
	p := newProject(t)
	state := func(sql ...string) {
		p.edit(func(base string) string { return base + strings.Join(sql, "") })
	}
	for i, step := range []struct {
		name          string
		sql           []string
		up, not, down []string
		warnings      []string
	}{
		{"search", []string{searchable}, []string{`ADD COLUMN "search" tsvector`, "GENERATED ALWAYS AS (to_tsvector("}, nil, []string{`DROP COLUMN "search"`}, nil},
		{"otherwise", []string{strings.Replace(searchable, "english", "simple", 1)}, []string{`DROP COLUMN "search"`, `ADD COLUMN "search" tsvector`, "'simple'"}, nil, []string{"'english'"},
			[]string{"computes column users.search anew"}},
		{"bookings", []string{booking}, []string{"CREATE EXTENSION IF NOT EXISTS btree_gist"}, nil, []string{"DROP EXTENSION btree_gist"}, nil},
		{"overlap", []string{booking, overlap}, []string{`ADD CONSTRAINT "bookings_overlap" EXCLUDE USING gist`, `"tenant_id" WITH =`, "daterange", "WHERE"}, nil, []string{"DROP CONSTRAINT"},
			[]string{"the table bookings takes no writes"}},
		{"wider", []string{booking, strings.Replace(overlap, "starts, ends", "starts, ends, '[]'", 1)}, []string{"DROP CONSTRAINT", "'[]'"}, nil, []string{"daterange(starts, ends)"}, nil},
		{"handles", []string{trimmed, slugs, slugged}, []string{"core.trimmed(text)", "REVOKE ALL ON ROUTINE core.slug(text) FROM PUBLIC", "GRANT EXECUTE ON ROUTINE core.slug(text) TO core_app", `"handle" text`,
			`CONCURRENTLY "users_handle"`}, nil, []string{"DROP FUNCTION core.slug(text)", "DROP FUNCTION core.trimmed(text)"}, []string{"drops table bookings"}},
		{"better", []string{trimmed, strings.Replace(slugs, "lower(", "upper(", 1), slugged}, []string{"CREATE OR REPLACE FUNCTION core.slug(text)", "upper("}, []string{"DROP"}, []string{"lower("},
			[]string{"replaces function core.slug(text): what the generated column core.users.handle and the index core.users_handle holds was computed by the old one"}},
		{"plain", nil, []string{`DROP COLUMN "handle"`, "DROP INDEX CONCURRENTLY", "DROP FUNCTION core.slug(text)"}, nil, []string{`ADD COLUMN "handle"`},
			[]string{"drops function core.slug(text): declare it in ent/schema/*.sql"}},
		{"actives", []string{actives}, []string{"CREATE VIEW core.actives with (security_invoker=true)", "GRANT SELECT ON TABLE core.actives TO core_app", "COMMENT ON VIEW core.actives"}, nil, []string{"DROP VIEW core.actives"}, nil},
		{"retyped", []string{`ALTER TABLE core.users ALTER COLUMN email TYPE text;`, actives}, []string{"DROP VIEW core.actives", `TYPE text`, "CREATE VIEW core.actives", "GRANT SELECT ON TABLE core.actives"}, nil,
			[]string{"DROP VIEW", "CREATE VIEW", "GRANT SELECT ON TABLE core.actives"}, nil},
		{"noted", []string{actives, noted}, []string{"CREATE OR REPLACE FUNCTION core.note_change()", "CREATE TRIGGER users_noted", "REVOKE ALL ON ROUTINE core.note_change() FROM PUBLIC"}, nil,
			[]string{"DROP TRIGGER users_noted ON core.users", "DROP FUNCTION core.note_change()"}, nil},
		{"counted", []string{actives, noted, "CREATE STATISTICS core.users_mail ON status, note FROM core.users;", "CREATE MATERIALIZED VIEW core.totals AS SELECT tenant_id, count(*) AS n FROM core.users GROUP BY 1; CREATE UNIQUE INDEX totals_key ON core.totals (tenant_id);"},
			[]string{"CREATE STATISTICS core.users_mail", "CREATE MATERIALIZED VIEW core.totals", "CREATE UNIQUE INDEX totals_key"}, []string{"CREATE TRIGGER", "CREATE VIEW"}, []string{"DROP MATERIALIZED VIEW"}, nil},
	} {
		state(step.sql...)
		plan := p.plan(step.name)
		wantWords(t, step.name+" up", plan.Up(), step.up)
		wantWords(t, step.name+" down", plan.Down(), step.down)
		wantWords(t, step.name+" warnings", strings.Join(plan.Warnings, "\n"), step.warnings)
		for _, word := range step.not {
			if strings.Contains(plan.Up(), word) {
				t.Errorf("%s: the plan says %s:\n%s", step.name, word, plan.Up())
			}
		}
		p.write(plan)
		if _, err := New(t.Context(), p.Options, "again"); !errors.Is(err, ErrNothing) {
			t.Fatalf("step %d, %s: planning again got %v, want nothing to do", i, step.name, err)
		}
	}
	report, err := Verify(t.Context(), p.Options)
	if err != nil {
		t.Fatal(err)
	}
	// The dropped table's rows, and the handles of the function that was replaced.
	wantProblems(t, report, "data_loss", "data_loss")
	p.linted([]string{"adding-field-with-default", "ban-drop-column", "ban-drop-table", "changing-column-type"})
}

// An ordinary column that becomes a computed one is dropped with what it holds, which the linter asks about; its indexes and CHECKs
// come back, and a view on it does.
func TestColumnBecomesComputed(t *testing.T) {
	t.Parallel()
	p := newProject(t)
	const around = `
ALTER TABLE core.users ADD CONSTRAINT users_note_check CHECK (char_length(note) < 900);
CREATE INDEX users_note ON core.users (tenant_id, note);
CREATE VIEW core.notes WITH (security_invoker = true) AS SELECT note FROM core.users;`
	p.edit(func(base string) string { return base + around })
	p.write(p.plan("around"))
	p.After = p.plannedLast()
	p.edit(func(base string) string {
		return strings.Replace(base, `"note" text NULL,`, `"note" text NULL GENERATED ALWAYS AS (upper(email)) STORED,`, 1) + around
	})
	plan := p.plan("computed")
	wantWords(t, "up", plan.Up(), []string{"DROP VIEW core.notes", `DROP COLUMN "note"`, `GENERATED ALWAYS AS (upper((email)::text)) STORED`, "CREATE VIEW core.notes", `CONCURRENTLY "users_note"`, `VALIDATE CONSTRAINT "users_note_check"`})
	wantWords(t, "warnings", strings.Join(plan.Warnings, "\n"), []string{"drops column users.note and what it holds"})
	if strings.Contains(plan.Up(), "lockstep:allow ban-drop-column") {
		t.Errorf("the plan allows itself to drop what people wrote:\n%s", plan.Up())
	}
	p.write(plan)
	report, err := Verify(t.Context(), p.Options)
	if err != nil {
		t.Fatal(err)
	}
	wantProblems(t, report, "data_loss")
}

// plannedLast is the newest version of the project.
func (p *project) plannedLast() string {
	p.t.Helper()
	files, err := filepath.Glob(filepath.Join(p.Migrations, "*.sql"))
	if err != nil || len(files) == 0 {
		p.t.Fatalf("no migrations: %v", err)
	}
	version, _, _ := strings.Cut(filepath.Base(files[len(files)-1]), "_")
	return version
}

// The report of a pull request names what changes, and what the released version uses and will not find.
func TestDeclaredSQLIsCompared(t *testing.T) {
	t.Parallel()
	p := emptyProject(t)
	p.edit(func(base string) string { return base + role + trimmed + slugs + slugged + actives + noted })
	released := p.released()
	p.edit(func(base string) string {
		return strings.Replace(base, `"note" text NULL,`, `"note" text NULL GENERATED ALWAYS AS (upper(email)) STORED,`, 1) + role + trimmed + strings.Replace(slugs, "lower(", "upper(", 1) + searchable[:strings.Index(searchable, " || ' '")] + `)) STORED;` + booking + overlap
	})
	got := p.compared(released)
	want := []string{"adds exclusion constraint bookings_overlap of core.bookings", "adds extension btree_gist", "changes function core.slug(text)", "adds generated column core.users.note",
		"adds generated column core.users.search", "drops expression index users_handle of core.users", "drops function core.note_change()", "drops generated column core.users.handle", "drops trigger core.users.users_noted", "drops view core.actives"}
	if diff := cmp.Diff(want, got.Declared); diff != "" {
		t.Errorf("declared (-want +got):\n%s", diff)
	}
	wantWords(t, "missed", strings.Join(got.Missed, "\n"), []string{"may use the view core.actives", "writes column core.users.note, which these migrations have Postgres compute", "reads column core.users.handle"})
}

// What could show rows of other tenants is refused before anything is planned, with what to write instead.
func TestDeclaredLeaksAreRefused(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		sql  string
		says []string
	}{
		"a view that reads as its owner": {strings.Replace(actives, "WITH (security_invoker = true)", "", 1), []string{"core.actives", "reads as its owner", "security_invoker = true"}},
		"a materialized view to read": {"CREATE MATERIALIZED VIEW core.totals AS SELECT count(*) AS n FROM core.users; GRANT SELECT ON core.totals TO core_app;",
			[]string{"core.totals", "no row-level security binds", "REVOKE ALL ON core.totals"}},
		"a function with its owner's rights": {"CREATE FUNCTION core.everybody() RETURNS bigint LANGUAGE sql SECURITY DEFINER AS $$ SELECT count(*) FROM core.users $$;",
			[]string{"core.everybody()", "runs as its owner", "SECURITY INVOKER"}},
		"a function that writes call": {trimmed[:strings.Index(trimmed, "GRANT")] + "ALTER TABLE core.users ADD COLUMN short text GENERATED ALWAYS AS (core.trimmed(email)) STORED;",
			[]string{"core.trimmed(text)", "the generated column core.users.short", "GRANT EXECUTE ON FUNCTION core.trimmed(text) TO core_app"}},
		"a constraint across tenants":   {booking + strings.Replace(overlap, "tenant_id WITH =, ", "", 1), []string{"core.bookings", "bookings_overlap spans tenants", "tenant_id WITH ="}},
		"a unique index across tenants": {`CREATE UNIQUE INDEX users_upper ON core.users (upper(email));`, []string{"users_upper spans tenants", "begin it with tenant_id"}},
		"partitions":                    {`CREATE TABLE core.events (tenant_id uuid NOT NULL, id uuid NOT NULL, PRIMARY KEY (tenant_id, id)) PARTITION BY HASH (tenant_id);`, []string{"core.events is partitioned", "docs/scaling.md"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := newProject(t)
			p.edit(func(base string) string { return base + test.sql })
			plan, err := New(t.Context(), p.Options, "leak")
			var problem *migrate.Problem
			if !errors.As(err, &problem) {
				t.Fatalf("got %+v, %v; want it refused", plan, err)
			}
			wantWords(t, "the refusal", problem.Message, test.says)
		})
	}
}

// The Atlas CLI reads a desired state with declared SQL, and finds nothing to do once we have planned it.
func TestCLIReadsDeclaredSQL(t *testing.T) {
	t.Parallel()
	c := newCheckout(t)
	c.write("ent/schema.sql", c.readFrom(repository, "ent/schema.sql")+role+`
CREATE EXTENSION IF NOT EXISTS btree_gist;
ALTER TABLE core.users ADD CONSTRAINT users_alone EXCLUDE USING gist (tenant_id WITH =, email WITH =);
CREATE VIEW core.actives WITH (security_invoker = true) AS SELECT tenant_id, id, email FROM core.users WHERE status = 'active';
GRANT SELECT ON core.actives TO core_app;`+strings.NewReplacer("email || ' ' || coalesce(note, '')", "display_name").Replace(searchable)+
		trimmed+slugs+strings.Replace(slugged, "core.slug(note)", "core.slug(display_name)", 1)+`
CREATE FUNCTION core.note_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  RETURN NEW;
END
$$;
CREATE TRIGGER users_noted BEFORE UPDATE OF email ON core.users FOR EACH ROW EXECUTE FUNCTION core.note_change();`)
	pool.start.Do(func() { pool.source = dbtest.Cluster(t) })
	o := Options{Schema: filepath.Join(c.dir, "ent", "schema.sql"), Migrations: filepath.Join(c.dir, "migrations"), Scratch: pool}
	plan, err := New(t.Context(), o, "declare")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := Write(o, plan); err != nil {
		t.Fatal(err)
	}
	c.mustAtlas("no changes to be made", "migrate", "diff", "probe", "--env", "local")
	c.mustAtlas("Migrating to version", "migrate", "apply", "--env", "local")
	if state, err := migrate.Verify(t.Context(), c.options()); err != nil || !state.Clean() {
		t.Errorf("after the CLI: got %+v, %v; want a clean database", state, err)
	}
}
