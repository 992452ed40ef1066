package pg_test

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"strings"
	"sync"
	"testing"

	"github.com/google/uuid"

	"github.com/lockstep-dev/lockstep/internal/pg"
)

// roleURL makes a role that may what core_app may, and returns the URL that connects as it.
func (w *world) roleURL(t *testing.T, attributes string) (role, through string) {
	t.Helper()
	role = "app_" + strings.ReplaceAll(uuid.NewString(), "-", "")
	// From 16 on the owner may not make anybody a member of core_app, which the cluster's superuser made.
	mustOwner(t, w.owner, fmt.Sprintf("create role %s login password 'for tests' %s", role, attributes))
	mustOwner(t, w.owner, "grant usage on schema core to "+role)
	mustOwner(t, w.owner, "grant select, insert, update, delete on all tables in schema core to "+role)
	t.Cleanup(func() {
		for _, drop := range []string{"revoke all on all tables in schema core from ", "revoke all on schema core from ", "drop role "} {
			if _, err := w.owner.Exec(context.Background(), drop+role); err != nil {
				t.Error(err)
			}
		}
	})
	u, err := url.Parse(w.appURL)
	if err != nil {
		t.Fatal(err)
	}
	u.User = url.UserPassword(role, "for tests")
	return role, u.String()
}

// wantCause checks that err is unavailability of this cause.
func wantCause(t *testing.T, err error, cause pg.Cause, state string) {
	t.Helper()
	if !errors.Is(err, pg.ErrUnavailable) {
		t.Errorf("got %v, want ErrUnavailable", err)
	}
	if got, code := pg.CauseOf(err); got != cause || code != state {
		t.Errorf("got cause %s (%s) of %v, want %s (%s)", got, code, err, cause, state)
	}
}

// TestUnusableDatabase meets databases that answer and cannot be used. Each was a fault of the server's once: 500.
func TestUnusableDatabase(t *testing.T) {
	t.Parallel()
	t.Run("login refused", func(t *testing.T) {
		t.Parallel()
		w := newWorld(t)
		role, through := w.roleURL(t, "")
		mustOwner(t, w.owner, "alter role "+role+" nologin")
		_, err := tryCount(w.as(t, w.a), openAt(t, through, func(c *pg.Config) { c.PgBouncer = false }).Driver(), "true")
		wantCause(t, err, pg.CauseLoginRefused, "28000")
		mustOwner(t, w.owner, "alter role "+role+" login password 'another'")
		_, err = tryCount(w.as(t, w.a), openAt(t, through, func(c *pg.Config) { c.PgBouncer = false }).Driver(), "true")
		wantCause(t, err, pg.CauseLoginRefused, "28P01")
	})
	t.Run("no such database", func(t *testing.T) {
		t.Parallel()
		w := newWorld(t)
		u, err := url.Parse(w.appURL)
		if err != nil {
			t.Fatal(err)
		}
		u.Path = "/not_there"
		_, err = tryCount(w.as(t, w.a), openAt(t, u.String(), func(c *pg.Config) { c.PgBouncer = false }).Driver(), "true")
		wantCause(t, err, pg.CauseNoDatabase, "3D000")
	})
	t.Run("full", func(t *testing.T) {
		t.Parallel()
		w := newWorld(t)
		mustOwner(t, w.owner, `create function core.full() returns trigger language plpgsql as $$
			begin raise exception 'no space left' using errcode = 'disk_full'; end $$;
			create trigger full_disk before insert on core.things for each row execute function core.full()`)
		_, err := exec(w.as(t, w.a), w.driver, insertThing, w.a, uuid.New(), "more")
		wantCause(t, err, pg.CauseDiskFull, "53100")
	})
	t.Run("nothing there", func(t *testing.T) {
		t.Parallel()
		w := newWorld(t)
		u, err := url.Parse(w.appURL)
		if err != nil {
			t.Fatal(err)
		}
		u.Host = "127.0.0.1:1"
		_, err = tryCount(w.as(t, w.a), openAt(t, u.String()).Driver(), "true")
		wantCause(t, err, pg.CauseUnreachable, "")
	})
}

// TestReadOnlyServerIsLeft has sessions that are read-only for as long as they live, as those are that a failover has left on
// the old primary. Their statements fail with 25006 until the connection is replaced.
func TestReadOnlyServerIsLeft(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	driver := openAt(t, w.appURL, func(c *pg.Config) { c.PgBouncer = false }).Driver()
	name := w.owner.Config().Database
	// Not on the owner's own connection, which is to go on writing.
	mustOwner(t, w.owner, "alter database "+name+" set default_transaction_read_only = on")
	ctx := w.as(t, w.a)
	_, err := exec(ctx, driver, insertThing, w.a, uuid.New(), "refused")
	wantCause(t, err, pg.CauseReadOnly, "25006")
	tx := begin(t, ctx, driver)
	_, err = exec(ctx, tx, insertThing, w.a, uuid.New(), "refused")
	wantCause(t, err, pg.CauseReadOnly, "25006")
	_ = tx.Rollback()
	mustOwner(t, w.owner, "alter database "+name+" reset default_transaction_read_only")
	// Connections are replaced once a second at most.
	eventually(t, "rows are written again", func() bool {
		_, err := exec(ctx, driver, insertThing, w.a, uuid.New(), "taken")
		return err == nil
	})
}

// TestFewerConnectionsThanWanted gives a pool of eight a role that may have two connections. What does not get one of its own
// waits for those that serve, instead of failing with 53300.
func TestFewerConnectionsThanWanted(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	_, through := w.roleURL(t, "connection limit 2")
	db := openAt(t, through, func(c *pg.Config) { c.PgBouncer, c.MaxConns, c.MaxWait = false, 8, patience })
	var wg sync.WaitGroup
	for range 16 {
		wg.Go(func() {
			for range 10 {
				if n, err := tryCount(w.as(t, w.a), db.Driver(), "true"); n != 1 || err != nil {
					t.Errorf("got %d things and %v, want 1", n, err)
					return
				}
			}
		})
	}
	wg.Wait()
	t.Run("that nobody gives back", func(t *testing.T) {
		hold := openAt(t, through, func(c *pg.Config) { c.PgBouncer, c.MaxConns = false, 8 })
		db.Pool().Reset()
		for range 2 {
			tx := begin(t, w.as(t, w.a), hold.Driver())
			eventually(t, "the connection is free", func() bool { _, err := tryCount(w.as(t, w.a), tx, "true"); return err == nil })
			defer func() { _ = tx.Rollback() }()
		}
		_, err := tryCount(w.as(t, w.a), db.Driver(), "true")
		wantCause(t, err, pg.CauseTooManyConns, "53300")
	})
}
