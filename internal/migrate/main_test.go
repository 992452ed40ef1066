package migrate_test

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"path"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/lockstep-dev/lockstep/internal/dbtest"
	"github.com/lockstep-dev/lockstep/internal/migrate"
)

func TestMain(m *testing.M) {
	if url := os.Getenv(victimURL); url != "" {
		os.Exit(runVictim(url, os.Getenv(victimDir)))
	}
	os.Exit(dbtest.Main(m))
}

// current is the newest version a database has, and whether all it has are complete.
func current(ctx context.Context, q migrate.Querier) (version string, complete bool, err error) {
	s, err := migrate.Stand(ctx, q, "~") // behind every version
	return s.Newest, s.Complete, err
}

// history builds a migrations directory with checksums from file names ("1_a.sql", "down/1_a.sql") and contents.
func history(t testing.TB, files map[string]string) fstest.MapFS {
	t.Helper()
	dir := fstest.MapFS{}
	for name, content := range files {
		dir[name] = &fstest.MapFile{Data: []byte(content)}
	}
	rehash(t, dir)
	return dir
}

func rehash(t testing.TB, dir fstest.MapFS) {
	t.Helper()
	for folder, name := range map[string]string{".": migrate.SumFile, migrate.DownDir: migrate.DownSumFile} {
		sum, err := migrate.Sum(dir, folder)
		if err != nil {
			t.Fatal(err)
		}
		dir[path.Join(folder, name)] = &fstest.MapFile{Data: sum}
	}
}

// options are patient about locks, so that a busy machine does not make a test retry, and report to the test's log.
func options(t testing.TB, dir fs.FS, url string) migrate.Options {
	return migrate.Options{Dir: dir, URL: url, LockTimeout: time.Minute, Backoff: time.Millisecond, Log: t.Logf}
}

func mustUp(t testing.TB, dir fs.FS, url string) migrate.Result {
	t.Helper()
	result, err := migrate.Up(t.Context(), options(t, dir, url))
	if err != nil {
		t.Fatalf("up: %v", err)
	}
	return result
}

func connect(t testing.TB, url string) *pgx.Conn {
	t.Helper()
	conn, err := pgx.Connect(t.Context(), url)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close(context.Background()) })
	return conn
}

func exec(t testing.TB, conn *pgx.Conn, sql string) {
	t.Helper()
	if _, err := conn.Exec(t.Context(), sql); err != nil {
		t.Fatalf("%s: %v", sql, err)
	}
}

// value is the only column of the only row of a query.
func value[T any](t testing.TB, conn *pgx.Conn, sql string) T {
	t.Helper()
	var v T
	if err := conn.QueryRow(t.Context(), sql).Scan(&v); err != nil {
		t.Fatalf("%s: %v", sql, err)
	}
	return v
}

func exists(t testing.TB, conn *pgx.Conn, relation string) bool {
	t.Helper()
	return value[bool](t, conn, "SELECT to_regclass('"+relation+"') IS NOT NULL")
}

// wantProblem fails the test unless err is a problem of that code whose message says all of the words.
func wantProblem(t testing.TB, err error, code string, words ...string) {
	t.Helper()
	var p *migrate.Problem
	if !errors.As(err, &p) {
		t.Fatalf("got error %v, want a problem with code %s", err, code)
	}
	if p.Code != code {
		t.Fatalf("got problem %s (%s), want %s", p.Code, p.Message, code)
	}
	for _, word := range words {
		if !strings.Contains(err.Error(), word) {
			t.Errorf("got message %q, want it to say %q", err, word)
		}
	}
}

// eventually polls until ok, bounded by the test's deadline.
func eventually(t testing.TB, what string, ok func() bool) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 3*time.Minute)
	defer cancel()
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	for !ok() {
		select {
		case <-ctx.Done():
			t.Fatalf("waited in vain: %s", what)
		case <-tick.C:
		}
	}
}
