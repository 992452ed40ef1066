package migrate_test

import (
	"context"
	"errors"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/lockstep-dev/lockstep/internal/dbtest"
	"github.com/lockstep-dev/lockstep/internal/migrate"
	"github.com/lockstep-dev/lockstep/migrations"
)

func TestUpAppliesOnceAndRecords(t *testing.T) {
	t.Parallel()
	db := dbtest.Empty(t)
	conn, app := connect(t, db.OwnerURL), connect(t, db.AppURL)
	if version, complete, err := current(t.Context(), app); version != "" || complete || err != nil {
		t.Errorf("before: got %q, %v, %v; want no version", version, complete, err)
	}
	files := map[string]string{"1_a.sql": "CREATE TABLE a ();\nCREATE TABLE aa ();\n"}
	first := mustUp(t, history(t, files), db.OwnerURL)
	if first.From != "" || first.To != "1" || len(first.Files) != 1 || first.Files[0].Statements != 2 {
		t.Errorf("first run: got %+v, want one file of two statements, to version 1", first)
	}
	files["2_b.sql"] = "CREATE TABLE b ();\n"
	if got := mustUp(t, history(t, files), db.OwnerURL); got.From != "1" || got.To != "2" || len(got.Files) != 1 {
		t.Errorf("second run: got %+v, want the new file alone", got)
	}
	if got := mustUp(t, history(t, files), db.OwnerURL); got.To != "2" || len(got.Files) != 0 {
		t.Errorf("third run: got %+v, want nothing to do", got)
	}
	if version, complete, err := current(t.Context(), app); version != "2" || !complete || err != nil {
		t.Errorf("as the application: got %q, %v, %v; want version 2, complete", version, complete, err)
	}
	got := value[string](t, conn, `SELECT string_agg(concat_ws(' ', version, description, type, applied, total, '['||error||']', '['||error_stmt||']', partial_hashes), '; ' ORDER BY version) FROM atlas_schema_revisions.atlas_schema_revisions`)
	if want := "1 a 2 2 2 [] []; 2 b 2 1 1 [] []"; got != want {
		t.Errorf("revisions: got %s, want %s", got, want)
	}
}

func TestUpRollsBackTheWholeFile(t *testing.T) {
	t.Parallel()
	db := dbtest.Empty(t)
	conn := connect(t, db.OwnerURL)
	dir := history(t, map[string]string{
		"1_a.sql": "CREATE TABLE a ();\n",
		"2_b.sql": "CREATE TABLE b ();\n-- and\nCREATE TABLE a ();\n",
		"3_c.sql": "CREATE TABLE c ();\n",
	})
	_, err := migrate.Up(t.Context(), options(t, dir, db.OwnerURL))
	var refused *migrate.StatementError
	if !errors.As(err, &refused) || refused.File != "2_b.sql" || refused.Line != 3 || !strings.Contains(err.Error(), `relation "a" already exists`) {
		t.Fatalf("got error %v, want 2_b.sql:3 and what the database said", err)
	}
	if exists(t, conn, "b") || exists(t, conn, "c") || !exists(t, conn, "a") {
		t.Error("want the first file in, and nothing of the second and third")
	}
	if version, complete, _ := current(t.Context(), conn); version != "1" || !complete {
		t.Errorf("got version %q, complete %v; want 1, complete", version, complete)
	}
}

func TestUpDryRun(t *testing.T) {
	t.Parallel()
	db := dbtest.Empty(t)
	o := options(t, history(t, map[string]string{"1_a.sql": "CREATE TABLE a ();\nSELECT 1;\n"}), db.OwnerURL)
	o.DryRun = true
	got, err := migrate.Up(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]string{"CREATE TABLE a ();", "SELECT 1;"}, got.Files[0].SQL); diff != "" {
		t.Errorf("SQL (-want +got):\n%s", diff)
	}
	conn := connect(t, db.OwnerURL)
	if exists(t, conn, "a") || value[bool](t, conn, "SELECT to_regnamespace('atlas_schema_revisions') IS NOT NULL") {
		t.Error("a dry run changed the database")
	}
}

func TestEightRunnersAtOnce(t *testing.T) {
	t.Parallel()
	db := dbtest.Empty(t)
	dir := history(t, map[string]string{
		"1_a.sql": "CREATE TABLE a (b int);\nSELECT pg_sleep(0.2);\n",
		"2_b.sql": "-- atlas:txmode none\n\nCREATE INDEX CONCURRENTLY i ON a (b);\n",
		"3_c.sql": "INSERT INTO a VALUES (1);\n",
	})
	results := make([]migrate.Result, 8)
	errs := make([]error, 8)
	var wg sync.WaitGroup
	for i := range results {
		wg.Go(func() { results[i], errs[i] = migrate.Up(t.Context(), options(t, dir, db.OwnerURL)) })
	}
	wg.Wait()
	if err := errors.Join(errs...); err != nil {
		t.Fatal(err)
	}
	worked := 0
	for _, r := range results {
		if len(r.Files) > 0 {
			worked++
		}
	}
	if worked != 1 || value[int](t, connect(t, db.OwnerURL), "SELECT count(*) FROM a") != 1 {
		t.Errorf("%d runners applied something, want one", worked)
	}
}

func TestUpRetriesBehindALock(t *testing.T) {
	t.Parallel()
	db := dbtest.Empty(t)
	files := map[string]string{"1_a.sql": "CREATE TABLE a ();\n"}
	mustUp(t, history(t, files), db.OwnerURL)
	files["2_b.sql"] = "CREATE TABLE b ();\nALTER TABLE a ADD COLUMN c int;\n"
	reader := connect(t, db.OwnerURL)
	exec(t, reader, "BEGIN; LOCK TABLE a IN ACCESS SHARE MODE")

	o := options(t, history(t, files), db.OwnerURL)
	o.LockTimeout, o.Retries = 20*time.Millisecond, 2
	_, err := migrate.Up(t.Context(), o)
	wantProblem(t, err, "locked", "2_b.sql", "3 tries", "pg_blocking_pids")
	if exists(t, reader, "b") {
		t.Error("a file that gave up left something behind")
	}
	o.Retries = 1000
	var release sync.Once
	o.Log = func(format string, args ...any) {
		if strings.Contains(format, "trying again") {
			release.Do(func() { exec(t, reader, "ROLLBACK") })
		}
	}
	if _, err := migrate.Up(t.Context(), o); err != nil {
		t.Fatalf("after the reader went: %v", err)
	}
}

// A statement outside transactions meets a lock in the run that began it, and is tried again in the same run.
func TestUpRetriesOutsideTransactions(t *testing.T) {
	t.Parallel()
	for name, stmt := range map[string]string{
		"rows":  "DO $$ BEGIN UPDATE a SET b = 2; COMMIT; END $$",
		"index": "DROP INDEX a_b",
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			db := dbtest.Empty(t)
			first := "CREATE TABLE a (b int);\nINSERT INTO a VALUES (1);\nCREATE INDEX a_b ON a (b);\n"
			mustUp(t, history(t, map[string]string{"1_a.sql": first}), db.OwnerURL)
			holder := connect(t, db.OwnerURL)
			exec(t, holder, "BEGIN; UPDATE a SET b = 7")
			dir := history(t, map[string]string{"1_a.sql": first, "2_b.sql": "-- atlas:txmode none\n\n" + stmt + ";\n"})
			o := options(t, dir, db.OwnerURL)
			o.LockTimeout = 20 * time.Millisecond
			o.Retries = 1000
			free := sync.OnceFunc(func() { _ = holder.Close(context.Background()) })
			o.Log = func(format string, _ ...any) {
				if strings.Contains(format, "trying again") {
					free()
				}
			}
			if _, err := migrate.Up(t.Context(), o); err != nil {
				t.Error(err)
			}
		})
	}
}

func TestUpGivesUpWaitingForAnotherRunner(t *testing.T) {
	t.Parallel()
	db := dbtest.Empty(t)
	conn := connect(t, db.OwnerURL)
	// What the Atlas CLI takes: FNV-1 of "atlas_migrate_execute".
	exec(t, conn, "SELECT pg_advisory_lock(2686470616)")
	o := options(t, history(t, map[string]string{"1_a.sql": "CREATE TABLE a ();\n"}), db.OwnerURL)
	o.Wait = time.Nanosecond
	_, err := migrate.Up(t.Context(), o)
	wantProblem(t, err, "locked", "another runner")
}

func TestUpRefusesARoleBoundByRowSecurity(t *testing.T) {
	t.Parallel()
	db := dbtest.Empty(t)
	_, err := migrate.Up(t.Context(), options(t, history(t, map[string]string{"1_a.sql": "SELECT 1;\n"}), db.AppURL))
	wantProblem(t, err, "role", "core_app", "BYPASSRLS")
}

func TestUpLeavesNoSettingsToTheNextFile(t *testing.T) {
	t.Parallel()
	db := dbtest.Empty(t)
	mustUp(t, history(t, map[string]string{
		"1_a.sql": "CREATE SCHEMA s;\nSET search_path = s;\nSET lock_timeout = 1;\nCREATE TABLE a ();\n",
		"2_b.sql": "CREATE TABLE b AS SELECT current_setting('lock_timeout') AS lock_timeout;\n",
	}), db.OwnerURL)
	if got := value[string](t, connect(t, db.OwnerURL), "SELECT lock_timeout FROM public.b"); got != "1min" {
		t.Errorf("second file: got lock_timeout %s, want the runner's 1min", got)
	}
}

// The repository's own migrations, as the production binary applies them.
func TestRepositoryMigrations(t *testing.T) {
	t.Parallel()
	db := dbtest.Empty(t)
	mustUp(t, migrations.FS, db.OwnerURL)
	state, err := migrate.Verify(t.Context(), options(t, migrations.FS, db.OwnerURL))
	if err != nil || !state.Clean() {
		t.Errorf("got %+v, %v; want a clean database", state, err)
	}
	latest, err := migrate.Latest(migrations.FS)
	if err != nil {
		t.Fatal(err)
	}
	app := connect(t, db.AppURL)
	if version, complete, err := current(t.Context(), app); version != latest || !complete || err != nil {
		t.Errorf("as the application: got %q, %v, %v; want %q, complete", version, complete, err, latest)
	}
	result, err := migrate.Down(t.Context(), options(t, migrations.FS, db.OwnerURL), migrate.Nothing)
	if err != nil || result.To != "" {
		t.Fatalf("down to nothing: got %+v, %v", result, err)
	}
	mustUp(t, migrations.FS, db.OwnerURL)
}

func TestUpStopsWhenCancelled(t *testing.T) {
	t.Parallel()
	db := dbtest.Empty(t)
	conn := connect(t, db.OwnerURL)
	exec(t, conn, "SELECT pg_advisory_lock(77)")
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	o := options(t, history(t, map[string]string{"1_a.sql": "CREATE TABLE a ();\nSELECT pg_advisory_xact_lock(77);\n"}), db.OwnerURL)
	go func() {
		_, err := migrate.Up(ctx, o)
		done <- err
	}()
	eventually(t, "the runner to be in the second statement", func() bool {
		return value[bool](t, conn, "SELECT EXISTS (SELECT FROM pg_stat_activity WHERE datname = current_database() AND wait_event = 'advisory')")
	})
	cancel()
	if err := <-done; !errors.Is(err, context.Canceled) {
		t.Errorf("got %v, want context canceled", err)
	}
	exec(t, conn, "SELECT pg_advisory_unlock(77)")
	if got := mustUp(t, o.Dir, db.OwnerURL); len(got.Files) != 1 {
		t.Errorf("rerun: got %+v, want the whole file applied", got)
	}
}
