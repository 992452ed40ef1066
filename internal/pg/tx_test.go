package pg_test

import (
	"context"
	"database/sql"
	"errors"
	"sync"
	"testing"

	"entgo.io/ent/dialect"
	"github.com/google/uuid"

	"github.com/lockstep-dev/lockstep/internal/pg"
)

func TestTransaction(t *testing.T) {
	t.Parallel()
	t.Run("commit lasts, rollback does not", func(t *testing.T) {
		t.Parallel()
		w := newWorld(t)
		ctx := w.as(t, w.a)
		tx := begin(t, ctx, w.driver)
		mustExec(t, ctx, tx, insertThing, w.a, uuid.New(), "kept")
		if n := count(t, ctx, w.driver, "name = 'kept'"); n != 0 {
			t.Errorf("outside before the commit: got %d, want 0", n)
		}
		if err := tx.Commit(); err != nil {
			t.Fatal(err)
		}
		tx = begin(t, ctx, w.driver)
		mustExec(t, ctx, tx, "delete from core.things")
		if err := tx.Rollback(); err != nil {
			t.Fatal(err)
		}
		if n := count(t, ctx, w.driver, "true"); n != 2 {
			t.Errorf("got %d things, want 2", n)
		}
	})
	t.Run("ended is ended", func(t *testing.T) {
		t.Parallel()
		w := newWorld(t)
		ctx := w.as(t, w.a)
		for _, use := range []bool{true, false} {
			tx := begin(t, ctx, w.driver)
			if use {
				count(t, ctx, tx, "true")
			}
			if err := tx.Commit(); err != nil {
				t.Fatal(err)
			}
			_, err := tryCount(ctx, tx, "true")
			for _, err := range []error{err, tx.Commit(), tx.Rollback()} {
				if !errors.Is(err, sql.ErrTxDone) {
					t.Errorf("got %v, want sql.ErrTxDone", err)
				}
			}
		}
	})
	t.Run("another scope is refused", func(t *testing.T) {
		t.Parallel()
		w := newWorld(t)
		tx := begin(t, w.as(t, w.a), w.driver)
		defer func() { _ = tx.Rollback() }()
		if _, err := tryCount(w.as(t, w.b), tx, "true"); !errors.Is(err, pg.ErrScopeChanged) {
			t.Errorf("got %v, want ErrScopeChanged", err)
		}
		if _, err := tryCount(t.Context(), tx, "true"); !errors.Is(err, pg.ErrNoScope) {
			t.Errorf("got %v, want ErrNoScope", err)
		}
	})
	t.Run("a failed one cannot be committed", func(t *testing.T) {
		t.Parallel()
		w := newWorld(t)
		ctx := w.as(t, w.a)
		for _, statements := range [][]string{{"selec 1"}, {"delete from core.things", "selec 1"}} {
			tx := begin(t, ctx, w.driver)
			for _, s := range statements {
				_, _ = exec(ctx, tx, s)
			}
			wantError(t, tx.Commit())
		}
		if n := count(t, ctx, w.driver, "true"); n != 1 {
			t.Errorf("got %d things, want 1", n)
		}
	})
	t.Run("a deferred constraint fails the commit", func(t *testing.T) {
		t.Parallel()
		w := newWorld(t)
		mustOwner(t, w.owner, "alter table core.things alter constraint things_parent_fkey deferrable initially deferred")
		ctx := w.as(t, w.a)
		const orphan = "update core.things set parent_id = $1"
		tx := begin(t, ctx, w.driver)
		mustExec(t, ctx, tx, orphan, uuid.New())
		var constraint *pg.ConstraintError
		if err := tx.Commit(); !errors.As(err, &constraint) || constraint.Kind != pg.ForeignKey {
			t.Errorf("commit: got %v, want a foreign key ConstraintError", err)
		}
		if err := w.driver.Exec(ctx, orphan, []any{uuid.New()}, nil); !errors.As(err, &constraint) {
			t.Errorf("single statement: got %v, want a foreign key ConstraintError", err)
		}
	})
	t.Run("isolation and read only", func(t *testing.T) {
		t.Parallel()
		w := newWorld(t)
		ctx := w.as(t, w.a)
		beginner, ok := w.driver.(interface {
			BeginTx(context.Context, *sql.TxOptions) (dialect.Tx, error)
		})
		if !ok {
			t.Fatal("the driver has no BeginTx as Ent's Client.BeginTx wants it")
		}
		tx, err := beginner.BeginTx(ctx, &sql.TxOptions{Isolation: sql.LevelRepeatableRead, ReadOnly: true})
		if err != nil {
			t.Fatal(err)
		}
		defer func() { _ = tx.Rollback() }()
		count(t, ctx, tx, "true")
		mustExec(t, ctx, w.driver, insertThing, w.a, uuid.New(), "later")
		if n := count(t, ctx, tx, "true"); n != 1 {
			t.Errorf("repeatable read: got %d things, want 1", n)
		}
		if _, err := exec(ctx, tx, "delete from core.things"); err == nil {
			t.Error("read only: got no error from a delete")
		}
		if _, err := beginner.BeginTx(ctx, &sql.TxOptions{Isolation: sql.LevelLinearizable}); err == nil {
			t.Error("linearizable: got no error, want one")
		}
	})
	t.Run("the end of its context rolls it back", func(t *testing.T) {
		t.Parallel()
		w := newWorld(t, func(c *pg.Config) { c.MaxConns = 1 })
		ctx, cancel := context.WithCancel(w.as(t, w.a))
		tx := begin(t, ctx, w.driver)
		mustExec(t, ctx, tx, "delete from core.things")
		cancel()
		// The pool has one connection: this waits until the rollback gives it back.
		if n := count(t, w.as(t, w.a), w.driver, "true"); n != 1 {
			t.Errorf("got %d things, want 1", n)
		}
		if err := tx.Commit(); !errors.Is(err, context.Canceled) {
			t.Errorf("commit: got %v, want context.Canceled", err)
		}
	})
	t.Run("unused takes no connection", func(t *testing.T) {
		t.Parallel()
		w := newWorld(t)
		before := w.db.Pool().Stat().AcquireCount()
		if err := begin(t, w.as(t, w.a), w.driver).Commit(); err != nil {
			t.Fatal(err)
		}
		if n := w.db.Pool().Stat().AcquireCount() - before; n != 0 {
			t.Errorf("got %d connections acquired, want 0", n)
		}
	})
	t.Run("concurrent statements queue up", func(t *testing.T) {
		t.Parallel()
		w := newWorld(t)
		ctx := w.as(t, w.a)
		tx := begin(t, ctx, w.driver)
		defer func() { _ = tx.Rollback() }()
		var wg sync.WaitGroup
		for range 8 {
			wg.Go(func() {
				if n, err := tryCount(ctx, tx, "true"); n != 1 || err != nil {
					t.Errorf("got %d things and %v, want 1", n, err)
				}
			})
		}
		wg.Wait()
	})
}
