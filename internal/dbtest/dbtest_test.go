package dbtest_test

import (
	"os"
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

func BenchmarkNew(b *testing.B) {
	dbtest.New(b)
	for b.Loop() {
		dbtest.New(b)
	}
}
