package sqlfile

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

const file = `-- Words of a note.
CREATE EXTENSION IF NOT EXISTS unaccent;

/* What people
   type; */
CREATE OR REPLACE FUNCTION core.plain(text) RETURNS text LANGUAGE sql IMMUTABLE AS $$ SELECT lower($1); -- it's plain
$$;
GRANT EXECUTE ON FUNCTION core.plain(text) TO core_app;
ALTER TABLE core.notes ADD COLUMN search tsvector -- the reader's words
  GENERATED ALWAYS AS (to_tsvector('simple', coalesce(title, ', ') || body)) STORED;
ALTER TABLE "core"."bookings" ADD CONSTRAINT bookings_overlap EXCLUDE USING gist (tenant_id WITH =, during WITH &&);
CREATE UNIQUE INDEX notes_plain ON core.notes (tenant_id, core.plain(title));
CREATE VIEW core.recent (id, title) WITH (security_barrier, security_invoker) AS SELECT id, title FROM core.notes;
GRANT SELECT ON core.recent TO "core_app";
CREATE TRIGGER notes_stamp BEFORE INSERT OR UPDATE ON core.notes FOR EACH ROW EXECUTE FUNCTION core.stamp();
CREATE STATISTICS core.notes_words (dependencies) ON title, body FROM core.notes;
COMMENT ON CONSTRAINT bookings_overlap ON core.bookings IS 'One at a time; no more.';
`

func TestParse(t *testing.T) {
	t.Parallel()
	statements, err := Parse("ent/schema/notes.sql", file)
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, s := range statements {
		got = append(got, strings.Join([]string{string(s.Kind), s.Name, s.Table}, " "))
	}
	want := []string{"extension unaccent ", "function plain ", "grant plain ", "column search notes", "constraint bookings_overlap bookings", "index notes_plain notes",
		"view recent ", "grant recent ", "trigger notes_stamp notes", "statistics notes_words notes", "comment bookings_overlap bookings"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("declared (-want +got):\n%s", diff)
	}
	if s := statements[3]; s.Line != 9 || !strings.HasPrefix(s.Text, "ALTER TABLE core.notes") || !strings.HasSuffix(s.Text, "STORED") {
		t.Errorf("got line %d and %q", s.Line, s.Text)
	}
}

// What is not planned, reversed and checked for drift is refused by name, with what to write instead.
func TestRefusals(t *testing.T) {
	t.Parallel()
	for sql, says := range map[string]string{
		"CREATE TABLE core.logs (id uuid) PARTITION BY RANGE (id);":                                       "partitioned tables are not supported",
		"CREATE TABLE core.logs_1 PARTITION OF core.logs DEFAULT;":                                        "partitioned tables are not supported",
		"ALTER TABLE core.logs ATTACH PARTITION core.logs_1 DEFAULT;":                                     "partitioned tables are not supported",
		"CREATE TABLE core.logs (id uuid);":                                                               "declare an entity",
		"CREATE VIEW core.v AS SELECT 1 AS a;":                                                            "WITH (security_invoker = true)",
		"CREATE VIEW core.v WITH (security_invoker = false) AS SELECT 1 AS a;":                            "WITH (security_invoker = true)",
		"CREATE VIEW v WITH (security_invoker) AS SELECT 1 AS a;":                                         "name the schema",
		"CREATE FUNCTION core.f() RETURNS int LANGUAGE sql SECURITY DEFINER AS $$ SELECT 1 $$;":           "SECURITY DEFINER runs as the owner",
		"CREATE FUNCTION core.f() RETURNS int LANGUAGE plpython3u AS $$ return 1 $$;":                     "use LANGUAGE sql or plpgsql",
		"CREATE FUNCTION core.f() RETURNS int LANGUAGE c AS 'x', 'y';":                                    "use LANGUAGE sql or plpgsql",
		"CREATE FUNCTION core.f() RETURNS int BEGIN ATOMIC SELECT 1; END;":                                "BEGIN ATOMIC",
		"CREATE INDEX CONCURRENTLY i ON core.users (email);":                                              "leave CONCURRENTLY out",
		"ALTER TABLE core.users ADD COLUMN a text;":                                                       "as a field of the entity",
		"ALTER TABLE core.users ADD COLUMN a text GENERATED ALWAYS AS (upper(email)) VIRTUAL;":            "write STORED",
		"ALTER TABLE core.users ADD COLUMN a int GENERATED ALWAYS AS IDENTITY;":                           "as a field of the entity",
		"ALTER TABLE core.users ADD COLUMN a text GENERATED ALWAYS AS (email) STORED, ADD COLUMN b text;": "one action per ALTER TABLE",
		"ALTER TABLE core.users ADD CONSTRAINT c CHECK (email <> '') NOT VALID;":                          "leave NOT VALID out",
		"ALTER TABLE core.users ADD CONSTRAINT c UNIQUE (email);":                                         "declare a unique index",
		"ALTER TABLE core.users ADD CONSTRAINT c FOREIGN KEY (a) REFERENCES core.roles (id);":             "declare an edge",
		"ALTER TABLE core.users DISABLE ROW LEVEL SECURITY;":                                              "row-level security is the planner's",
		"CREATE POLICY p ON core.users USING (true);":                                                     "row-level security is the planner's",
		"CREATE TYPE core.mood AS ENUM ('a');":                                                            "field.Enum",
		"CREATE SEQUENCE core.s;":                                                                         "a sequence spans tenants",
		"CREATE ROLE boss;":                                                                               "belongs to the server",
		"GRANT ALL ON core.users TO core_app;":                                                            "grants what the application needs on tables",
		"GRANT EXECUTE ON FUNCTION core.f() TO PUBLIC;":                                                   "nobody else needs anything",
		"INSERT INTO core.users VALUES (1);":                                                              "write them in a migration",
		"DROP VIEW core.v;":                                                                               "take the declaration away",
		"DO $$ BEGIN END $$;":                                                                             "stands in a migration",
		"CREATE AGGREGATE core.a (int) (sfunc = int4pl, stype = int);":                                    "not compared with the database",
		"EXPLAIN SELECT 1;": "declares nothing that is known",
		"CREATE FUNCTION core.f() RETURNS text LANGUAGE sql AS E'SELECT \\n 1';":                               "cut E'' strings differently",
		"CREATE FUNCTION core.f() RETURNS int LANGUAGE sql AS $$ SELECT 1 $$; -- SECURITY DEFINER\nSET a = 1;": "stands in a migration",
	} {
		if _, err := Parse("ent/schema/x.sql", sql); err == nil || !strings.Contains(err.Error(), says) || !strings.HasPrefix(err.Error(), "ent/schema/x.sql:") {
			t.Errorf("%s\ngot %v, want file, line and %q", sql, err, says)
		}
	}
}

func TestRead(t *testing.T) {
	t.Parallel()
	root := t.TempDir()
	write := func(name, text string) {
		t.Helper()
		path := filepath.Join(root, "ent", "schema", name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	if statements, err := Read(root); err != nil || len(statements) != 0 {
		t.Errorf("without files: got %v, %v", statements, err)
	}
	write("b.sql", "GRANT EXECUTE ON FUNCTION core.f() TO core_app;\r\n")
	write("a.sql", "CREATE FUNCTION core.f() RETURNS int LANGUAGE sql AS $$ SELECT 1 $$;\n")
	statements, err := Read(root)
	if err != nil || len(statements) != 2 || statements[0].File != "ent/schema/a.sql" {
		t.Errorf("got %v, %v; want a.sql before b.sql", statements, err)
	}
	write("c.sql", "\nGRANT SELECT ON core.users TO core_app;\n")
	if _, err := Read(root); err == nil || !strings.Contains(err.Error(), "ent/schema/c.sql:2: GRANT on users") {
		t.Errorf("a grant on a table: got %v, want it refused", err)
	}
}
