package retention

import (
	"context"
	"errors"
	"log/slog"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/lockstep-dev/lockstep/internal/dbtest"
	"github.com/lockstep-dev/lockstep/internal/pg"
)

// servers are workers of several processes on one database, and the owner's connection to it.
func servers(t *testing.T, count int) (workers []*Worker, owner *pgx.Conn) {
	t.Helper()
	database := dbtest.New(t)
	owner, err := pgx.Connect(t.Context(), database.OwnerURL)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = owner.Close(context.Background()) })
	for range count {
		db, err := pg.Open(t.Context(), pg.Config{URL: database.AppURL, MaxConns: 2})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(db.Close)
		workers = append(workers, New(Options{Driver: db.Driver(), Logger: slog.New(slog.NewTextHandler(t.Output(), nil))}))
	}
	return workers, owner
}

func exec(t *testing.T, owner *pgx.Conn, sql string) {
	t.Helper()
	if _, err := owner.Exec(t.Context(), sql); err != nil {
		t.Fatalf("%s: %v", sql, err)
	}
}

// TestOneServerAtATimeDoesATask follows a task through the hands of two servers: the one that has it, the one that takes it over when
// the first is not heard of, and the first again, which learns of that.
func TestOneServerAtATimeDoesATask(t *testing.T) {
	t.Parallel()
	workers, owner := servers(t, 2)
	did := 0
	work := func(context.Context, *task) error { did++; return nil }
	attempt := func(w *Worker, urgent bool, want int) {
		t.Helper()
		if err := w.do(t.Context(), taskExpired, urgent, work); err != nil {
			t.Fatal(err)
		}
		if did != want {
			t.Fatalf("got the work done %d times, want %d", did, want)
		}
	}
	err := workers[0].do(t.Context(), taskExpired, false, func(ctx context.Context, held *task) error {
		attempt(workers[1], false, 0) // another has it
		if err := held.keep(ctx); err != nil {
			t.Errorf("a server that was heard of just now: %v", err)
		}
		exec(t, owner, `UPDATE core.platform_tasks SET due_at = now()`) // the lease is over
		attempt(workers[1], false, 1)
		held.renewed = time.Time{}
		return held.keep(ctx)
	})
	if !errors.Is(err, errLost) {
		t.Errorf("who has lost the task: got %v, want errLost", err)
	}
	attempt(workers[0], false, 1) // it was done a moment ago
	attempt(workers[0], true, 2)  // and is urgent
	exec(t, owner, `UPDATE core.platform_tasks SET due_at = now()`)
	attempt(workers[0], false, 3)
}

// TestAFailedTaskIsTriedAgainAndCounts has a task fail: it is not done, however often it is begun, until it succeeds.
func TestAFailedTaskIsTriedAgainAndCounts(t *testing.T) {
	t.Parallel()
	workers, owner := servers(t, 2)
	late := func() time.Duration {
		t.Helper()
		found, err := workers[1].Lateness(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		return found.Expired
	}
	if got := late(); got != 0 {
		t.Errorf("before anything was begun: got %s", got)
	}
	failure := errors.New("no")
	fail := func(context.Context, *task) error { return failure }
	if err := workers[0].do(t.Context(), taskExpired, false, fail); !errors.Is(err, failure) {
		t.Errorf("got %v, want the failure", err)
	}
	exec(t, owner, `UPDATE core.platform_tasks SET due_at = now(), done_at = now() - interval '1 hour'`)
	if err := workers[1].do(t.Context(), taskExpired, false, fail); !errors.Is(err, failure) {
		t.Errorf("got %v, want the failure", err)
	}
	if got := late(); got < time.Hour {
		t.Errorf("after two failures: got %s since it was done, want an hour", got)
	}
	exec(t, owner, `UPDATE core.platform_tasks SET due_at = now()`)
	if err := workers[0].do(t.Context(), taskExpired, false, workers[0].expire); err != nil {
		t.Error(err)
	}
	if got := late(); got > time.Minute {
		t.Errorf("after it was done: got %s", got)
	}
}

// TestAFailingTenantKeepsNobodyFromTheirTurn breaks the rows of some tenants: the others are cleaned all the same, and a sweep that is
// given up goes on behind them.
func TestAFailingTenantKeepsNobodyFromTheirTurn(t *testing.T) {
	t.Parallel()
	workers, owner := servers(t, 1)
	w := workers[0]
	w.options.Expiring = []Table{{Name: "idempotency_keys", Column: "created_at", After: time.Hour, TenantOwned: true}}
	exec(t, owner, `INSERT INTO core.tenants (id, name, slug, created_at, updated_at)
		SELECT ('00000000-0000-7000-8000-' || lpad(n::text, 12, '0'))::uuid, 'T', 't' || n, now(), now() FROM generate_series(10, 30) n`)
	exec(t, owner, `INSERT INTO core.idempotency_keys (tenant_id, id, scope, key, request, created_at)
		SELECT id, gen_random_uuid(), 's', 'k', 'r', now() - interval '2 hours' FROM core.tenants`)
	// Six of the tenants, more than a sweep bears.
	exec(t, owner, `CREATE FUNCTION fail() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'broken'; END $$`)
	exec(t, owner, `CREATE TRIGGER fail BEFORE DELETE ON core.idempotency_keys FOR EACH ROW
		WHEN (right(OLD.tenant_id::text, 2)::int BETWEEN 12 AND 17) EXECUTE FUNCTION fail()`)
	for range 2 {
		if err := w.expire(t.Context(), nil); err == nil {
			t.Error("got no error from a sweep that has failed for tenants")
		}
	}
	var left int
	if err := owner.QueryRow(t.Context(), `SELECT count(*) FROM core.idempotency_keys`).Scan(&left); err != nil {
		t.Fatal(err)
	}
	if left != 6 {
		t.Errorf("got keys of %d tenants left, want those of the 6 that fail", left)
	}
}

// TestRunDoesWhatIsDue runs a worker as a server does: it removes what has expired without being asked, and finishes a deletion as soon
// as it is woken.
func TestRunDoesWhatIsDue(t *testing.T) {
	t.Parallel()
	workers, owner := servers(t, 1)
	w := workers[0]
	removed := make(chan string, 10)
	w.options.Meter = meterFunc(func(table string, _ int) { removed <- table })
	w.options.Expiring = []Table{{Name: "platform_idempotency_keys", Column: "created_at", After: time.Hour}}
	w.options.OfTenants = []Owned{{Table: "idempotency_keys", Name: "idempotencyKeys"}}
	exec(t, owner, `INSERT INTO core.platform_idempotency_keys (id, scope, key, request, created_at) VALUES (gen_random_uuid(), 's', 'k', 'r', now() - interval '2 hours')`)
	ctx, stop := context.WithCancel(t.Context())
	done := make(chan struct{})
	go func() { defer close(done); w.Run(ctx) }()
	if got := <-removed; got != "platform_idempotency_keys" {
		t.Errorf("got a row of %s removed", got)
	}
	exec(t, owner, `INSERT INTO core.tenants (id, name, slug, created_at, updated_at, deleting_since) VALUES ('00000000-0000-7000-8000-000000000001', 'T', 'tt', now(), now(), now())`)
	exec(t, owner, `INSERT INTO core.idempotency_keys (tenant_id, id, scope, key, request, created_at) SELECT id, gen_random_uuid(), 's', 'k', 'r', now() FROM core.tenants`)
	w.Wake()
	if got := <-removed; got != "idempotency_keys" {
		t.Errorf("got a row of %s removed", got)
	}
	stop()
	<-done
}

type meterFunc func(table string, rows int)

func (f meterFunc) RowsRemoved(table string, rows int) { f(table, rows) }
