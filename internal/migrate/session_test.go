package migrate_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"

	"github.com/lockstep-dev/lockstep/internal/dbtest"
	"github.com/lockstep-dev/lockstep/internal/migrate"
	"github.com/lockstep-dev/lockstep/internal/pgcatalog"
)

// zoned is a migration whose every value depends on what the session says, up, down and outside transactions.
var zoned = map[string]string{
	"1_a.sql": `CREATE SCHEMA core;
CREATE TABLE core.times (id int PRIMARY KEY, at timestamptz NOT NULL DEFAULT '2024-03-02 02:14:15', took interval NOT NULL DEFAULT '1 day 2 hours', paid money DEFAULT '$1,200.50');
INSERT INTO core.times (id, at) VALUES (1, '2024-03-02T02:14:15Z'), (2, '04/03/2024 01:00');
CREATE TABLE here ();
`,
	"2_b.sql": `ALTER TABLE core.times ADD COLUMN day date, ADD COLUMN told text;
UPDATE core.times SET day = at::date, told = concat_ws(' ', at, took, 0.1::float8 + 0.2::float8, '\x01'::bytea, paid, to_char(1234.5, '9G999D9'));
`,
	"3_c.sql": `-- atlas:txmode none

DO $$ BEGIN UPDATE core.times SET told = told || ' ' || at; COMMIT; END $$;
`,
	"down/3_c.sql": "UPDATE core.times SET told = at::text;\n",
	"down/2_b.sql": "ALTER TABLE core.times DROP COLUMN day;\n",
	"down/1_a.sql": "SELECT 1;\n",
}

// What server, database and role say of zones and forms changes nothing of what a migration does, nor how its result reads: at
// New York 2024-03-02T02:14:15Z is of the day before.
func TestMigrationsDoTheSameEverywhere(t *testing.T) {
	t.Parallel()
	dir := history(t, zoned)
	results := map[string]string{}
	for name, settings := range map[string][]string{
		"plain": nil,
		"other": {"timezone = 'America/New_York'", "datestyle = 'SQL, DMY'", "intervalstyle = 'iso_8601'", "search_path = core, public", "extra_float_digits = 0",
			"bytea_output = 'escape'", "quote_all_identifiers = on", "transform_null_equals = on"},
	} {
		db := dbtest.Empty(t)
		conn := connect(t, db.OwnerURL)
		for _, s := range settings {
			exec(t, conn, "ALTER DATABASE "+pgx.Identifier{conn.Config().Database}.Sanitize()+" SET "+s)
		}
		mustUp(t, dir, db.OwnerURL)
		look := func(what string) {
			t.Helper()
			for _, o := range read(t, db.OwnerURL) {
				results[name] += fmt.Sprintln(what, o.Kind, o.Name, o.Definition)
			}
			results[name] += rowsOf(t, db.OwnerURL)
		}
		look("up")
		if _, err := migrate.Down(t.Context(), options(t, dir, db.OwnerURL), "1"); err != nil {
			t.Fatal(err)
		}
		look("down")
	}
	if results["plain"] != results["other"] {
		t.Errorf("got\n%s\nwant, as without settings,\n%s", results["other"], results["plain"])
	}
	if !strings.Contains(results["plain"], "table public.here") || !strings.Contains(results["plain"], "2024-03-02 02:14:15+00") {
		t.Errorf("got %s, want times in UTC, and the schema public for what names none", results["plain"])
	}
}

// rowsOf reads the table of times as text that no setting changes.
func rowsOf(t *testing.T, url string) string {
	t.Helper()
	conn := connect(t, url)
	exec(t, conn, pgcatalog.Pin("pg_catalog", false))
	var text string
	if err := conn.QueryRow(t.Context(), "SELECT string_agg(t::text, '; ' ORDER BY id) FROM core.times t").Scan(&text); err != nil {
		t.Fatal(err)
	}
	return text + "\n"
}
