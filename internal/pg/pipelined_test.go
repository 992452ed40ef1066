package pg_test

import (
	"context"
	"errors"
	"sync"
	"testing"

	entsql "entgo.io/ent/dialect/sql"
	"github.com/google/uuid"

	"github.com/lockstep-dev/lockstep/internal/pg"
)

func TestPipelined(t *testing.T) {
	t.Parallel()
	t.Run("each function gets its own result", func(t *testing.T) {
		t.Parallel()
		w := newWorld(t)
		got := make([]int, 20)
		var fns []func(context.Context) error
		for n := range got {
			fns = append(fns, func(ctx context.Context) error {
				// Some functions need one statement, some more, some none.
				for range n % 3 {
					var rows entsql.Rows
					if err := w.driver.Query(ctx, "select $1::int + $2::int", []any{got[n], n}, &rows); err != nil {
						return err
					}
					var err error
					if got[n], err = entsql.ScanInt(rows); err != nil {
						return err
					}
				}
				return nil
			})
		}
		if err := w.db.Pipelined(w.as(t, w.a), fns...); err != nil {
			t.Fatal(err)
		}
		for n, sum := range got {
			if want := n * (n % 3); sum != want {
				t.Errorf("function %d: got %d, want %d", n, sum, want)
			}
		}
	})
	t.Run("one tenant's rows", func(t *testing.T) {
		t.Parallel()
		w := newWorld(t)
		var n int
		err := w.db.Pipelined(w.as(t, w.a), func(ctx context.Context) (err error) {
			n, err = tryCount(ctx, w.driver, "true")
			return err
		})
		if n != 1 || err != nil {
			t.Errorf("got %d things and %v, want 1", n, err)
		}
	})
	t.Run("needs a scope and keeps it", func(t *testing.T) {
		t.Parallel()
		w := newWorld(t)
		nothing := func(context.Context) error { return nil }
		if err := w.db.Pipelined(t.Context(), nothing); !errors.Is(err, pg.ErrNoScope) {
			t.Errorf("without a scope: got %v, want ErrNoScope", err)
		}
		err := w.db.Pipelined(w.as(t, w.a), func(ctx context.Context) error {
			_, err := tryCount(pg.WithScope(ctx, pg.Scope{TenantID: w.b}), w.driver, "true")
			return err
		})
		if !errors.Is(err, pg.ErrScopeChanged) {
			t.Errorf("with another scope: got %v, want ErrScopeChanged", err)
		}
		if err := w.db.Pipelined(w.as(t, w.a)); err != nil {
			t.Errorf("no functions: got %v, want nil", err)
		}
	})
	t.Run("errors are joined", func(t *testing.T) {
		t.Parallel()
		w := newWorld(t)
		mine := errors.New("mine")
		var constraint *pg.ConstraintError
		err := w.db.Pipelined(w.as(t, w.a),
			func(context.Context) error { return mine },
			func(ctx context.Context) error {
				return w.driver.Exec(ctx, insertThing, []any{w.a, uuid.New(), "same"}, nil)
			},
		)
		if !errors.Is(err, mine) || !errors.As(err, &constraint) {
			t.Errorf("got %v, want both errors", err)
		}
		checkNoLeak(t, w)
	})
	t.Run("a panic reaches the caller", func(t *testing.T) {
		t.Parallel()
		w := newWorld(t)
		defer func() {
			if p := recover(); p != "mine" {
				t.Errorf("got panic %v, want mine", p)
			}
		}()
		_ = w.db.Pipelined(w.as(t, w.a),
			func(context.Context) error { panic("mine") },
			func(ctx context.Context) error { _, err := tryCount(ctx, w.driver, "true"); return err },
		)
		t.Error("got no panic")
	})
	t.Run("a cancelled context ends all", func(t *testing.T) {
		t.Parallel()
		w := newWorld(t)
		ctx, cancel := context.WithCancel(w.as(t, w.a))
		cancel()
		read := func(ctx context.Context) error { _, err := tryCount(ctx, w.driver, "true"); return err }
		if err := w.db.Pipelined(ctx, read, read); !errors.Is(err, context.Canceled) {
			t.Errorf("got %v, want context.Canceled", err)
		}
	})
	t.Run("statements beyond the first of a function go alone", func(t *testing.T) {
		t.Parallel()
		w := newWorld(t)
		err := w.db.Pipelined(w.as(t, w.a), func(ctx context.Context) error {
			var wg sync.WaitGroup
			errs := make([]error, 6)
			for n := range errs {
				wg.Go(func() { _, errs[n] = tryCount(ctx, w.driver, "true") })
			}
			wg.Wait()
			return errors.Join(errs...)
		}, func(ctx context.Context) error { _, err := tryCount(ctx, w.driver, "true"); return err })
		if err != nil {
			t.Error(err)
		}
	})
}
