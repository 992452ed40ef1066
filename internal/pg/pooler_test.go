package pg_test

import (
	"log/slog"
	"sync"
	"testing"

	"github.com/google/uuid"

	"github.com/lockstep-dev/lockstep/internal/dbtest"
	"github.com/lockstep-dev/lockstep/internal/pg"
)

// TestPoolerIsRecognised opens the database through a pooler that nobody has told of. Prepared statements would be on
// another server connection the next time: SQLSTATE 26000 or 42P05, some requests later.
func TestPoolerIsRecognised(t *testing.T) {
	t.Parallel()
	for name, through := range map[string]func(testing.TB, string) string{
		"that refuses a session's settings": dbtest.BehindPooler,
		"that ignores a session's settings": dbtest.BehindLenientPooler,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			said := &lines{}
			db := openAt(t, through(t, w.appURL), func(c *pg.Config) {
				c.PgBouncer, c.MaxConns = false, 8
				c.Logger = slog.New(slog.NewTextHandler(said, nil))
			})
			driver := db.Driver()
			var wg sync.WaitGroup
			for range 8 {
				wg.Go(func() {
					ctx := w.as(t, w.a)
					for range 20 {
						if _, err := exec(ctx, driver, insertThing, w.a, uuid.New(), uuid.NewString()[:10]); err != nil {
							t.Error(err)
							return
						}
						tx := begin(t, ctx, driver)
						if n, err := tryCount(ctx, tx, "name = 'same'"); n != 1 || err != nil {
							t.Errorf("got %d things and %v, want 1", n, err)
						}
						if err := tx.Commit(); err != nil {
							t.Error(err)
						}
					}
				})
			}
			wg.Wait()
			if n := count(t, w.as(t, w.a), driver, "true"); n != 161 {
				t.Errorf("got %d things, want 161", n)
			}
			var path, timeout string
			ctx := w.as(t, w.a)
			for setting, into := range map[string]*string{"search_path": &path, "statement_timeout": &timeout} {
				if err := readOne(ctx, driver, "select current_setting($1)", setting, into); err != nil {
					t.Fatal(err)
				}
			}
			if path != "core" || timeout != "15s" {
				t.Errorf("got search_path %q and statement_timeout %q, want core and 15s", path, timeout)
			}
			if !db.Pooled() || !said.contain("LOCKSTEP_DATABASE_PGBOUNCER=true") {
				t.Error("nobody was told of the pooler")
			}
		})
	}
	t.Run("Postgres itself is none", func(t *testing.T) {
		t.Parallel()
		w := newWorld(t)
		db := openAt(t, w.appURL, func(c *pg.Config) { c.PgBouncer = false })
		count(t, w.as(t, w.a), db.Driver(), "true")
		if db.Pooled() {
			t.Error("Postgres itself was taken for a pooler")
		}
	})
}
