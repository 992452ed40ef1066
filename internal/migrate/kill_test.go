package migrate_test

import (
	"context"
	"fmt"
	"os"
	osexec "os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"syscall"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/jackc/pgx/v5"

	"github.com/lockstep-dev/lockstep/internal/dbtest"
	"github.com/lockstep-dev/lockstep/internal/migrate"
	"github.com/lockstep-dev/lockstep/internal/pgcatalog"
)

const (
	victimURL = "LOCKSTEP_TEST_VICTIM_URL"
	victimDir = "LOCKSTEP_TEST_VICTIM_DIR"
)

// runVictim is the process that the kill tests kill: it migrates and nothing else.
func runVictim(url, dir string) int {
	_, err := migrate.Up(context.Background(), migrate.Options{Dir: os.DirFS(dir), URL: url, LockTimeout: 1 << 40})
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	return 0
}

// long is a migration of many kinds of statement. It may run in one transaction or, each statement on its own, outside.
var long = []string{
	"CREATE TABLE a (id int PRIMARY KEY, b int)",
	"INSERT INTO a SELECT n, n FROM generate_series(1, 100) n",
	"ALTER TABLE a ADD COLUMN c int NOT NULL DEFAULT 7",
	"UPDATE a SET c = b",
	"CREATE TABLE counter AS SELECT count(*) AS n, sum(c) AS total FROM a",
	"CREATE INDEX a_b ON a (b)",
	"ALTER TABLE a ADD CONSTRAINT a_c CHECK (c >= 0) NOT VALID",
	"ALTER TABLE a VALIDATE CONSTRAINT a_c",
	"CREATE TABLE child (id int PRIMARY KEY, a_id int)",
	"INSERT INTO child SELECT id, id FROM a",
	"ALTER TABLE child ADD CONSTRAINT child_a FOREIGN KEY (a_id) REFERENCES a (id) NOT VALID",
	"ALTER TABLE child VALIDATE CONSTRAINT child_a",
	"COMMENT ON TABLE a IS 'One.'",
	"CREATE VIEW seen AS SELECT id FROM a",
	"GRANT SELECT ON a TO core_app",
	"ALTER TABLE a ENABLE ROW LEVEL SECURITY",
	"CREATE POLICY mine ON a USING (b > 0)",
	"CREATE SEQUENCE s",
	"CREATE FUNCTION one() RETURNS int LANGUAGE sql AS 'SELECT 1'",
	"ALTER TABLE a ALTER COLUMN b SET NOT NULL",
	"ALTER TABLE a RENAME COLUMN b TO bb",
	"CREATE TYPE mood AS ENUM ('good')",
	"ALTER TABLE child DROP COLUMN a_id",
	"INSERT INTO counter VALUES (1, nextval('s'))",
	"DROP VIEW seen",
}

// alone are statements that run outside transactions only.
var alone = []string{
	"CREATE INDEX CONCURRENTLY a_c_idx ON a (c)",
	"DO $$ BEGIN FOR i IN 0..3 LOOP UPDATE a SET c = id + 1 WHERE id % 4 = i; COMMIT; END LOOP; END $$",
	"REINDEX INDEX CONCURRENTLY a_c_idx",
	"DROP INDEX CONCURRENTLY a_b",
}

// A runner is killed while each statement in turn is running: it stops there because the statement, or one put in front of
// it, waits for what the test holds. The next run must reach the state an undisturbed run reaches. 26 points inside one
// transaction and 30 outside any.
func TestKilledAtEveryStatement(t *testing.T) {
	t.Parallel()
	gate := "SELECT pg_advisory_xact_lock(4242)"
	for name, test := range map[string]struct {
		directive  string
		statements []string
	}{
		"transactional":     {"", long},
		"not transactional": {"-- atlas:txmode none\n\n", slices.Concat(long, alone)},
	} {
		build := func(at int) map[string]string {
			text := test.directive
			for i, stmt := range test.statements {
				if i == at {
					text += gate + ";\n"
				}
				text += stmt + ";\n"
			}
			if at == len(test.statements) {
				text += gate + ";\n"
			}
			return map[string]string{"1_a.sql": "CREATE TABLE first ();\n", "2_b.sql": text, "3_c.sql": "CREATE TABLE last ();\n"}
		}
		want, rows := undisturbed(t, build(-1))
		for at := 0; at <= len(test.statements); at++ {
			t.Run(name+" "+strconv.Itoa(at), func(t *testing.T) {
				t.Parallel()
				db := dbtest.Empty(t)
				holder := connect(t, db.OwnerURL)
				exec(t, holder, "SELECT pg_advisory_lock(4242)")
				killed(t, db.OwnerURL, build(at), holder, "advisory")
				exec(t, holder, "SELECT pg_advisory_unlock(4242)")
				result := mustUp(t, history(t, build(at)), db.OwnerURL)
				if len(result.Files) != 2 {
					t.Errorf("the rerun applied %d files, want the two that were not in", len(result.Files))
				}
				if diff := cmp.Diff(want, read(t, db.OwnerURL)); diff != "" {
					t.Errorf("state (-undisturbed +rerun):\n%s", diff)
				}
				if got := value[string](t, holder, allRows); got != rows {
					t.Errorf("rows: got %s, want %s", got, rows)
				}
			})
		}
	}
}

// allRows sums up what the tables hold.
const allRows = "SELECT (SELECT string_agg(n || ' ' || total, ', ' ORDER BY n) FROM counter) || '; ' || count(*) || ' ' || sum(bb) || ' ' || sum(c) FROM a"

// undisturbed is the state and the rows that a run leads to which nobody kills.
func undisturbed(t *testing.T, files map[string]string) (pgcatalog.Fingerprint, string) {
	t.Helper()
	db := dbtest.Empty(t)
	mustUp(t, history(t, files), db.OwnerURL)
	return read(t, db.OwnerURL), value[string](t, connect(t, db.OwnerURL), allRows)
}

// An interrupted REINDEX CONCURRENTLY leaves an invalid copy, which must not stay.
func TestKilledDuringReindex(t *testing.T) {
	t.Parallel()
	first := map[string]string{"1_a.sql": "CREATE TABLE a (b int);\nINSERT INTO a SELECT generate_series(1, 1000);\nCREATE INDEX a_b ON a (b);\n"}
	both := map[string]string{"1_a.sql": first["1_a.sql"], "2_b.sql": "-- atlas:txmode none\n\nREINDEX INDEX CONCURRENTLY a_b;\n"}
	want := fingerprint(t, both)
	db := dbtest.Empty(t)
	mustUp(t, history(t, first), db.OwnerURL)
	reader := connect(t, db.OwnerURL)
	exec(t, reader, "BEGIN; LOCK TABLE a IN ROW EXCLUSIVE MODE")
	observer := connect(t, db.OwnerURL)
	killed(t, db.OwnerURL, both, observer, "virtualxid")
	exec(t, reader, "ROLLBACK")
	mustUp(t, history(t, both), db.OwnerURL)
	if diff := cmp.Diff(want, read(t, db.OwnerURL)); diff != "" {
		t.Errorf("state (-undisturbed +rerun):\n%s", diff)
	}
}

func TestKilledDuringConcurrentIndex(t *testing.T) {
	t.Parallel()
	files := map[string]string{
		"1_a.sql": "CREATE TABLE a (b int);\nINSERT INTO a SELECT generate_series(1, 1000);\n",
		"2_b.sql": "-- atlas:txmode none\n\nCREATE INDEX CONCURRENTLY a_b_idx ON a (b);\n",
		"3_c.sql": "-- atlas:txmode none\n\nDROP INDEX CONCURRENTLY a_b_idx;\n",
		"4_d.sql": "-- atlas:txmode none\n\nCREATE UNIQUE INDEX CONCURRENTLY \"a_B\" ON public.a (b);\n",
	}
	want := fingerprint(t, files)
	for _, stop := range []string{"2", "3", "4"} {
		t.Run(stop, func(t *testing.T) {
			t.Parallel()
			db := dbtest.Empty(t)
			before := map[string]string{}
			for name, text := range files {
				if name < stop {
					before[name] = text
				}
			}
			mustUp(t, history(t, before), db.OwnerURL)
			// Concurrent index statements wait for every transaction that has used the table.
			reader := connect(t, db.OwnerURL)
			exec(t, reader, "BEGIN; LOCK TABLE a IN ROW EXCLUSIVE MODE")
			observer := connect(t, db.OwnerURL)
			killed(t, db.OwnerURL, files, observer, "virtualxid")
			if got, _, err := current(t.Context(), observer); err != nil || stop != "3" && got != stop {
				t.Errorf("a concurrent statement begun: got version %q, %v; want %s recorded as begun", got, err, stop)
			}
			exec(t, reader, "ROLLBACK")
			mustUp(t, history(t, files), db.OwnerURL)
			if diff := cmp.Diff(want, read(t, db.OwnerURL)); diff != "" {
				t.Errorf("state (-undisturbed +rerun):\n%s", diff)
			}
		})
	}
}

// killed runs a migration in a process of its own and kills it when it waits for a lock of that kind.
func killed(t *testing.T, url string, files map[string]string, observer *pgx.Conn, lock string) {
	t.Helper()
	dir := t.TempDir()
	for name, file := range history(t, files) {
		if err := os.MkdirAll(filepath.Dir(filepath.Join(dir, name)), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(dir, name), file.Data, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	victim := osexec.Command(os.Args[0])
	victim.Env = append(os.Environ(), victimURL+"="+url, victimDir+"="+dir)
	victim.Stderr = os.Stderr
	if err := victim.Start(); err != nil {
		t.Fatal(err)
	}
	eventually(t, "the runner to be in the statement", func() bool {
		return value[bool](t, observer, "SELECT EXISTS (SELECT FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock' AND wait_event = '"+lock+"')")
	})
	if err := victim.Process.Signal(syscall.SIGKILL); err != nil {
		t.Fatal(err)
	}
	if err := victim.Wait(); err == nil {
		t.Fatal("the runner ended by itself before it was killed")
	}
}

// fingerprint is the state that an undisturbed run of the files leads to.
func fingerprint(t *testing.T, files map[string]string) pgcatalog.Fingerprint {
	t.Helper()
	db := dbtest.Empty(t)
	mustUp(t, history(t, files), db.OwnerURL)
	return read(t, db.OwnerURL)
}

func read(t *testing.T, url string) pgcatalog.Fingerprint {
	t.Helper()
	print, err := pgcatalog.Read(t.Context(), connect(t, url))
	if err != nil {
		t.Fatal(err)
	}
	return print
}
