package pg_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"entgo.io/ent/dialect"
	entsql "entgo.io/ent/dialect/sql"
	"github.com/google/uuid"

	"github.com/lockstep-dev/lockstep/internal/dbtest"
	"github.com/lockstep-dev/lockstep/internal/pg"
)

func TestWithoutScopeNothingIsSent(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	contexts := map[string]context.Context{
		"none":  t.Context(),
		"empty": pg.WithScope(t.Context(), pg.Scope{}),
	}
	for name, ctx := range contexts {
		t.Run(name, func(t *testing.T) {
			var rows entsql.Rows
			if err := w.driver.Query(ctx, "select 1", []any{}, &rows); !errors.Is(err, pg.ErrNoScope) {
				t.Errorf("Query: got %v, want ErrNoScope", err)
			}
			if err := w.driver.Exec(ctx, "delete from core.things", []any{}, nil); !errors.Is(err, pg.ErrNoScope) {
				t.Errorf("Exec: got %v, want ErrNoScope", err)
			}
			if _, err := w.driver.Tx(ctx); !errors.Is(err, pg.ErrNoScope) {
				t.Errorf("Tx: got %v, want ErrNoScope", err)
			}
			if n := w.db.Pool().Stat().AcquireCount(); n != 0 {
				t.Errorf("got %d connections acquired, want 0", n)
			}
		})
	}
}

// TestOtherTenantIsUnreachable asks without any tenant_id in the statement: only the database holds the
// wall here.
func TestOtherTenantIsUnreachable(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	begin := func(t *testing.T) dialect.ExecQuerier {
		tx, err := w.driver.Tx(w.as(t, w.a))
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = tx.Rollback() })
		return tx
	}
	ways := map[string]func(t *testing.T) dialect.ExecQuerier{
		"statement":   func(*testing.T) dialect.ExecQuerier { return w.driver },
		"transaction": begin,
	}
	for name, on := range ways {
		t.Run("read in a "+name, func(t *testing.T) {
			t.Parallel()
			d, ctx := on(t), w.as(t, w.a)
			if n := count(t, ctx, d, "true"); n != 1 {
				t.Errorf("all things: got %d, want own 1", n)
			}
			if n := count(t, ctx, d, "id = $1", w.thingB); n != 0 {
				t.Errorf("by foreign id: got %d, want 0", n)
			}
			if n := count(t, ctx, d, "tenant_id = $1", w.b); n != 0 {
				t.Errorf("by foreign tenant: got %d, want 0", n)
			}
		})
		t.Run("write in a "+name, func(t *testing.T) {
			t.Parallel()
			d, ctx := on(t), w.as(t, w.a)
			for _, q := range []string{"update core.things set name = 'x' where id = $1", "delete from core.things where id = $1"} {
				if n, err := exec(ctx, d, q, w.thingB); n != 0 || err != nil {
					t.Errorf("%s: got %d rows and %v, want 0", q, n, err)
				}
			}
		})
		t.Run("insert in a "+name, func(t *testing.T) {
			t.Parallel()
			if _, err := exec(w.as(t, w.a), on(t), insertThing, w.b, uuid.New(), "new"); !errors.Is(err, pg.ErrRowSecurity) {
				t.Errorf("insert for another tenant: got %v, want ErrRowSecurity", err)
			}
		})
		t.Run("move in a "+name, func(t *testing.T) {
			t.Parallel()
			if _, err := exec(w.as(t, w.a), on(t), "update core.things set tenant_id = $1", w.b); !errors.Is(err, pg.ErrRowSecurity) {
				t.Errorf("move to another tenant: got %v, want ErrRowSecurity", err)
			}
		})
	}
}

func TestPlatformScope(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	tenants := func(t *testing.T, s pg.Scope) (n int) {
		var rows entsql.Rows
		if err := w.driver.Query(pg.WithScope(t.Context(), s), "select count(*) from core.tenants", []any{}, &rows); err != nil {
			t.Fatal(err)
		}
		n, err := entsql.ScanInt(rows)
		if err != nil {
			t.Fatal(err)
		}
		return n
	}
	if n := tenants(t, pg.Scope{Platform: true}); n != 2 {
		t.Errorf("tenants seen by the platform: got %d, want 2", n)
	}
	if n := tenants(t, pg.Scope{TenantID: w.a}); n != 1 {
		t.Errorf("tenants seen by a tenant: got %d, want 1", n)
	}
	if n := count(t, pg.WithScope(t.Context(), pg.Scope{Platform: true}), w.driver, "true"); n != 0 {
		t.Errorf("things seen by the platform: got %d, want 0", n)
	}
}

// TestScopeDoesNotLeak looks at the one connection of the pool after each way a statement or transaction
// of tenant A can end.
func TestScopeDoesNotLeak(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	endings := map[string]func(t *testing.T, w *world, ctx context.Context){
		"a read": func(t *testing.T, w *world, ctx context.Context) { count(t, ctx, w.driver, "true") },
		"a write": func(t *testing.T, w *world, ctx context.Context) {
			mustExec(t, ctx, w.driver, insertThing, w.a, uuid.New(), uuid.NewString()[:8])
		},
		"a rejected row": func(t *testing.T, w *world, ctx context.Context) {
			wantError(t, w.driver.Exec(ctx, insertThing, []any{w.a, uuid.New(), "same"}, nil))
		},
		"a syntax error": func(t *testing.T, w *world, ctx context.Context) {
			wantError(t, w.driver.Exec(ctx, "selec 1", []any{}, nil))
		},
		"an argument that cannot be encoded": func(t *testing.T, w *world, ctx context.Context) {
			wantError(t, w.driver.Exec(ctx, "select $1::int", []any{struct{}{}}, nil))
		},
		"rows nobody closes": func(t *testing.T, w *world, ctx context.Context) {
			if err := w.driver.Query(ctx, "select generate_series(1, 1000)", []any{}, &entsql.Rows{}); err != nil {
				t.Fatal(err)
			}
		},
		"a cancelled statement": func(t *testing.T, w *world, ctx context.Context) {
			ctx, cancel := context.WithTimeout(ctx, 30*time.Millisecond)
			defer cancel()
			wantError(t, w.driver.Exec(ctx, "select pg_sleep(10)", []any{}, nil))
		},
		"a statement of the platform": func(t *testing.T, w *world, ctx context.Context) {
			ctx = pg.WithScope(ctx, pg.Scope{TenantID: w.a, Platform: true})
			mustExec(t, ctx, w.driver, "update core.tenants set name = 'seen'")
		},
		"a commit": func(t *testing.T, w *world, ctx context.Context) {
			tx := begin(t, ctx, w.driver)
			count(t, ctx, tx, "true")
			if err := tx.Commit(); err != nil {
				t.Fatal(err)
			}
		},
		"a rollback": func(t *testing.T, w *world, ctx context.Context) {
			tx := begin(t, ctx, w.driver)
			count(t, ctx, tx, "true")
			if err := tx.Rollback(); err != nil {
				t.Fatal(err)
			}
		},
		"a failed transaction": func(t *testing.T, w *world, ctx context.Context) {
			tx := begin(t, ctx, w.driver)
			count(t, ctx, tx, "true")
			wantError(t, tx.Exec(ctx, "selec 1", []any{}, nil))
			if err := tx.Rollback(); err != nil {
				t.Fatal(err)
			}
		},
		"a transaction cancelled in a statement": func(t *testing.T, w *world, ctx context.Context) {
			tx := begin(t, ctx, w.driver)
			count(t, ctx, tx, "true")
			short, cancel := context.WithTimeout(ctx, 30*time.Millisecond)
			defer cancel()
			wantError(t, tx.Exec(short, "select pg_sleep(10)", []any{}, nil))
			_ = tx.Rollback()
		},
		"a transaction forgotten": func(t *testing.T, w *world, ctx context.Context) {
			ctx, cancel := context.WithCancel(ctx)
			tx := begin(t, ctx, w.driver)
			count(t, ctx, tx, "true")
			cancel()
		},
	}
	for name, end := range endings {
		for mode, option := range map[string]func(*pg.Config){
			"":               func(*pg.Config) {},
			" for PgBouncer": func(c *pg.Config) { c.PgBouncer = true },
		} {
			t.Run(name+mode, func(t *testing.T) {
				t.Parallel()
				own := *w
				own.db = open(t, w.appURL, option, func(c *pg.Config) { c.MaxConns = 1 })
				own.driver = own.db.Driver()
				end(t, &own, own.as(t, w.a))
				checkNoLeak(t, &own)
			})
		}
	}
}

// TestLeakIsNoticed plants the leak that the test above is there for.
func TestLeakIsNoticed(t *testing.T) {
	t.Parallel()
	w := newWorld(t, func(c *pg.Config) { c.MaxConns = 1 })
	if _, err := w.db.Pool().Exec(t.Context(), "select set_config('app.tenant_id', $1, false)", w.a.String()); err != nil {
		t.Fatal(err)
	}
	if leaked := leakedTenant(t, w); leaked != w.a.String() {
		t.Errorf("got %q, want the planted tenant", leaked)
	}
}

func checkNoLeak(t *testing.T, w *world) {
	t.Helper()
	if leaked := leakedTenant(t, w); leaked != "" {
		t.Errorf("the next user of the connection has app.tenant_id %q, want none", leaked)
	}
	var n int
	if err := w.db.Pool().QueryRow(t.Context(), "select count(*) from core.things").Scan(&n); err != nil || n != 0 {
		t.Errorf("the next user without a scope: got %d things and %v, want 0", n, err)
	}
	if n, err := exec(w.as(t, w.b), w.driver, "update core.tenants set name = 'changed'"); n != 1 || err != nil {
		t.Errorf("the next tenant: got %d tenants and %v, want its own 1", n, err)
	}
	if n := count(t, w.as(t, w.b), w.driver, "tenant_id = $1", w.a); n != 0 {
		t.Errorf("the next tenant: got %d things of the last one, want 0", n)
	}
	if n := count(t, w.as(t, w.b), w.driver, "true"); n != 1 {
		t.Errorf("the next tenant: got %d own things, want 1", n)
	}
}

func leakedTenant(t *testing.T, w *world) string {
	t.Helper()
	var leaked string
	err := w.db.Pool().QueryRow(t.Context(), "select coalesce(current_setting('app.tenant_id', true), '')").Scan(&leaked)
	if err != nil {
		t.Fatal(err)
	}
	return leaked
}

func TestRoleThatBypassesRowSecurityIsRefused(t *testing.T) {
	t.Parallel()
	empty := dbtest.Empty(t)
	var role *pg.RoleError
	db := open(t, empty.OwnerURL)
	if err := db.CheckRole(t.Context()); !errors.As(err, &role) || !role.BypassRLS {
		t.Errorf("owner: got %v, want a RoleError", err)
	}
	ctx := pg.WithScope(t.Context(), pg.Scope{TenantID: uuid.New()})
	if err := db.Driver().Exec(ctx, "select 1", []any{}, nil); !errors.As(err, &role) {
		t.Errorf("statement as owner: got %v, want a RoleError", err)
	}
	if err := open(t, empty.AppURL).CheckRole(t.Context()); err != nil {
		t.Errorf("core_app: got %v, want nil", err)
	}
}

func begin(t *testing.T, ctx context.Context, d dialect.Driver) dialect.Tx {
	t.Helper()
	tx, err := d.Tx(ctx)
	if err != nil {
		t.Fatalf("begin: %v", err)
	}
	return tx
}

func wantError(t *testing.T, err error) {
	t.Helper()
	if err == nil {
		t.Fatal("got no error, want one")
	}
}
