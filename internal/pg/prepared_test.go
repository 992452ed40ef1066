package pg_test

import (
	"context"
	"errors"
	"fmt"
	"testing"

	"github.com/google/uuid"

	"github.com/lockstep-dev/lockstep/internal/pg"
)

// TestStatementsArePreparedOnce counts what the pool's only connection has prepared.
func TestStatementsArePreparedOnce(t *testing.T) {
	t.Parallel()
	w, wire := overWire(t)
	w.db = openAt(t, wire.URL, func(c *pg.Config) { c.MaxConns = 1 })
	w.driver = w.db.Driver()
	ctx := w.as(t, w.a)
	prepared := func() int {
		t.Helper()
		var n int
		if err := readOne(ctx, w.driver, "select count(*) from pg_prepared_statements where name like 'lockstep%' and $1 > 0", 1, &n); err != nil {
			t.Fatal(err)
		}
		return n
	}
	const before = 2 // the scope, and the statement that counts
	if n := prepared(); n != before {
		t.Fatalf("got %d prepared, want %d", n, before)
	}
	insert := func() error {
		_, err := exec(ctx, w.driver, insertThing, w.a, w.thingA, "twice")
		return err
	}
	var constraint *pg.ConstraintError
	if err := insert(); !errors.As(err, &constraint) {
		t.Fatalf("got %v, want a constraint", err)
	}
	// What has failed for its values is as good as it was, and so is the rest of its round trip.
	if n := wire.Counted(func() { _ = insert() }); n != 1 {
		t.Errorf("a statement after it has failed: got %d round trips, want 1", n)
	}
	if n := prepared(); n != before+1 {
		t.Errorf("after two failures: got %d prepared, want %d", n, before+1)
	}
	for range 2 { // one that cannot be prepared takes nothing with it
		if _, err := exec(ctx, w.driver, "update core.nothing set id = $1", w.a); err == nil {
			t.Error("a table that does not exist: got no error")
		}
	}
	same := func(ctx context.Context) error {
		_, err := tryCount(ctx, w.driver, "true")
		return err
	}
	if err := w.db.Pipelined(ctx, same, same, same); err != nil {
		t.Errorf("the same statement three times: %v", err)
	}
	if n := prepared(); n != before+2 {
		t.Errorf("got %d prepared, want %d", n, before+2)
	}
}

// TestPreparedStatementsAreBounded sends more statements than a connection keeps, and those again that it has given up.
func TestPreparedStatementsAreBounded(t *testing.T) {
	t.Parallel()
	w := newWorld(t, func(c *pg.Config) { c.MaxConns = 1 })
	ctx := w.as(t, w.a)
	const kept = 512
	for round := range 2 {
		for n := range kept + 20 {
			var got int
			if err := readOne(ctx, w.driver, fmt.Sprintf("select %d + $1::int", n), round, &got); err != nil || got != n+round {
				t.Fatalf("got %d and %v, want %d", got, err, n+round)
			}
		}
	}
	var n int
	if err := readOne(ctx, w.driver, "select count(*) from pg_prepared_statements where $1 > 0", 1, &n); err != nil {
		t.Fatal(err)
	}
	if n < kept || n > kept+2 { // those given up last go with the next that is prepared
		t.Errorf("got %d prepared, want %d", n, kept)
	}
}

// TestStatementsArePreparedAnew has the server lose what is prepared, as a pooler does, and change what an argument is.
func TestStatementsArePreparedAnew(t *testing.T) {
	t.Parallel()
	w := newWorld(t, func(c *pg.Config) { c.MaxConns = 1 })
	ctx := w.as(t, w.a)
	mustExec(t, ctx, w.driver, insertThing, w.a, uuid.New(), "first")
	mustExec(t, ctx, w.driver, "deallocate all")
	mustExec(t, ctx, w.driver, insertThing, w.a, uuid.New(), "second")

	const name = "update core.things set name = $1 where id = $2"
	mustExec(t, ctx, w.driver, name, "third", w.thingA)
	mustOwner(t, w.owner, "alter table core.things alter name type bigint using hashtext(name)")
	// As prepared, the argument is a text, which no number is: the statement fails once and is good again.
	if _, err := exec(ctx, w.driver, name, int64(4), w.thingA); err == nil {
		t.Error("bound as a text: got no error")
	}
	mustExec(t, ctx, w.driver, name, int64(4), w.thingA)
}
