package migrate_test

import (
	"testing"
	"testing/fstest"

	"ariga.io/atlas/sql/postgres"
	"github.com/google/go-cmp/cmp"

	"github.com/lockstep-dev/lockstep/internal/migrate"
	"github.com/lockstep-dev/lockstep/migrations"
)

func TestReadRefusesFaultyDirectories(t *testing.T) {
	t.Parallel()
	whole := map[string]string{
		"1_a.sql": "CREATE TABLE a ();\n", "down/1_a.sql": "DROP TABLE a;\n",
		"2_b.sql": "CREATE TABLE b ();\n", "down/2_b.sql": "DROP TABLE b;\n",
	}
	set := func(name, content string) func(fstest.MapFS) {
		return func(d fstest.MapFS) { d[name] = &fstest.MapFile{Data: []byte(content)} }
	}
	remove := func(name string) func(fstest.MapFS) { return func(d fstest.MapFS) { delete(d, name) } }
	tests := []struct {
		name   string
		fault  func(fstest.MapFS)
		rehash bool
		code   string // empty: no problem
		says   string
	}{
		{"whole", func(fstest.MapFS) {}, false, "", ""},
		{"no sum", remove("atlas.sum"), false, "unhashed", "lockstep migrate hash"},
		{"no down sum", remove("down/down.sum"), false, "unhashed", "down/down.sum"},
		{"edited", set("1_a.sql", "CREATE TABLE a (x int);\n"), false, "sum", "1_a.sql was edited"},
		{"edited down", set("down/2_b.sql", "SELECT 1;\n"), false, "sum", "down/2_b.sql was edited"},
		{"added last", set("3_c.sql", "SELECT 1;\n"), false, "unhashed", "3_c.sql is not in atlas.sum"},
		{"added between", set("1b_c.sql", "SELECT 1;\n"), false, "unhashed", "1b_c.sql is not in atlas.sum"},
		{"removed", remove("1_a.sql"), false, "sum", "1_a.sql was removed"},
		{"removed last down", remove("down/2_b.sql"), false, "sum", "down/2_b.sql was removed"},
		{"tampered sum", func(d fstest.MapFS) { d["atlas.sum"].Data[5] ^= 1 }, false, "sum", "does not add up"},
		{"merge conflict", func(d fstest.MapFS) { d["atlas.sum"].Data = append([]byte("<<<<<<< ours\n"), d["atlas.sum"].Data...) }, false, "sum", "merge conflict"},
		{"same version twice", set("2_c.sql", "SELECT 1;\n"), true, "duplicate", "2_b.sql and 2_c.sql"},
		{"down without up", set("down/3_c.sql", "SELECT 1;\n"), true, "orphan_down", "down/3_c.sql"},
		{"commits", set("2_b.sql", "SELECT 1;\n-- so\nCOMMIT;\n"), true, "statement", "2_b.sql:3: COMMIT"},
		{"unclosed", set("2_b.sql", "SELECT (1;\n"), true, "statement", "2_b.sql"},
		{"unknown txmode", set("2_b.sql", "-- atlas:txmode all\n\nSELECT 1;\n"), true, "statement", "txmode"},
		{"checkpoint", set("2_b.sql", "-- atlas:checkpoint\n\nSELECT 1;\n"), true, "statement", "checkpoint"},
		{"outside the sums", set("2_b.sql", "-- atlas:sum ignore\n\nSELECT 1;\n"), true, "unhashed", "atlas:sum"},
		{"irreversible for no reason", set("down/2_b.sql", "-- lockstep:irreversible\n"), true, "statement", "reason"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			dir := history(t, whole)
			test.fault(dir)
			if test.rehash {
				rehash(t, dir)
			}
			got, err := migrate.Read(dir)
			if test.code != "" {
				wantProblem(t, err, test.code, test.says)
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			if got.Latest() != "2" || len(got.Migrations) != 2 || got.Migrations[1].Down == nil {
				t.Errorf("got %+v, want two reversible migrations up to version 2", got)
			}
		})
	}
}

func TestReadDirectives(t *testing.T) {
	t.Parallel()
	dir, err := migrate.Read(history(t, map[string]string{
		"1_a.sql":      "-- atlas:txmode none\n\nCREATE INDEX CONCURRENTLY i ON a (b);\n",
		"2_b.sql":      "-- atlas:txmode file\n\nSELECT 1;\n",
		"3_c.sql":      "SELECT 1;\n",
		"down/3_c.sql": "-- lockstep:irreversible the rows are gone\n",
	}))
	if err != nil {
		t.Fatal(err)
	}
	if got := []bool{dir.Migrations[0].Up.NoTx, dir.Migrations[1].Up.NoTx, dir.Migrations[2].Up.NoTx}; !cmp.Equal(got, []bool{true, false, false}) {
		t.Errorf("outside a transaction: got %v, want only the first", got)
	}
	if got := dir.Migrations[2].Up.Irreversible; got != "the rows are gone" {
		t.Errorf("irreversible: got %q, want the reason in the reverse", got)
	}
}

// Both count and hash statements; where they cut differently, one would take the other's finished file for a broken one.
func TestSplitLikeAtlas(t *testing.T) {
	t.Parallel()
	inputs := map[string]string{
		"comments":     "-- a;\nSELECT 1; -- b;\n/* c; */ SELECT 2;\n\n-- last",
		"strings":      `SELECT ';', "a;b", 'it''s;', E'\n;'; SELECT 2;`,
		"dollar":       "DO $$ BEGIN PERFORM 1; END $$; SELECT $x$ ; $$ ; $x$;",
		"begin atomic": "CREATE FUNCTION f() RETURNS int BEGIN ATOMIC SELECT 1; SELECT 2; END; SELECT 3;",
		"begin":        "CREATE PROCEDURE p() BEGIN SELECT 1; END; SELECT 2;",
		"delimiter":    "-- atlas:delimiter \\n\\n\\n\nSELECT 1;\nSELECT 2;\n\n\nSELECT 3;",
		"empty":        "-- nothing\n",
	}
	dir, err := migrate.Read(migrations.FS)
	if err != nil {
		t.Fatal(err)
	}
	for _, m := range dir.Migrations {
		inputs[m.Up.Name] = m.Up.SQL
	}
	for name, sql := range inputs {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			want, err := (*postgres.Driver)(nil).ScanStmts(sql)
			if err != nil {
				t.Fatal(err)
			}
			got, err := migrate.Split(sql)
			if err != nil {
				t.Fatal(err)
			}
			var gotText, wantText []string
			for _, s := range got {
				gotText = append(gotText, s.Text)
			}
			for _, s := range want {
				wantText = append(wantText, s.Text)
			}
			if diff := cmp.Diff(wantText, gotText); diff != "" {
				t.Errorf("statements (-want +got):\n%s", diff)
			}
		})
	}
}

func TestLatest(t *testing.T) {
	t.Parallel()
	for want, dir := range map[string]fstest.MapFS{
		"":               {"embed.go": {}, "down/9_z.sql": {}},
		"20250102000000": {"20250101000000_a.sql": {}, "20250102000000_b.sql": {}, "atlas.sum": {}},
	} {
		got, err := migrate.Latest(dir)
		if err != nil || got != want {
			t.Errorf("got %q, %v; want %q", got, err, want)
		}
	}
}
