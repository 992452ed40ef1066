package pg_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/lockstep-dev/lockstep/internal/pg"
)

// TestIdleConnectionThatBrokeIsReplaced has the server hang up on the pool's only connection. A write on it could not be
// repeated, as nobody knows whether it was done: it must not be sent there.
func TestIdleConnectionThatBrokeIsReplaced(t *testing.T) {
	t.Parallel()
	w := newWorld(t, func(c *pg.Config) { c.MaxConns = 1 })
	ctx := w.as(t, w.a)
	before := backend(t, w)
	used := time.Now()
	if _, err := connect(t, w.appURL).Exec(t.Context(), "select pg_terminate_backend($1, 10000)", before); err != nil {
		t.Fatal(err)
	}
	for time.Since(used) < 50*time.Millisecond { // a connection used a moment ago is trusted
		time.Sleep(time.Millisecond)
	}
	mustExec(t, ctx, w.driver, "update core.things set amount = amount + 1")
	if after := backend(t, w); after == before {
		t.Error("got the connection that the server has ended")
	}
}

// TestQueueIsBounded takes the only connection and has statements of its tenant queue up behind it: half of the places are
// theirs, the others', and what has no scope has a place of its own.
func TestQueueIsBounded(t *testing.T) {
	t.Parallel()
	w := newWorld(t, func(c *pg.Config) { c.MaxConns, c.MaxWaiting, c.MaxWait = 1, 4, time.Hour })
	ctx := w.as(t, w.a)
	tx := begin(t, ctx, w.driver)
	mustExec(t, ctx, tx, "update core.things set amount = 1")
	const all, line = 10, 2
	queue := func(ctx context.Context, n int, outcomes chan<- error) {
		for range n {
			go func() {
				_, err := exec(ctx, w.driver, "update core.things set amount = 2")
				outcomes <- err
			}()
		}
	}
	ours, theirs := make(chan error, all), make(chan error, all)
	queue(ctx, all, ours)
	for range all - line {
		if err := <-ours; !errors.Is(err, pg.ErrShare) {
			t.Errorf("got %v, want ErrShare", err)
		}
	}
	queue(w.as(t, w.b), all, theirs)
	for range all - line {
		if err := <-theirs; !errors.Is(err, pg.ErrBusy) {
			t.Errorf("another tenant: got %v, want ErrBusy for those beyond its own places", err)
		}
	}
	if _, err := exec(w.as(t, uuid.New()), w.driver, "update core.things set amount = 2"); !errors.Is(err, pg.ErrBusy) || errors.Is(err, pg.ErrShare) {
		t.Errorf("a third tenant, whose share is free and the queue is not: got %v, want ErrBusy", err)
	}
	queued := make(chan error, 1)
	go func() { queued <- w.db.CheckRole(t.Context()) }()
	for w.db.Stats().Waiting < 2*line+1 {
		time.Sleep(time.Millisecond)
	}
	if stats := w.db.Stats(); stats.Shed != 2*(all-line)+1 || stats.ShareShed != 2*(all-line) {
		t.Errorf("got %d refused, %d by their share; want %d and %d", stats.Shed, stats.ShareShed, 2*(all-line)+1, 2*(all-line))
	}
	if err := tx.Commit(); err != nil {
		t.Fatal(err)
	}
	for range line {
		if err := <-ours; err != nil {
			t.Errorf("got %v for one that waited, want nil", err)
		}
		if err := <-theirs; err != nil {
			t.Errorf("got %v for another tenant's that waited, want nil", err)
		}
	}
	if err := <-queued; err != nil {
		t.Errorf("what has no scope: got %v, want it to wait in a place of its own", err)
	}
	mustExec(t, ctx, w.driver, "update core.things set amount = 3") // the places are free again
}

func TestWaitIsBounded(t *testing.T) {
	t.Parallel()
	w := newWorld(t, func(c *pg.Config) { c.MaxConns, c.MaxWait = 1, 20*time.Millisecond })
	ctx := w.as(t, w.a)
	tx := begin(t, ctx, w.driver)
	mustExec(t, ctx, tx, "update core.things set amount = 1")
	if _, err := exec(ctx, w.driver, "update core.things set amount = 2"); !errors.Is(err, pg.ErrBusy) {
		t.Errorf("got %v, want ErrBusy", err)
	}
	shed := w.db.Stats().Shed
	short, cancel := context.WithTimeout(ctx, time.Millisecond)
	defer cancel()
	if err := w.db.CheckRole(short); !errors.Is(err, pg.ErrBusy) {
		t.Errorf("a deadline before the wait's end: got %v, want ErrBusy", err)
	}
	if got := w.db.Stats().Shed; got != shed {
		t.Errorf("got %d statements of requests that were refused, want %d: a check is none", got, shed)
	}
	gone, cancel := context.WithCancel(ctx)
	cancel()
	if _, err := exec(gone, w.driver, "update core.things set amount = 2"); !errors.Is(err, context.Canceled) {
		t.Errorf("a caller who has gone: got %v, want its own end", err)
	}
	if err := tx.Rollback(); err != nil {
		t.Fatal(err)
	}
	mustExec(t, ctx, w.driver, "update core.things set amount = 3")
}
