package planner

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/lockstep-dev/lockstep/internal/migrate"
)

// historyOf is a project whose migrations are these texts, in order.
func historyOf(t testing.TB, files ...string) *project {
	t.Helper()
	p := emptyProject(t)
	if err := os.MkdirAll(filepath.Join(p.Migrations, migrate.DownDir), 0o755); err != nil {
		t.Fatal(err)
	}
	for i, text := range files {
		name := versionAt(i) + "_step.sql"
		for folder, content := range map[string]string{"": text, migrate.DownDir: "-- lockstep:irreversible a test\n"} {
			if err := os.WriteFile(filepath.Join(p.Migrations, folder, name), []byte(content), 0o644); err != nil {
				t.Fatal(err)
			}
		}
	}
	if _, err := Hash(p.Migrations); err != nil {
		t.Fatal(err)
	}
	return p
}

func versionAt(i int) string { return at("20240101000000")().AddDate(0, 0, i).Format("20060102150405") }

// everything is a history that uses, changes and drops what Postgres has. Each file could be one that a team wrote by hand.
var everything = []string{
	`DO $$ BEGIN CREATE ROLE core_app NOLOGIN; EXCEPTION WHEN duplicate_object THEN NULL; END $$;
CREATE SCHEMA core; CREATE SCHEMA "Odd name";
CREATE TYPE core.mood AS ENUM ('good', 'it''s bad');
CREATE DOMAIN core.short AS text NOT NULL DEFAULT 'x' CONSTRAINT short_length CHECK (length(VALUE) < 9);
CREATE TYPE core.pair AS (a int, b text);
CREATE TYPE core.span AS RANGE (SUBTYPE = float8);
CREATE SEQUENCE core.numbers START 5 INCREMENT 3; CREATE SEQUENCE core.ahead; SELECT setval('core.ahead', 50, false);`,
	`CREATE TABLE core.old_name (id serial PRIMARY KEY, gone int, name core.short, n bigint DEFAULT nextval('core.numbers'), p core.pair, s core.span, m core.mood);
INSERT INTO core.old_name (name, p, m) VALUES ('a', (1, 'x'), 'good'), ('b\', NULL, 'it''s bad');
ALTER TABLE core.old_name RENAME TO things;
ALTER TABLE core.things DROP COLUMN gone, ADD COLUMN late text COLLATE "C" DEFAULT E'back\\slash';`,
	// Functions that need tables, and tables that need functions.
	`CREATE FUNCTION core.doubled(n bigint) RETURNS bigint LANGUAGE sql IMMUTABLE AS $f$ SELECT n * 2 $f$;
CREATE FUNCTION core.amount() RETURNS bigint LANGUAGE sql STABLE AS $f$ SELECT count(*) FROM core.things $f$;
CREATE TABLE core.a_needs (id int GENERATED ALWAYS AS IDENTITY (START 10), n bigint DEFAULT core.amount(), twice bigint GENERATED ALWAYS AS (core.doubled(n)) STORED,
  CONSTRAINT a_needs_n CHECK (core.doubled(n) > 0), EXCLUDE USING gist (int8range(n, n, '[]') WITH &&));
ALTER TABLE core.a_needs RENAME TO needs;
INSERT INTO core.needs (n) VALUES (7), (9);
REVOKE ALL ON FUNCTION core.amount() FROM PUBLIC;
GRANT EXECUTE ON FUNCTION core.amount() TO core_app;
CREATE PROCEDURE core.work() LANGUAGE plpgsql AS 'BEGIN END';
CREATE AGGREGATE core.total (bigint) (SFUNC = int8pl, STYPE = bigint, INITCOND = '0');`,
	// A circle of references, with rows in it; a constraint that rows break.
	`CREATE TABLE core.departments (id int PRIMARY KEY, head int); CREATE TABLE core.employees (id int PRIMARY KEY, department int REFERENCES core.departments, boss int REFERENCES core.employees);
ALTER TABLE core.departments ADD CONSTRAINT head FOREIGN KEY (head) REFERENCES core.employees DEFERRABLE INITIALLY DEFERRED;
INSERT INTO core.departments VALUES (1, NULL); INSERT INTO core.employees VALUES (1, 1, 1); UPDATE core.departments SET head = 1;
ALTER TABLE core.employees ADD CONSTRAINT old_rows CHECK (id > 5) NOT VALID;`,
	`CREATE TABLE core.events (at timestamptz NOT NULL, kind text, note text);
ALTER TABLE core.events ALTER COLUMN note SET STORAGE EXTERNAL; ALTER TABLE core.departments ALTER COLUMN head SET STATISTICS 500;
CREATE INDEX events_kind ON core.events (kind);
INSERT INTO core.events VALUES ('2024-05-05 12:00+02', 'a', 'x'), ('2030-05-05', 'b', NULL);
CREATE UNLOGGED TABLE core.cache (k text, v bytea, list text[], doc jsonb) WITH (fillfactor = 70);
INSERT INTO core.cache VALUES ('k', '\x00ff', '{"a,b",NULL,"q\"uote"}', '{"a": [1, null, "\\"]}'), (E'new\nline; with $v$ and \\', NULL, NULL, NULL);
CREATE TABLE "Odd name"."Odd Table" ("Odd "" column" int PRIMARY KEY);
INSERT INTO "Odd name"."Odd Table" VALUES (1);`,
	`CREATE VIEW core.w AS SELECT * FROM core.things; CREATE VIEW core.a_view WITH (security_invoker = true) AS SELECT id FROM core.w;
CREATE MATERIALIZED VIEW core.counts AS SELECT m, count(*) AS n FROM core.things GROUP BY m; CREATE UNIQUE INDEX counts_m ON core.counts (m);
CREATE FUNCTION core.touch() RETURNS trigger LANGUAGE plpgsql AS $t$ BEGIN RETURN NEW; END $t$;
CREATE TRIGGER touch BEFORE INSERT ON core.things FOR EACH ROW EXECUTE FUNCTION core.touch();
CREATE TRIGGER never BEFORE UPDATE ON core.things FOR EACH ROW EXECUTE FUNCTION core.touch(); ALTER TABLE core.things DISABLE TRIGGER never;
CREATE RULE nothing AS ON DELETE TO core.things DO INSTEAD NOTHING;
CREATE INDEX things_lower ON core.things (lower(late)) WHERE n > 3; CREATE UNIQUE INDEX things_m ON core.things (m);
CREATE INDEX departments_head ON core.departments (head); ALTER TABLE core.departments CLUSTER ON departments_head;
ALTER TABLE core.departments REPLICA IDENTITY USING INDEX departments_pkey; ALTER TABLE core.employees REPLICA IDENTITY FULL;
CREATE STATISTICS core.things_stats (dependencies) ON n, late FROM core.things;
CREATE COLLATION core.german (provider = icu, locale = 'de'); CREATE TEXT SEARCH CONFIGURATION core.plain (COPY = simple);
ALTER TABLE core.things ENABLE ROW LEVEL SECURITY; CREATE POLICY mine ON core.things FOR UPDATE TO core_app USING (n > 0) WITH CHECK (n > 1);
GRANT SELECT, INSERT ON core.things TO core_app; GRANT UPDATE (late) ON core.things TO core_app; GRANT USAGE ON SEQUENCE core.numbers TO core_app; GRANT USAGE ON SCHEMA core TO core_app;
COMMENT ON SCHEMA core IS 'it''s ours'; COMMENT ON TABLE core.things IS 't'; COMMENT ON VIEW core.w IS 'v'; COMMENT ON INDEX core.things_lower IS 'i'; COMMENT ON SEQUENCE core.numbers IS 's';
COMMENT ON FUNCTION core.amount() IS 'f'; COMMENT ON DOMAIN core.short IS 'd'; COMMENT ON CONSTRAINT short_length ON DOMAIN core.short IS 'dc'; COMMENT ON TRIGGER touch ON core.things IS 'tr';
COMMENT ON POLICY mine ON core.things IS 'p'; COMMENT ON MATERIALIZED VIEW core.counts IS 'm'; COMMENT ON COLUMN core.a_view.id IS 'c'; COMMENT ON CONSTRAINT a_needs_n ON core.needs IS 'k';`,
	"-- atlas:txmode none\n\nCREATE INDEX CONCURRENTLY things_n ON core.things (n);",
	// Values that differ each time.
	`CREATE TABLE core.seeds (id uuid PRIMARY KEY DEFAULT gen_random_uuid(), plain uuid, created_at timestamptz DEFAULT now(), day date DEFAULT CURRENT_DATE, name text);
INSERT INTO core.seeds (name, plain) VALUES ('one', gen_random_uuid()), ('two', NULL); INSERT INTO core.seeds (name, created_at) VALUES ('fixed', now());
REVOKE ALL ON ALL ROUTINES IN SCHEMA core FROM PUBLIC; GRANT EXECUTE ON FUNCTION core.doubled(bigint) TO core_app;`,
}

// One file makes what all of them together made, whatever it is, and can be undone.
func TestCheckpoint(t *testing.T) {
	t.Parallel()
	p := historyOf(t, everything...)
	c, err := NewCheckpoint(t.Context(), p.Options, CheckpointOptions{Release: "v1.0.0"})
	if err != nil {
		t.Fatal(err)
	}
	if len(c.Replaced) != len(everything) || c.Rows != 14 {
		t.Errorf("got %d files and %d rows, want %d and 14", len(c.Replaced), c.Rows, len(everything))
	}
	if c.Irreversible != "" {
		t.Errorf("got irreversible (%s), want a proven reverse", c.Irreversible)
	}
	if _, err := WriteCheckpoint(p.Options, c); err != nil {
		t.Fatal(err)
	}
	want := []string{"atlas.sum", "down", "down/20240108000000_checkpoint.sql", "down/down.sum", "20240108000000_checkpoint.sql"}
	slices.Sort(want)
	if diff := cmp.Diff(want, p.files()); diff != "" {
		t.Errorf("files (-want +got):\n%s", diff)
	}
	report, err := Verify(t.Context(), p.Options)
	if err != nil {
		t.Fatal(err)
	}
	if problems := slices.DeleteFunc(report.Problems, func(p *migrate.Problem) bool { return p.Code == "schema" || p.Code == "fingerprint" }); len(problems) > 0 { // the desired state is another one
		t.Errorf("got %v, want no problem", problems)
	}
}

// What would not be the same is refused, with what helps.
func TestCheckpointRefuses(t *testing.T) {
	t.Parallel()
	const table = "CREATE SCHEMA core; CREATE TABLE core.t (id int PRIMARY KEY, v text, c text);"
	tests := []struct {
		name  string
		files []string
		o     CheckpointOptions
		says  []string // none: it is made
	}{
		{"a random value", []string{table, "INSERT INTO core.t VALUES (1, md5(random()::text));"}, CheckpointOptions{}, []string{"core.t.v", "--keep core.t.v"}},
		{"a random value that is kept", []string{table, "INSERT INTO core.t VALUES (1, md5(random()::text));"}, CheckpointOptions{Keep: []string{"core.t.v"}}, nil},
		{"a time yet to come", []string{table + "ALTER TABLE core.t ADD at timestamptz;", "INSERT INTO core.t (id, at) VALUES (1, now() + interval '1 day');"}, CheckpointOptions{}, []string{"core.t.at", "--keep core.t.at"}},
		{"an id that others refer to", []string{table, "CREATE TABLE core.p (id uuid PRIMARY KEY); ALTER TABLE core.t ADD p uuid REFERENCES core.p; INSERT INTO core.p VALUES (gen_random_uuid()); INSERT INTO core.t (id, p) SELECT 1, id FROM core.p;"},
			CheckpointOptions{}, []string{"core.p.id", "--keep core.p.id"}},
		{"rows that come in another number", []string{table, "INSERT INTO core.t SELECT n FROM generate_series(1, 1 + (random() * 1e9)::bigint % 1000) n;"}, CheckpointOptions{}, []string{"another number of rows in core.t"}},
		{"an object that no statement makes", []string{table, "DO $$ BEGIN EXECUTE 'CREATE COLLATION core.x (provider = icu, locale = ''de'')'; END $$;"}, CheckpointOptions{}, []string{"collation core.x"}},
		{"one file", []string{table}, CheckpointOptions{}, []string{"nothing before it to replace"}},
		{"an unknown version", []string{table, "SELECT 1;"}, CheckpointOptions{To: "2"}, []string{"version 2 is not in the directory"}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			p := historyOf(t, test.files...)
			before := tree(t, p.Migrations)
			test.o.Release = "v1.0.0"
			c, err := NewCheckpoint(t.Context(), p.Options, test.o)
			switch {
			case test.says == nil && err != nil:
				t.Fatal(err)
			case test.says != nil && err == nil:
				t.Fatalf("got\n%s\nwant it refused", c.File.Up)
			case test.says != nil:
				wantWords(t, "the error", err.Error(), test.says)
			}
			if diff := cmp.Diff(before, tree(t, p.Migrations)); diff != "" {
				t.Errorf("files (-before +after):\n%s", diff)
			}
		})
	}
}

// Files behind the checkpoint stay, and a second one replaces the first: databases of either kind go on.
func TestCheckpointInTheMiddle(t *testing.T) {
	t.Parallel()
	p := historyOf(t, "CREATE SCHEMA core;", "CREATE TABLE core.t (id int PRIMARY KEY, at timestamptz DEFAULT now()); INSERT INTO core.t VALUES (1);",
		"ALTER TABLE core.t ADD n int; INSERT INTO core.t VALUES (2, now(), 5); UPDATE core.t SET n = 1 WHERE n IS NULL;", "ALTER TABLE core.t ALTER n SET NOT NULL;")
	url, drop, err := pool.Scratch(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(drop)
	o := migrate.Options{Dir: os.DirFS(p.Migrations), URL: url, To: versionAt(2)}
	if _, err := migrate.Up(t.Context(), o); err != nil {
		t.Fatal(err)
	}
	for _, i := range []int{1, 2} {
		c, err := NewCheckpoint(t.Context(), p.Options, CheckpointOptions{To: versionAt(i), Release: "v1.0.0"})
		if err != nil {
			t.Fatal(err)
		}
		if _, err := WriteCheckpoint(p.Options, c); err != nil {
			t.Fatal(err)
		}
		state, err := migrate.Status(t.Context(), o)
		if err != nil || len(state.Problems) > 0 || len(state.Pending) != 1 || len(state.Replaced) != i {
			t.Errorf("the database after checkpoint %d: got %+v, %v; want the last file pending", i, state, err)
		}
	}
	o.To = ""
	if result, err := migrate.Up(t.Context(), o); err != nil || len(result.Files) != 1 {
		t.Errorf("got %+v, %v; want the last file applied", result, err)
	}
}

// A reviewer's proof finds what somebody put into a checkpoint, or left out of it.
func TestProveCheckpoint(t *testing.T) {
	t.Parallel()
	p := historyOf(t, "CREATE SCHEMA core;", "CREATE TABLE core.t (id int PRIMARY KEY, moment timestamptz); INSERT INTO core.t VALUES (1, now()), (2, now());", "ALTER TABLE core.t RENAME moment TO at;")
	replaced := t.TempDir()
	if err := os.CopyFS(replaced, os.DirFS(p.Migrations)); err != nil {
		t.Fatal(err)
	}
	c, err := NewCheckpoint(t.Context(), p.Options, CheckpointOptions{Release: "v1.0.0"})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := WriteCheckpoint(p.Options, c); err != nil {
		t.Fatal(err)
	}
	for _, test := range []struct{ name, from, to, says string }{
		{"nothing", "", "", ""},
		{"a column", "at timestamp with time zone", "at timestamp with time zone, more text", "column core.t.more"},
		{"a row", ",\n  ('2', now())", "", "rows of core.t"},
		{"a value", "('2', now())", "('3', now())", "rows of core.t"},
		{"a rename", "-- lockstep:renamed t.moment=at\n", "", `it says "" and must say "-- lockstep:renamed t.moment=at\n"`},
		{"another rename", "t.moment=at\n", "t.moment=at\n-- lockstep:renamed t.a=b\n", "which renames the files it stands for made"},
	} {
		if strings.Count(c.File.Up, test.from) != 1 && test.from != "" {
			t.Fatalf("%s: not once in\n%s", test.from, c.File.Up)
		}
		text := c.File.Up
		if test.from != "" {
			text = strings.Replace(text, test.from, test.to, 1)
		}
		p.put(c.File.Name, text)
		err := ProveCheckpoint(t.Context(), p.Options, os.DirFS(replaced))
		if (err == nil) != (test.says == "") || err != nil && !strings.Contains(err.Error(), test.says) {
			t.Errorf("%s: got %v, want %q", test.name, err, test.says)
		}
	}
}

// The shipped migrations become one file; the database is the same.
func TestCheckpointOfThisRepository(t *testing.T) {
	t.Parallel()
	p := emptyProject(t)
	if err := os.CopyFS(p.Migrations, os.DirFS(filepath.Join(repository, "migrations"))); err != nil {
		t.Fatal(err)
	}
	p.Schema = filepath.Join(repository, "ent", "schema.sql")
	c, err := NewCheckpoint(t.Context(), p.Options, CheckpointOptions{Release: "v1.0.0"})
	if err != nil {
		t.Fatal(err)
	}
	if c.Irreversible != "" {
		t.Errorf("got %s", c.Irreversible)
	}
	if _, err := WriteCheckpoint(p.Options, c); err != nil {
		t.Fatal(err)
	}
	report, err := Verify(t.Context(), p.Options)
	if err != nil {
		t.Fatal(err)
	}
	if len(report.Problems) > 0 { // the fingerprint is the one that was there
		t.Errorf("got %v, want no problem", report.Problems)
	}
}
