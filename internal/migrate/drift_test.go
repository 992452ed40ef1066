package migrate_test

import (
	"strings"
	"testing"
	"testing/fstest"

	"github.com/lockstep-dev/lockstep/internal/dbtest"
	"github.com/lockstep-dev/lockstep/internal/migrate"
	"github.com/lockstep-dev/lockstep/internal/pgcatalog"
)

const driftBase = `CREATE SCHEMA core;
CREATE TABLE core.parents (id uuid PRIMARY KEY, name varchar(20) NOT NULL DEFAULT 'x', CONSTRAINT parents_name_check CHECK (char_length(name::text) > 0));
CREATE TABLE core.things (tenant_id uuid NOT NULL, id uuid NOT NULL, name text, parent_id uuid, n bigint,
  PRIMARY KEY (tenant_id, id), CONSTRAINT things_parent FOREIGN KEY (parent_id) REFERENCES core.parents (id));
CREATE INDEX things_name ON core.things (tenant_id, name) WHERE n > 0;
CREATE VIEW core.names AS SELECT name FROM core.things;
CREATE FUNCTION core.one() RETURNS int LANGUAGE sql AS 'SELECT 1';
CREATE FUNCTION core.touch() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RETURN NEW; END $$;
CREATE TRIGGER touched BEFORE UPDATE ON core.things FOR EACH ROW EXECUTE FUNCTION core.touch();
CREATE TABLE core.counted (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, name text NOT NULL, shout text GENERATED ALWAYS AS (upper(name)) STORED) WITH (fillfactor = 90);
CREATE SEQUENCE core.numbers INCREMENT 5;
CREATE TYPE core.mood AS ENUM ('bad', 'fair', 'good');
CREATE MATERIALIZED VIEW core.total AS SELECT count(*) AS n FROM core.counted;
CREATE RULE keep AS ON DELETE TO core.counted DO INSTEAD NOTHING;
CREATE STATISTICS core.together ON id, name FROM core.counted;
CREATE FUNCTION core.closed() RETURNS int LANGUAGE sql AS 'SELECT 3';
REVOKE ALL ON FUNCTION core.closed() FROM PUBLIC;
COMMENT ON FUNCTION core.closed() IS 'Nobody''s.';
COMMENT ON VIEW core.names IS 'Names.';
COMMENT ON MATERIALIZED VIEW core.total IS 'Total.';
COMMENT ON TABLE core.things IS 'What''s there.';
COMMENT ON COLUMN core.things.name IS 'Name.';
ALTER TABLE core.things ENABLE ROW LEVEL SECURITY;
ALTER TABLE core.things FORCE ROW LEVEL SECURITY;
CREATE POLICY tenant_isolation ON core.things USING (tenant_id = (nullif(current_setting('app.tenant_id', true), ''))::uuid)
  WITH CHECK (tenant_id = (nullif(current_setting('app.tenant_id', true), ''))::uuid);
GRANT USAGE ON SCHEMA core TO core_app;
GRANT SELECT, INSERT ON core.things TO core_app;
`

// withFingerprint adds to a directory what its migrations make of an empty database.
func withFingerprint(t *testing.T, dir fstest.MapFS) fstest.MapFS {
	t.Helper()
	db := dbtest.Empty(t)
	mustUp(t, dir, db.OwnerURL)
	latest, err := migrate.Latest(dir)
	if err != nil {
		t.Fatal(err)
	}
	b, err := pgcatalog.NewStored(latest, read(t, db.OwnerURL)).Encode()
	if err != nil {
		t.Fatal(err)
	}
	dir[migrate.FingerprintFile] = &fstest.MapFile{Data: b}
	return dir
}

// Somebody changes the live database by hand. Each difference is named, and the SQL that comes with it puts it right.
func TestDriftIsNamedAndRepaired(t *testing.T) {
	t.Parallel()
	dir := withFingerprint(t, history(t, map[string]string{"1_a.sql": driftBase}))
	for name, test := range map[string]struct{ change, says string }{
		"none":                     {"SELECT 1", ""},
		"extension by operators":   {"CREATE TABLE public.operators ()", ""},
		"extra column":             {"ALTER TABLE core.things ADD COLUMN hotfix text", "column core.things.hotfix: should not be there: text"},
		"missing column":           {"ALTER TABLE core.things DROP COLUMN n CASCADE", "column core.things.n: missing, want bigint"},
		"type":                     {"ALTER TABLE core.parents ALTER COLUMN name TYPE varchar(30)", "column core.parents.name: got character varying(30) not null"},
		"nullability":              {"ALTER TABLE core.parents ALTER COLUMN name DROP NOT NULL", "want character varying(20) not null default 'x'"},
		"default":                  {"ALTER TABLE core.parents ALTER COLUMN name DROP DEFAULT", "column core.parents.name"},
		"missing table":            {"DROP TABLE core.things CASCADE", "table core.things: missing"},
		"extra table":              {"CREATE TABLE core.mine (id int PRIMARY KEY); CREATE INDEX ON core.mine (id)", "table core.mine: should not be there"},
		"missing index":            {"DROP INDEX core.things_name", "index core.things_name: missing"},
		"extra index":              {"CREATE INDEX hotfix ON core.things (n)", "index core.hotfix: should not be there"},
		"other index":              {"DROP INDEX core.things_name; CREATE INDEX things_name ON core.things (name)", "index core.things_name: got"},
		"missing foreign key":      {"ALTER TABLE core.things DROP CONSTRAINT things_parent", "constraint core.things.things_parent: missing, want FOREIGN KEY"},
		"other check":              {"ALTER TABLE core.parents DROP CONSTRAINT parents_name_check, ADD CONSTRAINT parents_name_check CHECK (name <> 'y')", "constraint core.parents.parents_name_check: got CHECK"},
		"check that is not valid":  {"ALTER TABLE core.parents DROP CONSTRAINT parents_name_check, ADD CONSTRAINT parents_name_check CHECK (char_length(name::text) > 0) NOT VALID", "NOT VALID"},
		"missing policy":           {"DROP POLICY tenant_isolation ON core.things", "policy core.things.tenant_isolation: missing"},
		"open policy":              {"ALTER POLICY tenant_isolation ON core.things USING (true)", "policy core.things.tenant_isolation: got"},
		"extra policy":             {"CREATE POLICY all_rows ON core.things USING (true)", "policy core.things.all_rows: should not be there"},
		"row-level security off":   {"ALTER TABLE core.things DISABLE ROW LEVEL SECURITY", "row security core.things: got forced, want enabled forced"},
		"owner not bound":          {"ALTER TABLE core.things NO FORCE ROW LEVEL SECURITY", "row security core.things: got enabled, want enabled forced"},
		"extra grant":              {"GRANT DELETE ON core.things TO core_app", "grant table core.things to core_app: got DELETE, INSERT, SELECT, want INSERT, SELECT"},
		"grant to everybody":       {"GRANT SELECT ON core.parents TO PUBLIC", "grant table core.parents to public: should not be there"},
		"missing grant":            {"REVOKE ALL ON core.things FROM core_app", "grant table core.things to core_app: missing, want INSERT, SELECT"},
		"grant on a column":        {"GRANT SELECT (name) ON core.parents TO core_app", "grant column core.parents.name to core_app: should not be there"},
		"other comment":            {"COMMENT ON TABLE core.things IS 'Else'", "comment relation core.things: got Else, want What's there."},
		"missing comment":          {"COMMENT ON COLUMN core.things.name IS NULL", "comment column core.things.name: missing"},
		"other function":           {"CREATE OR REPLACE FUNCTION core.one() RETURNS int LANGUAGE sql AS 'SELECT 2'", "function core.one(): got"},
		"extra function":           {"CREATE FUNCTION core.two() RETURNS int LANGUAGE sql AS 'SELECT 2'", "function core.two(): should not be there"},
		"missing closed function":  {"DROP FUNCTION core.closed()", "function core.closed(): missing"},
		"opened function":          {"GRANT EXECUTE ON FUNCTION core.closed() TO PUBLIC", "grant routine core.closed() to public: should not be there"},
		"comment of a function":    {"COMMENT ON FUNCTION core.closed() IS NULL", "comment routine core.closed(): missing"},
		"comment of a view":        {"COMMENT ON VIEW core.names IS 'Else'", "comment view core.names: got Else, want Names."},
		"missing view":             {"DROP VIEW core.names", "view core.names: missing"},
		"missing trigger":          {"DROP TRIGGER touched ON core.things", "trigger core.things.touched: missing"},
		"identity by default":      {"ALTER TABLE core.counted ALTER COLUMN id SET GENERATED BY DEFAULT", "column core.counted.id: got bigint not null generated by default as identity"},
		"missing identity":         {"ALTER TABLE core.counted ALTER COLUMN id DROP IDENTITY", "column core.counted.id: got bigint not null, want"},
		"extra identity":           {"ALTER TABLE core.things ALTER COLUMN n SET NOT NULL; ALTER TABLE core.things ALTER COLUMN n ADD GENERATED BY DEFAULT AS IDENTITY", "column core.things.n: got bigint not null generated"},
		"no expression":            {"ALTER TABLE core.counted ALTER COLUMN shout DROP EXPRESSION", "column core.counted.shout: got text, want text generated"},
		"storage option":           {"ALTER TABLE core.counted SET (fillfactor = 70, autovacuum_enabled = false)", "table core.counted: got with (fillfactor=70, autovacuum_enabled=false), want with (fillfactor=90)"},
		"replica identity":         {"ALTER TABLE core.things REPLICA IDENTITY FULL", "table core.things: got replica identity full"},
		"unlogged":                 {"ALTER TABLE core.counted SET UNLOGGED", "table core.counted: got unlogged"},
		"other sequence":           {"ALTER SEQUENCE core.numbers INCREMENT 7 CYCLE", "sequence core.numbers: got"},
		"missing sequence":         {"DROP SEQUENCE core.numbers", "sequence core.numbers: missing"},
		"extra sequence":           {"CREATE SEQUENCE core.mine", "sequence core.mine: should not be there"},
		"missing enum":             {"DROP TYPE core.mood", "enum core.mood: missing"},
		"fewer labels":             {"DROP TYPE core.mood; CREATE TYPE core.mood AS ENUM ('fair')", "enum core.mood: got 'fair', want 'bad', 'fair', 'good'"},
		"missing total":            {"DROP MATERIALIZED VIEW core.total", "materialized view core.total: missing"},
		"missing rule":             {"DROP RULE keep ON core.counted", "rule core.counted.keep: missing"},
		"extra rule":               {"CREATE RULE drop AS ON DELETE TO core.things DO INSTEAD NOTHING", "rule core.things.drop: should not be there"},
		"missing statistics":       {"DROP STATISTICS core.together", "statistics core.together: missing"},
		"extra procedure":          {"CREATE PROCEDURE core.work() LANGUAGE sql AS 'SELECT 1'", "procedure core.work(): should not be there"},
		"trigger that is disabled": {"ALTER TABLE core.things DISABLE TRIGGER touched", "trigger core.things.touched"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			mustRepair(t, dir, dbtest.Empty(t).OwnerURL, test.change, test.says)
		})
	}
}

// Postgres 18 lets a column be NOT NULL over rows that hold NULLs, and computes columns when they are read: reads fail of both,
// and a definition that leaves either word out looks the same. The fingerprint was taken on the version of the other tests.
func TestDriftOfVersion18(t *testing.T) {
	t.Parallel()
	dir := withFingerprint(t, history(t, map[string]string{"1_a.sql": driftBase + "CREATE TABLE core.scores (id int PRIMARY KEY, score int NOT NULL, twice int DEFAULT 2, thrice int);\nGRANT ALL ON core.scores TO core_app;\n"}))
	for name, test := range map[string]struct{ change, says string }{
		"none": {"SELECT 1", ""},
		"not null that no row was held to": {`ALTER TABLE core.scores ALTER COLUMN score DROP NOT NULL;
INSERT INTO core.scores (id) VALUES (1);
ALTER TABLE core.scores ADD CONSTRAINT scores_score_not_null NOT NULL score NOT VALID`, "column core.scores.score: got integer not null not valid, want integer not null"},
		"value that is computed": {"ALTER TABLE core.scores DROP COLUMN twice; ALTER TABLE core.scores ADD COLUMN twice int GENERATED ALWAYS AS (2) VIRTUAL",
			"column core.scores.twice: got integer generated always as (2) virtual, want integer default 2"},
		"column that is computed": {"ALTER TABLE core.scores DROP COLUMN thrice; ALTER TABLE core.scores ADD COLUMN thrice int GENERATED ALWAYS AS (1 / (score - 1)) VIRTUAL",
			"column core.scores.thrice: got integer generated always as ((1 / (score - 1))) virtual, want integer"},
		"stored column that is computed": {"ALTER TABLE core.counted DROP COLUMN shout; ALTER TABLE core.counted ADD COLUMN shout text GENERATED ALWAYS AS (upper(name)) VIRTUAL",
			"column core.counted.shout: got text generated always as (upper(name)) virtual, want text generated always as (upper(name)) stored"},
		"foreign key that binds nothing": {"ALTER TABLE core.things ALTER CONSTRAINT things_parent NOT ENFORCED", "constraint core.things.things_parent: got FOREIGN KEY (parent_id) REFERENCES core.parents(id) NOT ENFORCED"},
		"check that binds nothing":       {"ALTER TABLE core.parents DROP CONSTRAINT parents_name_check, ADD CONSTRAINT parents_name_check CHECK (char_length(name::text) > 0) NOT ENFORCED", "NOT ENFORCED"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			mustRepair(t, dir, dbtest.EmptyOn(t, 18).OwnerURL, test.change, test.says)
		})
	}
}

// mustRepair plants a change in a migrated database, wants it named, and puts it right by the SQL that comes with it.
func mustRepair(t *testing.T, dir fstest.MapFS, url, change, says string) {
	t.Helper()
	mustUp(t, dir, url)
	conn := connect(t, url)
	exec(t, conn, change)
	drift := driftOf(t, dir, url)
	if says == "" {
		if len(drift) > 0 {
			t.Errorf("got %v, want nothing", drift)
		}
		return
	}
	said := ""
	for _, p := range drift {
		said += p.Message + "\n"
		if len(p.Repair) == 0 && !strings.Contains(p.Message, "it comes and goes with the object it belongs to") {
			t.Errorf("no repair for %s", p.Message)
		}
	}
	if !strings.Contains(said, says) {
		t.Errorf("got %s, want it to say %q", said, says)
	}
	if strings.Contains(change, "INSERT") {
		return // no statement repairs rows
	}
	// Some repairs bring others along (a table its columns); a second look shows what is left.
	for range 3 {
		for _, p := range drift {
			for _, sql := range p.Repair {
				_, _ = conn.Exec(t.Context(), sql)
			}
		}
		drift = driftOf(t, dir, url)
	}
	for _, p := range drift {
		t.Errorf("after the repair: %s (%s)", p.Message, strings.Join(p.Repair, "; "))
	}
}

func driftOf(t *testing.T, dir fstest.MapFS, url string) []*migrate.Problem {
	t.Helper()
	state, err := migrate.Verify(t.Context(), options(t, dir, url))
	if err != nil {
		t.Fatal(err)
	}
	var out []*migrate.Problem
	for _, p := range state.Problems {
		if p.Code == "drift" || p.Code == "fingerprint" {
			out = append(out, p)
		}
	}
	return out
}

// What no statement puts right says so.
func TestDriftBeyondRepair(t *testing.T) {
	t.Parallel()
	dir := withFingerprint(t, history(t, map[string]string{"1_a.sql": driftBase}))
	db := dbtest.Empty(t)
	mustUp(t, dir, db.OwnerURL)
	exec(t, connect(t, db.OwnerURL), "ALTER TYPE core.mood ADD VALUE 'great'")
	drift := driftOf(t, dir, db.OwnerURL)
	if len(drift) != 1 || len(drift[0].Repair) > 0 || !strings.Contains(drift[0].Message, "no statement repairs it in place") {
		t.Errorf("got %+v, want the enumeration named, without SQL", drift)
	}
}

func TestFingerprintOfAnotherVersionIsNoMeasure(t *testing.T) {
	t.Parallel()
	dir := withFingerprint(t, history(t, map[string]string{"1_a.sql": "CREATE SCHEMA core;\n"}))
	db := dbtest.Empty(t)
	dir["2_b.sql"] = &fstest.MapFile{Data: []byte("CREATE TABLE core.t ();\n")}
	rehash(t, dir)
	mustUp(t, dir, db.OwnerURL)
	if got := driftOf(t, dir, db.OwnerURL); len(got) != 1 || got[0].Code != "fingerprint" || !strings.Contains(got[0].Message, "lockstep migrate verify --write") {
		t.Errorf("got %v, want the stale fingerprint named", got)
	}
}
