package dbtest_test

import (
	"errors"
	"os"
	"os/exec"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"

	"github.com/lockstep-dev/lockstep/internal/dbtest"
)

func TestMain(m *testing.M) { os.Exit(dbtest.Main(m)) }

func connect(t *testing.T, url string) *pgx.Conn {
	t.Helper()
	conn, err := pgx.Connect(t.Context(), url)
	if err != nil {
		t.Fatalf("connect: %v", err)
	}
	// Left open on purpose: a test that forgets a connection must not keep its database.
	return conn
}

func TestEmptyDatabasesAreApart(t *testing.T) {
	t.Parallel()
	one, two := dbtest.Empty(t), dbtest.Empty(t)
	if _, err := connect(t, one.OwnerURL).Exec(t.Context(), "CREATE SCHEMA mine"); err != nil {
		t.Fatal(err)
	}
	var n int
	err := connect(t, two.OwnerURL).QueryRow(t.Context(), "SELECT count(*) FROM pg_namespace WHERE nspname = 'mine'").Scan(&n)
	if err != nil || n != 0 {
		t.Errorf("the other database: got %d schemas (%v), want 0", n, err)
	}
}

// A pinned version runs beside whatever the others run on.
func TestEmptyOnAMajorVersion(t *testing.T) {
	t.Parallel()
	for _, major := range []int{15, 18} {
		var got int
		err := connect(t, dbtest.EmptyOn(t, major).OwnerURL).QueryRow(t.Context(), "SELECT current_setting('server_version_num')::int / 10000").Scan(&got)
		if err != nil || got != major {
			t.Errorf("got version %d (%v), want %d", got, err, major)
		}
	}
}

// The application's role reads its own rows through the migrations' grants and policies, and cannot run DDL.
func TestNewIsMigrated(t *testing.T) {
	t.Parallel()
	db := dbtest.New(t)
	app := connect(t, db.AppURL)
	var users int
	if err := app.QueryRow(t.Context(), "SELECT count(*) FROM core.users").Scan(&users); err != nil || users != 0 {
		t.Errorf("got %d users (%v), want 0", users, err)
	}
	if _, err := app.Exec(t.Context(), "CREATE TABLE core.mine ()"); err == nil {
		t.Error("the application's role could create a table")
	}
	if _, err := connect(t, db.OwnerURL).Exec(t.Context(), "CREATE TABLE core.mine ()"); err != nil {
		t.Errorf("the owner could not create a table: %v", err)
	}
}

func TestClonesAreApart(t *testing.T) {
	t.Parallel()
	one, two := dbtest.New(t), dbtest.New(t)
	const insert = `INSERT INTO core.tenants (id, name, slug, created_at, updated_at) VALUES (gen_random_uuid(), 'Acme', 'acme', now(), now())`
	if _, err := connect(t, one.OwnerURL).Exec(t.Context(), insert); err != nil {
		t.Fatal(err)
	}
	var n int
	if err := connect(t, two.OwnerURL).QueryRow(t.Context(), "SELECT count(*) FROM core.tenants").Scan(&n); err != nil || n != 0 {
		t.Errorf("the other database: got %d tenants (%v), want 0", n, err)
	}
}

// A machine on which no database starts must not look like one on which all is well.
func TestDatabaseThatCannotStartFailsTheTest(t *testing.T) {
	t.Parallel()
	program, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(program, "-test.run=^TestNewIsMigrated$", "-test.v")
	cmd.Env = append(os.Environ(), "TMPDIR=/nonexistent")
	out, err := cmd.CombinedOutput()
	var exit *exec.ExitError
	if !errors.As(err, &exit) || exit.ExitCode() != 1 {
		t.Errorf("got %v, want exit code 1", err)
	}
	if !strings.Contains(string(out), "--- FAIL: TestNewIsMigrated") || !strings.Contains(string(out), "start the test database") {
		t.Errorf("got output without the failure:\n%s", out)
	}
}

func BenchmarkNew(b *testing.B) {
	dbtest.New(b)
	for b.Loop() {
		dbtest.New(b)
	}
}
