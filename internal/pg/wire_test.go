package pg_test

import (
	"context"
	"errors"
	"testing"

	"entgo.io/ent/dialect"
	"github.com/google/uuid"

	"github.com/lockstep-dev/lockstep/internal/pg"
	"github.com/lockstep-dev/lockstep/internal/pgproxy"
)

// overWire makes a world whose pool goes through a wire.
func overWire(t *testing.T) (*world, *pgproxy.Proxy) {
	t.Helper()
	w := newWorld(t)
	wire := pgproxy.New(t, maybePooled(t, w.appURL))
	w.db = openAt(t, wire.URL)
	w.driver = w.db.Driver()
	return w, wire
}

func TestRoundTrips(t *testing.T) {
	t.Parallel()
	w, wire := overWire(t)
	ctx := w.as(t, w.a)
	transaction := func(statements int) func() {
		return func() {
			tx := begin(t, ctx, w.driver)
			for range statements {
				count(t, ctx, tx, "true")
			}
			if err := tx.Commit(); err != nil {
				t.Fatal(err)
			}
		}
	}
	cases := []struct {
		name string
		want int64
		do   func()
	}{
		{"a read", 1, func() { count(t, ctx, w.driver, "true") }},
		{"a write", 1, func() { mustExec(t, ctx, w.driver, insertThing, w.a, uuid.New(), uuid.NewString()[:8]) }},
		{"a transaction of nothing", 0, transaction(0)},
		{"a transaction of one", 2, transaction(1)},
		{"a transaction of three", 4, transaction(3)},
		{"three reads pipelined", 1, func() { pipelinedCounts(t, ctx, w, 1, 1, 1) }},
		{"two and three reads pipelined", 3, func() { pipelinedCounts(t, ctx, w, 2, 3) }},
	}
	for _, c := range cases {
		if got := wire.Counted(c.do); got != c.want {
			t.Errorf("%s: got %d round trips, want %d", c.name, got, c.want)
		}
	}
}

// pipelinedCounts runs a function for each n that counts things n times.
func pipelinedCounts(t *testing.T, ctx context.Context, w *world, ns ...int) {
	t.Helper()
	var fns []func(context.Context) error
	for _, n := range ns {
		fns = append(fns, func(ctx context.Context) error {
			for range n {
				if _, err := tryCount(ctx, w.driver, "true"); err != nil {
					return err
				}
			}
			return nil
		})
	}
	if err := w.db.Pipelined(ctx, fns...); err != nil {
		t.Fatal(err)
	}
}

// TestLostConnection breaks the connection under a statement.
func TestLostConnection(t *testing.T) {
	t.Parallel()
	insert := func(t *testing.T, w *world, on dialect.ExecQuerier) error {
		return on.Exec(w.as(t, w.a), insertThing, []any{w.a, uuid.New(), "new"}, nil)
	}
	for name, where := range map[string]int32{"before the server has it": pgproxy.BeforeServer, "after the server has it": pgproxy.AfterServer} {
		t.Run("a read is repeated "+name, func(t *testing.T) {
			t.Parallel()
			w, wire := overWire(t)
			count(t, w.as(t, w.a), w.driver, "true")
			wire.Break(where)
			if n := count(t, w.as(t, w.a), w.driver, "true"); n != 1 {
				t.Errorf("got %d things, want 1", n)
			}
		})
		t.Run("a write is not repeated "+name, func(t *testing.T) {
			t.Parallel()
			w, wire := overWire(t)
			count(t, w.as(t, w.a), w.driver, "true")
			prepareInsert(t, w)
			wire.Break(where)
			if err := insert(t, w, w.driver); !errors.Is(err, pg.ErrUnavailable) {
				t.Errorf("got %v, want ErrUnavailable", err)
			}
		})
		t.Run("the first write of a transaction is repeated "+name, func(t *testing.T) {
			t.Parallel()
			w, wire := overWire(t)
			count(t, w.as(t, w.a), w.driver, "true")
			tx := begin(t, w.as(t, w.a), w.driver)
			wire.Break(where)
			if err := insert(t, w, tx); err != nil {
				t.Fatal(err)
			}
			if err := tx.Commit(); err != nil {
				t.Fatal(err)
			}
			if n := count(t, w.as(t, w.a), w.driver, "name = 'new'"); n != 1 {
				t.Errorf("got %d rows, want 1", n)
			}
		})
		t.Run("a later one ends it "+name, func(t *testing.T) {
			t.Parallel()
			w, wire := overWire(t)
			tx := begin(t, w.as(t, w.a), w.driver)
			if err := insert(t, w, tx); err != nil {
				t.Fatal(err)
			}
			wire.Break(where)
			if _, err := tryCount(w.as(t, w.a), tx, "true"); !errors.Is(err, pg.ErrUnavailable) {
				t.Errorf("statement: got %v, want ErrUnavailable", err)
			}
			wantError(t, tx.Commit())
			if n := count(t, w.as(t, w.a), w.driver, "name = 'new'"); n != 0 {
				t.Errorf("got %d rows, want 0", n)
			}
		})
	}
}

// prepareInsert makes the next insert one round trip, so that it is the insert that is broken.
func prepareInsert(t *testing.T, w *world) {
	t.Helper()
	mustExec(t, w.as(t, w.a), w.driver, insertThing, w.a, uuid.New(), "prepared")
}
