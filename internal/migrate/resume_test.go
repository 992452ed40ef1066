package migrate_test

import (
	"errors"
	"testing"

	"github.com/lockstep-dev/lockstep/internal/dbtest"
	"github.com/lockstep-dev/lockstep/internal/migrate"
)

// broken returns a database on which a file outside a transaction stopped after its second statement.
func broken(t *testing.T) (db dbtest.Database, files map[string]string) {
	t.Helper()
	db = dbtest.Empty(t)
	files = map[string]string{
		"1_a.sql": "CREATE TABLE a (b int);\n",
		"2_b.sql": "-- atlas:txmode none\n\nINSERT INTO a VALUES (1);\nCREATE INDEX CONCURRENTLY i ON a (b);\nCREATE INDEX CONCURRENTLY j ON a (nope);\n",
	}
	_, err := migrate.Up(t.Context(), options(t, history(t, files), db.OwnerURL))
	var refused *migrate.StatementError
	if !errors.As(err, &refused) || refused.Line != 5 {
		t.Fatalf("got %v, want 2_b.sql:5 refused", err)
	}
	return db, files
}

func TestResume(t *testing.T) {
	t.Parallel()
	db, files := broken(t)
	conn := connect(t, db.OwnerURL)
	if version, complete, err := current(t.Context(), conn); version != "2" || complete || err != nil {
		t.Errorf("broken off: got %q, %v, %v; want version 2, incomplete", version, complete, err)
	}
	got := value[string](t, conn, `SELECT concat_ws(' ', applied, total, error, error_stmt, jsonb_array_length(partial_hashes)) FROM atlas_schema_revisions.atlas_schema_revisions WHERE version = '2'`)
	if want := `2 3 ERROR: column "nope" does not exist (SQLSTATE 42703) CREATE INDEX CONCURRENTLY j ON a (nope); 2`; got != want {
		t.Errorf("revision: got %s, want %s", got, want)
	}
	state, err := migrate.Status(t.Context(), options(t, history(t, files), db.OwnerURL))
	if err != nil || len(state.Problems) != 1 {
		t.Fatalf("status: got %+v, %v; want one problem", state, err)
	}
	wantProblem(t, state.Problems[0], "dirty", "2_b.sql stopped after statement 2 of 3", "nope")

	files["2_b.sql"] = "-- atlas:txmode none\n\nINSERT INTO a VALUES (1);\nCREATE INDEX CONCURRENTLY i ON a (b);\nCREATE INDEX CONCURRENTLY j ON a (b);\nINSERT INTO a VALUES (2);\n"
	if result := mustUp(t, history(t, files), db.OwnerURL); len(result.Files) != 1 || result.Files[0].Statements != 2 {
		t.Errorf("resumed: got %+v, want the corrected statement and the added one", result)
	}
	if got := value[string](t, conn, "SELECT string_agg(b::text, ' ' ORDER BY b) FROM a"); got != "1 2" {
		t.Errorf("rows: got %s, want each inserted once", got)
	}
	state, err = migrate.Verify(t.Context(), options(t, history(t, files), db.OwnerURL))
	if err != nil || !state.Clean() {
		t.Errorf("after: got %+v, %v; want a clean database", state, err)
	}
}

func TestResumeRefusesChangedHistory(t *testing.T) {
	t.Parallel()
	for name, text := range map[string]string{
		"changed": "-- atlas:txmode none\n\nINSERT INTO a VALUES (9);\nCREATE INDEX CONCURRENTLY i ON a (b);\nCREATE INDEX CONCURRENTLY j ON a (b);\n",
		"removed": "-- atlas:txmode none\n\nINSERT INTO a VALUES (1);\n",
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			db, files := broken(t)
			files["2_b.sql"] = text
			_, err := migrate.Up(t.Context(), options(t, history(t, files), db.OwnerURL))
			wantProblem(t, err, "edited", "2_b.sql", "restore")
		})
	}
}

func TestResumeAfterAnInvalidIndex(t *testing.T) {
	t.Parallel()
	db := dbtest.Empty(t)
	conn := connect(t, db.OwnerURL)
	dir := history(t, map[string]string{
		"1_a.sql": "CREATE SCHEMA s;\nCREATE TABLE s.a (b int);\nINSERT INTO s.a VALUES (1), (1);\n",
		"2_b.sql": "-- atlas:txmode none\n\nCREATE UNIQUE INDEX CONCURRENTLY IF NOT EXISTS i ON s.a (b);\n",
	})
	if _, err := migrate.Up(t.Context(), options(t, dir, db.OwnerURL)); err == nil {
		t.Fatal("a unique index over duplicates was built")
	}
	if value[bool](t, conn, "SELECT indisvalid FROM pg_index WHERE indexrelid = 's.i'::regclass") {
		t.Fatal("want the invalid index that Postgres leaves")
	}
	exec(t, conn, "DELETE FROM s.a WHERE ctid = (SELECT min(ctid) FROM s.a)")
	mustUp(t, dir, db.OwnerURL)
	if !value[bool](t, conn, "SELECT indisvalid FROM pg_index WHERE indexrelid = 's.i'::regclass") {
		t.Error("the index is still invalid: IF NOT EXISTS took it for done")
	}
}

func TestConcurrentIndexRefusals(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct{ statement, code, says string }{
		"no name":  {"CREATE INDEX CONCURRENTLY ON a (b)", "statement", "give the index a name"},
		"is there": {"CREATE INDEX CONCURRENTLY i ON a (b)", "exists", "public.i is already there"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			db := dbtest.Empty(t)
			_, err := migrate.Up(t.Context(), options(t, history(t, map[string]string{
				"1_a.sql": "CREATE TABLE a (b int);\nCREATE INDEX i ON a (b);\n",
				"2_b.sql": "-- atlas:txmode none\n\n" + test.statement + ";\n",
			}), db.OwnerURL))
			wantProblem(t, err, test.code, test.says, "2_b.sql:3")
			if version, complete, _ := current(t.Context(), connect(t, db.OwnerURL)); version != "1" || !complete {
				t.Errorf("got version %q, complete %v; want the refused file not begun", version, complete)
			}
		})
	}
}
