package pg_test

import (
	"context"
	"errors"
	"testing"

	"github.com/google/uuid"

	"github.com/lockstep-dev/lockstep/internal/pg"
)

// TestAfterCommitIsCalledBeforeTheCommitReturns counts the calls of each way a transaction ends. Nobody may be answered by what
// was kept from before a change once the change is committed, so a call that comes later is too late.
func TestAfterCommitIsCalledBeforeTheCommitReturns(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	calls := 0
	ctx := pg.WithAfterCommit(w.as(t, w.a), func() { calls++ })
	expect := func(when string, want bool) {
		t.Helper()
		if called := calls > 0; called != want {
			t.Errorf("%s: got called %t, want %t", when, called, want)
		}
		calls = 0
	}
	insert := func(name string) []any { return []any{w.a, uuid.New(), name} }

	tx := begin(t, ctx, w.driver)
	mustExec(t, ctx, tx, insertThing, insert("one")...)
	mustExec(t, w.as(t, w.a), tx, "delete from core.things where name = 'one'")
	expect("before the commit", false)
	if err := tx.Commit(); err != nil {
		t.Fatal(err)
	}
	expect("committed", true)

	tx = begin(t, ctx, w.driver)
	mustExec(t, ctx, tx, insertThing, insert("one")...)
	if err := tx.Rollback(); err != nil {
		t.Fatal(err)
	}
	expect("rolled back", false)

	// A transaction of which no statement has asked for it.
	tx = begin(t, ctx, w.driver)
	mustExec(t, w.as(t, w.a), tx, insertThing, insert("one")...)
	if err := tx.Commit(); err != nil {
		t.Fatal(err)
	}
	expect("another's statements", false)

	// A COMMIT that fails may have happened: the answer to it can get lost.
	tx = begin(t, ctx, w.driver)
	mustExec(t, ctx, tx, insertThing, insert("two")...)
	wantError(t, tx.Exec(ctx, "selec 1", []any{}, nil))
	wantError(t, tx.Commit())
	expect("failed", true)

	mustExec(t, ctx, w.driver, insertThing, insert("three")...)
	expect("a statement by itself", true)
	if err := w.db.Pipelined(ctx, func(ctx context.Context) error {
		_, err := tryCount(ctx, w.driver, "true")
		return err
	}); err != nil {
		t.Fatal(err)
	}
	expect("in a pipeline", true)
}

func TestAStatementThatRequiresATransactionRunsInOne(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	ctx := pg.RequireTransaction(w.as(t, w.a))
	if _, err := tryCount(ctx, w.driver, "true"); !errors.Is(err, pg.ErrNoTransaction) {
		t.Errorf("by itself: got %v, want ErrNoTransaction", err)
	}
	if err := w.db.Pipelined(ctx, func(ctx context.Context) error {
		_, err := tryCount(ctx, w.driver, "true")
		return err
	}); !errors.Is(err, pg.ErrNoTransaction) {
		t.Errorf("in a pipeline: got %v, want ErrNoTransaction", err)
	}
	tx := begin(t, ctx, w.driver)
	count(t, ctx, tx, "true")
	if err := tx.Commit(); err != nil {
		t.Fatal(err)
	}
}
