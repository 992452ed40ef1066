package migrate_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/lockstep-dev/lockstep/internal/dbtest"
	"github.com/lockstep-dev/lockstep/internal/migrate"
)

func reversible() map[string]string {
	return map[string]string{
		"1_a.sql": "CREATE TABLE a (b int);\n", "down/1_a.sql": "DROP TABLE a;\n",
		"2_b.sql": "ALTER TABLE a ADD COLUMN c int;\n", "down/2_b.sql": "ALTER TABLE a DROP COLUMN c;\n",
		"3_c.sql":      "-- atlas:txmode none\n\nCREATE INDEX CONCURRENTLY i ON a (b);\n",
		"down/3_c.sql": "-- atlas:txmode none\n\nDROP INDEX CONCURRENTLY i;\n",
	}
}

func TestDownToAVersion(t *testing.T) {
	t.Parallel()
	db := dbtest.Empty(t)
	dir := history(t, reversible())
	mustUp(t, dir, db.OwnerURL)
	all := read(t, db.OwnerURL)
	result, err := migrate.Down(t.Context(), options(t, dir, db.OwnerURL), "1")
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, f := range result.Files {
		names = append(names, f.Name)
	}
	if diff := cmp.Diff([]string{"down/3_c.sql", "down/2_b.sql"}, names); diff != "" || result.From != "3" || result.To != "1" {
		t.Errorf("got %+v; files (-want +got):\n%s", result, diff)
	}
	if version, complete, err := current(t.Context(), connect(t, db.OwnerURL)); version != "1" || !complete || err != nil {
		t.Errorf("got %q, %v, %v; want version 1", version, complete, err)
	}
	mustUp(t, dir, db.OwnerURL)
	if diff := cmp.Diff(all, read(t, db.OwnerURL)); diff != "" {
		t.Errorf("up again (-first +second):\n%s", diff)
	}
	if result, err = migrate.Down(t.Context(), options(t, dir, db.OwnerURL), migrate.Nothing); err != nil || result.To != "" {
		t.Errorf("to nothing: got %+v, %v", result, err)
	}
	if exists(t, connect(t, db.OwnerURL), "a") {
		t.Error("down to nothing left a table")
	}
}

func TestDownDryRun(t *testing.T) {
	t.Parallel()
	db := dbtest.Empty(t)
	dir := history(t, reversible())
	mustUp(t, dir, db.OwnerURL)
	o := options(t, dir, db.OwnerURL)
	o.DryRun = true
	result, err := migrate.Down(t.Context(), o, "2")
	if err != nil || len(result.Files) != 1 || !cmp.Equal(result.Files[0].SQL, []string{"DROP INDEX CONCURRENTLY i;"}) {
		t.Errorf("got %+v, %v; want the reverse of version 3", result, err)
	}
	if !exists(t, connect(t, db.OwnerURL), "i") {
		t.Error("a dry run changed the database")
	}
}

// Whatever forbids undoing one of the migrations, none is undone.
func TestDownRefuses(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name  string
		fault func(files map[string]string)
		to    string
		code  string
		says  string
	}{
		{"missing", func(f map[string]string) { delete(f, "down/2_b.sql") }, "0", "missing_down", "2_b.sql has no reverse"},
		{"empty", func(f map[string]string) { f["down/2_b.sql"] = "-- nothing\n" }, "0", "empty_down", "down/2_b.sql is empty"},
		{"irreversible", func(f map[string]string) { f["down/2_b.sql"] = "-- lockstep:irreversible the rows are gone\n" }, "0", "irreversible", "the rows are gone"},
		{"edited up", func(f map[string]string) { f["2_b.sql"] += "-- changed\n" }, "0", "edited", "2_b.sql is not what was applied"},
		{"two statements outside a transaction", func(f map[string]string) { f["down/3_c.sql"] += "SELECT 1;\n" }, "0", "statement", "keep one"},
		{"unknown version", func(map[string]string) {}, "7", "version", "version 7 is not applied"},
		{"of a newer release", func(f map[string]string) { delete(f, "3_c.sql"); delete(f, "down/3_c.sql") }, "0", "unknown", "version 3"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			db := dbtest.Empty(t)
			mustUp(t, history(t, reversible()), db.OwnerURL)
			before := read(t, db.OwnerURL)
			files := reversible()
			test.fault(files)
			_, err := migrate.Down(t.Context(), options(t, history(t, files), db.OwnerURL), test.to)
			wantProblem(t, err, test.code, test.says)
			if diff := cmp.Diff(before, read(t, db.OwnerURL)); diff != "" {
				t.Errorf("a refused down changed the database:\n%s", diff)
			}
		})
	}
}

// A unique index that the rows do not allow cannot be finished: its release has to be given up, back to the one before it.
func TestDownGivesUpAnIndex(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct{ fault, code, says string }{
		"not valid":         {"SELECT", "", ""},
		"not there":         {"DROP INDEX i", "", ""},
		"valid, not noted":  {"DELETE FROM a WHERE ctid = (SELECT min(ctid) FROM a); REINDEX INDEX i", "", ""},
		"another text":      {"UPDATE atlas_schema_revisions.atlas_schema_revisions SET hash = 'x' WHERE version = '3'", "dirty", "only partly applied"},
		"further than that": {"UPDATE atlas_schema_revisions.atlas_schema_revisions SET applied = 1, total = 2 WHERE version = '3'", "dirty", "only partly applied"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			db := dbtest.Empty(t)
			files := reversible()
			files["1_a.sql"] = "CREATE TABLE a (b int);\nINSERT INTO a VALUES (1), (1);\n"
			files["3_c.sql"] = "-- atlas:txmode none\n\nCREATE UNIQUE INDEX CONCURRENTLY i ON a (b);\n"
			dir := history(t, files)
			if _, err := migrate.Up(t.Context(), options(t, dir, db.OwnerURL)); err == nil {
				t.Fatal("a unique index over duplicates was built")
			}
			conn := connect(t, db.OwnerURL)
			exec(t, conn, test.fault)
			result, err := migrate.Down(t.Context(), options(t, dir, db.OwnerURL), "1")
			if test.code != "" {
				wantProblem(t, err, test.code, "3_c.sql is "+test.says)
				return
			}
			if err != nil || len(result.Files) != 2 {
				t.Fatalf("got %+v, %v; want the index and the column undone", result, err)
			}
			if version, complete, err := current(t.Context(), conn); version != "1" || !complete || err != nil {
				t.Errorf("got version %q, complete %v, %v; want 1", version, complete, err)
			}
			if exists(t, conn, "i") {
				t.Error("the index is still there")
			}
			exec(t, conn, "DELETE FROM a; INSERT INTO a VALUES (1)")
			mustUp(t, dir, db.OwnerURL)
		})
	}
}

func TestDownRollsBackAReverseThatFails(t *testing.T) {
	t.Parallel()
	db := dbtest.Empty(t)
	files := reversible()
	files["down/2_b.sql"] = "ALTER TABLE a DROP COLUMN c;\nDROP TABLE nope;\n"
	dir := history(t, files)
	mustUp(t, dir, db.OwnerURL)
	result, err := migrate.Down(t.Context(), options(t, dir, db.OwnerURL), migrate.Nothing)
	if err == nil || result.To != "2" {
		t.Fatalf("got %+v, %v; want version 3 undone and version 2 refused", result, err)
	}
	conn := connect(t, db.OwnerURL)
	if version, _, _ := current(t.Context(), conn); version != "2" {
		t.Errorf("got version %s, want 2", version)
	}
	if value[int](t, conn, "SELECT count(*) FROM information_schema.columns WHERE table_name = 'a'") != 2 {
		t.Error("half of the failed reverse stayed")
	}
}
