package pg_test

import (
	"context"
	"database/sql"
	"errors"
	"testing"

	"entgo.io/ent/dialect"
	"github.com/google/uuid"
	"github.com/jackc/pgx/v5/pgconn"

	"github.com/lockstep-dev/lockstep/internal/pg"
)

// TestDeadlockIsRepeated makes a single statement the victim of a deadlock: it waits first, so it looks
// for the deadlock first. On a busy machine the other one may be found out instead: then it is tried again.
func TestDeadlockIsRepeated(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	mustOwner(t, w.owner, `create function core.raise_both(one uuid, two uuid) returns void language plpgsql as $$
		begin
			update core.things set amount = 5 where id = one;
			update core.things set amount = 5 where id = two;
		end $$`)
	ctx, other := w.as(t, w.a), uuid.New()
	mustExec(t, ctx, w.driver, insertThing, w.a, other, "other")

	const lock = "select 1 from core.things where id = $1 for update"
	deadlock := func() error {
		mustOwner(t, w.owner, "begin")
		mustOwner(t, w.owner, lock, w.thingA)
		done := make(chan error, 1)
		go func() { done <- w.driver.Exec(ctx, "select core.raise_both($1, $2)", []any{other, w.thingA}, nil) }()
		waitForLock(t, w)
		_, err := w.owner.Exec(t.Context(), lock, other)
		mustOwner(t, w.owner, "rollback")
		if err := <-done; err != nil {
			t.Errorf("got %v, want nil", err)
		}
		return err
	}
	err := deadlock()
	for tries := 1; err != nil; tries++ {
		if pgErr := new(pgconn.PgError); tries == 20 || !errors.As(err, &pgErr) || pgErr.Code != "40P01" {
			t.Fatalf("lock as owner: %v", err)
		}
		err = deadlock()
	}
	if n := count(t, ctx, w.driver, "amount = 5"); n != 2 {
		t.Errorf("got %d changed rows, want 2", n)
	}
}

// waitForLock returns once a statement of core_app waits for a lock.
func waitForLock(t *testing.T, w *world) {
	t.Helper()
	watcher := connect(t, w.owner.Config().ConnString())
	eventually(t, "a statement waits for the lock", func() (waiting bool) {
		err := watcher.QueryRow(t.Context(), `select exists (select from pg_locks l join pg_stat_activity a using (pid)
			where not l.granted and a.datname = current_database())`).Scan(&waiting)
		if err != nil {
			t.Fatalf("wait for the lock: %v", err)
		}
		return waiting
	})
}

func TestSerializationFailureOfATransactionIsTheCallers(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	ctx := w.as(t, w.a)
	beginner, ok := w.driver.(interface {
		BeginTx(context.Context, *sql.TxOptions) (dialect.Tx, error)
	})
	if !ok {
		t.Fatal("the driver has no BeginTx")
	}
	tx, err := beginner.BeginTx(ctx, &sql.TxOptions{Isolation: sql.LevelRepeatableRead})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = tx.Rollback() }()
	count(t, ctx, tx, "true")
	mustExec(t, ctx, w.driver, "update core.things set amount = 2")
	if _, err := exec(ctx, tx, "update core.things set amount = 3"); !errors.Is(err, pg.ErrSerialization) {
		t.Errorf("got %v, want ErrSerialization", err)
	}
}

// TestMigrationUnderTheServer changes the type of a column whose query is prepared. Without the repetition
// it answers "cached plan must not change result type" (SQLSTATE 0A000) once per connection.
func TestMigrationUnderTheServer(t *testing.T) {
	t.Parallel()
	w := newWorld(t, func(c *pg.Config) { c.MaxConns = 1 })
	ctx := w.as(t, w.a)
	read := func(on dialect.ExecQuerier) string {
		var name string
		if err := readOne(ctx, on, "select name from core.things where id = $1", w.thingA, &name); err != nil {
			t.Errorf("read: %v", err)
		}
		return name
	}
	read(w.driver)
	mustOwner(t, w.owner, "alter table core.things alter column name type text")
	if name := read(w.driver); name != "same" {
		t.Errorf("statement: got %q, want same", name)
	}
	mustOwner(t, w.owner, "alter table core.things alter column name type varchar(10)")
	tx := begin(t, ctx, w.driver)
	defer func() { _ = tx.Rollback() }()
	if name := read(tx); name != "same" {
		t.Errorf("transaction: got %q, want same", name)
	}
}
