package pg_test

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/lockstep-dev/lockstep/internal/pg"
)

// TestTenantLeavesConnectionsToOthers has one tenant's statements, and its transactions, wait on a lock that the test holds,
// in pools of each size: the tenant gets its share to the last connection, and another tenant, the platform and the server
// are served as if it was not there.
func TestTenantLeavesConnectionsToOthers(t *testing.T) {
	t.Parallel()
	ways := map[string]func(context.Context, *world) error{
		"statements": func(ctx context.Context, w *world) error {
			_, err := exec(ctx, w.driver, "update core.things set amount = amount + 1 where id = $1", w.thingA)
			return err
		},
		"transactions": func(ctx context.Context, w *world) error {
			tx, err := w.driver.Tx(ctx)
			if err != nil {
				return err
			}
			if _, err = exec(ctx, tx, "select 1"); err == nil { // it waits with its second statement
				_, err = exec(ctx, tx, "update core.things set amount = amount + 1 where id = $1", w.thingA)
			}
			return errors.Join(err, tx.Commit())
		},
	}
	for name, change := range ways {
		for _, size := range []struct{ conns, share int32 }{{2, 1}, {3, 1}, {10, 8}} {
			t.Run(fmt.Sprintf("%s of %d", name, size.conns), func(t *testing.T) {
				t.Parallel()
				w := newWorld(t, func(c *pg.Config) { c.MaxConns, c.MaxWaiting, c.MaxWait = size.conns, 20, time.Hour })
				mustOwner(t, w.owner, "begin")
				mustOwner(t, w.owner, "update core.things set amount = 1 where id = $1", w.thingA)
				const all, line = 60, 10
				outcomes := make(chan error, all)
				for range all {
					go func() { outcomes <- change(w.as(t, w.a), w) }()
				}
				for range all - line - int(size.share) {
					if err := <-outcomes; !errors.Is(err, pg.ErrShare) {
						t.Errorf("got %v, want ErrShare", err)
					}
				}
				watch := connect(t, w.appURL)
				blocked := func() (n int) {
					t.Helper()
					if err := watch.QueryRow(t.Context(), `select count(*) from pg_stat_activity
						where wait_event_type = 'Lock' and datname = current_database()`).Scan(&n); err != nil {
						t.Fatal(err)
					}
					return n
				}
				for blocked() < int(size.share) { // alone, it has all of its share
					time.Sleep(time.Millisecond)
				}
				for n := range 200 {
					if got := count(t, w.as(t, w.b), w.driver, "true"); got != 1 {
						t.Fatalf("another tenant's statement %d: got %d rows, want 1", n, got)
					}
					if n%20 != 0 {
						continue
					}
					if err := w.db.CheckRole(t.Context()); err != nil {
						t.Errorf("the server's own: %v", err)
					}
					if _, err := exec(pg.WithScope(t.Context(), pg.Scope{TenantID: uuid.New(), Platform: true}), w.driver, "select 1"); err != nil {
						t.Errorf("the platform's: %v", err)
					}
					if got := blocked(); got != int(size.share) {
						t.Errorf("got %d of the tenant's backends, want its share of %d", got, size.share)
					}
				}
				mustOwner(t, w.owner, "commit")
				for range line + int(size.share) {
					if err := <-outcomes; err != nil {
						t.Errorf("got %v for one that waited, want nil", err)
					}
				}
				if got := count(t, w.as(t, w.a), w.driver, "amount = $1", 1+line+size.share); got != 1 {
					t.Error("changes were lost or done twice")
				}
			})
		}
	}
}
