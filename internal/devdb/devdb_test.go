package devdb_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/lockstep-dev/lockstep/internal/devdb"
	"github.com/lockstep-dev/lockstep/internal/lockfile"
)

// start starts a cluster that is stopped with the test.
func start(t *testing.T, o devdb.Options) *devdb.Cluster {
	t.Helper()
	o.Log = t.Output()
	c, err := devdb.Start(t.Context(), o)
	if err != nil {
		t.Fatalf("start the cluster: %v", err)
	}
	t.Cleanup(func() {
		if err := c.Stop(); err != nil {
			t.Errorf("stop the cluster: %v", err)
		}
	})
	return c
}

// query runs a statement that returns one value.
func query[T any](t *testing.T, url, sql string) T {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 3*time.Minute)
	defer cancel()
	conn, err := pgx.Connect(ctx, url)
	if err != nil {
		t.Fatalf("connect: %v", err)
	}
	defer func() { _ = conn.Close(ctx) }()
	var v T
	if err := conn.QueryRow(ctx, sql).Scan(&v); err != nil {
		t.Fatalf("%s: %v", sql, err)
	}
	return v
}

// run runs statements.
func run(t *testing.T, url string, statements ...string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 3*time.Minute)
	defer cancel()
	conn, err := pgx.Connect(ctx, url)
	if err != nil {
		t.Fatalf("connect: %v", err)
	}
	defer func() { _ = conn.Close(ctx) }()
	for _, sql := range statements {
		if _, err := conn.Exec(ctx, sql); err != nil {
			t.Fatalf("%s: %v", sql, err)
		}
	}
}

func TestDataSurvivesARestart(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	c := start(t, devdb.Options{Dir: dir})
	if err := c.CreateDatabase(t.Context(), "core"); err != nil {
		t.Fatal(err)
	}
	run(t, c.OwnerURL("core"), "CREATE TABLE note (body text)", "INSERT INTO note VALUES ('kept')")
	if err := c.Stop(); err != nil {
		t.Fatalf("stop: %v", err)
	}
	c = start(t, devdb.Options{Dir: dir})
	if got, want := query[string](t, c.OwnerURL("core"), "SELECT body FROM note"), "kept"; got != want {
		t.Errorf("after a restart: got %q, want %q", got, want)
	}
}

func TestSecondStartOfAFolderFails(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	start(t, devdb.Options{Dir: dir})
	c, err := devdb.Start(t.Context(), devdb.Options{Dir: dir})
	if !errors.Is(err, lockfile.ErrHeld) {
		t.Fatalf("got cluster %v and error %v, want ErrHeld", c, err)
	}
}

func TestRoles(t *testing.T) {
	t.Parallel()
	c := start(t, devdb.Options{Ephemeral: true})
	if err := c.CreateDatabase(t.Context(), "core"); err != nil {
		t.Fatal(err)
	}
	const attributes = `SELECT concat_ws(' ', rolcanlogin, rolsuper, rolcreatedb, rolcreaterole, rolbypassrls)
		FROM pg_roles WHERE rolname = current_user`
	for name, test := range map[string]struct{ url, want string }{
		"owner": {c.OwnerURL("core"), "t f t t t"},
		"app":   {c.AppURL("core"), "t f f f f"},
	} {
		if got := query[string](t, test.url, attributes); got != test.want {
			t.Errorf("%s: got login, superuser, createdb, createrole, bypassrls = %s, want %s", name, got, test.want)
		}
	}
	if got, want := query[string](t, c.OwnerURL("core"), "SHOW listen_addresses"), "127.0.0.1"; got != want {
		t.Errorf("listens on %q, want %q", got, want)
	}
}
