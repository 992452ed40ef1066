package api_test

import (
	"context"
	"fmt"
	"log/slog"
	"sync"
	"testing"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"github.com/lockstep-dev/lockstep/internal/api"
	"github.com/lockstep-dev/lockstep/internal/pg"
	"github.com/lockstep-dev/lockstep/internal/retention"
)

// batches keeps how many rows were removed at a time, and may do more then.
type batches struct {
	mu    sync.Mutex
	rows  map[string][]int
	after func(table string)
}

func (b *batches) RowsRemoved(table string, rows int) {
	b.mu.Lock()
	if b.rows == nil {
		b.rows = map[string][]int{}
	}
	b.rows[table] = append(b.rows[table], rows)
	after := b.after
	b.mu.Unlock()
	if after != nil {
		after(table)
	}
}

func (b *batches) check(t *testing.T, table string, want int) {
	t.Helper()
	total := 0
	for _, n := range b.rows[table] {
		total += n
		if n > retention.Batch {
			t.Errorf("%d rows of %s went at once, want at most %d", n, table, retention.Batch)
		}
	}
	if total != want {
		t.Errorf("got %d rows of %s removed, want %d", total, table, want)
	}
}

// cleaner is a worker like that of another server on the same database.
func (s *stack) cleaner(t *testing.T, meter retention.Meter) *retention.Worker {
	t.Helper()
	db, err := pg.Open(t.Context(), pg.Config{URL: s.appURL, MaxConns: 2})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(db.Close)
	return api.NewRetention(db, slog.New(slog.NewTextHandler(t.Output(), nil)), meter)
}

// addKeys gives a tenant, or the platform for the zero id, keys of so many hours ago.
func (s *stack) addKeys(t *testing.T, tenant uuid.UUID, count, hours int) {
	t.Helper()
	const columns = `gen_random_uuid(), 'users.create user x', 'k' || n || '-' || $1::int, repeat('0', 64), '{"email": "p@example.com"}'::bytea, now() - $1::int * interval '1 hour' - n * interval '1 millisecond'`
	if tenant == uuid.Nil {
		s.exec(t, `INSERT INTO core.platform_idempotency_keys (id, scope, key, request, answer, created_at) SELECT `+columns+` FROM generate_series(1, $2) n`, hours, count)
		return
	}
	s.exec(t, `INSERT INTO core.idempotency_keys (tenant_id, id, scope, key, request, answer, created_at) SELECT $3, `+columns+` FROM generate_series(1, $2) n`, hours, count, tenant)
}

const (
	keysOf = `SELECT count(*) FROM core.idempotency_keys WHERE tenant_id = $1`
	oldOf  = keysOf + ` AND created_at < now() - interval '24 hours'`
)

// TestAKeyedPostLeavesOtherKeysAlone sends keyed POSTs to a tenant with many expired keys: they delete at most the one that they
// use again, whatever there is besides.
func TestAKeyedPostLeavesOtherKeysAlone(t *testing.T) {
	t.Parallel()
	s := newStack(t)
	const old = 5000
	s.addKeys(t, s.acme.id, old, 25)
	post := func(key, email string) call {
		return call{method: "POST", path: "/v1/users", token: s.acme.admin.token, status: 201,
			body: fmt.Sprintf(`{"email": %q, "displayName": "Nea"}`, email), header: map[string]string{"Idempotency-Key": key}}
	}
	s.check(t, post("new", "new@example.com"))
	if n := s.count(t, oldOf, s.acme.id); n != old {
		t.Errorf("after a POST with a new key: got %d expired keys, want all %d", n, old)
	}
	s.exec(t, `UPDATE core.idempotency_keys SET created_at = now() - interval '25 hours' WHERE key = 'new'`)
	s.check(t, post("new", "newer@example.com"))
	if n := s.count(t, oldOf, s.acme.id); n != old {
		t.Errorf("after a POST with an expired key: got %d expired keys, want the other %d", n, old)
	}
	if n := s.count(t, keysOf+` AND key = 'new'`, s.acme.id); n != 1 {
		t.Errorf("got %d rows of the key that was used again, want one", n)
	}
}

// TestAKeyedPostDoesNotWaitForItsOldKey uses keys again whose rows, from the day before, somebody holds. Such a POST waited for
// the lock until its statement was given up, and was 504.
func TestAKeyedPostDoesNotWaitForItsOldKey(t *testing.T) {
	t.Parallel()
	s := newStack(t)
	for table, again := range map[string]call{
		"core.idempotency_keys": {path: "/v1/roles", token: s.acme.admin.token, body: `{"name": "Kept", "permissions": []}`},
		"core.platform_idempotency_keys": {path: "/v1/tenants", token: s.platform,
			body: `{"name": "Kept", "slug": "kept", "administrator": {"email": "a@kept.example", "displayName": "A"}}`},
	} {
		again.method, again.header = "POST", map[string]string{"Idempotency-Key": "kept"}
		first := again
		first.status = 201
		s.check(t, first)
		s.exec(t, `UPDATE `+table+` SET created_at = now() - interval '25 hours' WHERE key = 'kept'`)
		tx, err := s.owner.Begin(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		if _, err := tx.Exec(t.Context(), `SELECT FROM `+table+` WHERE key = 'kept' FOR UPDATE`); err != nil {
			t.Fatal(err)
		}
		held := again
		held.name, held.status, held.code = table, 503, "unavailable"
		s.check(t, held)
		if err := tx.Rollback(t.Context()); err != nil {
			t.Fatal(err)
		}
		// Its day is over: it is another request now, for a name that is taken.
		again.status, again.code = 409, "conflict"
		s.check(t, again)
	}
}

// TestExpiredRowsGoEverywhere removes what has expired: of a tenant with much of it, of one that has stopped writing, of one that
// is suspended, of the platform. What has not, stays, and so does what a request holds, until it is over.
func TestExpiredRowsGoEverywhere(t *testing.T) {
	t.Parallel()
	s := newStack(t)
	const many = 12_345 // more than one turn
	s.addKeys(t, s.acme.id, many, 25)
	s.addKeys(t, s.acme.id, 10, 23)
	s.addKeys(t, s.globex.id, 7, 24*30)
	idle := s.addTenant(t, "idle")
	s.exec(t, `UPDATE core.tenants SET status = 'suspended' WHERE id = $1`, idle.id)
	s.addKeys(t, idle.id, 5, 25)
	s.addKeys(t, uuid.Nil, 1500, 25)
	s.addKeys(t, uuid.Nil, 3, 1)

	holder, err := pgx.Connect(t.Context(), s.owner.Config().ConnString())
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = holder.Close(context.Background()) }()
	held, err := holder.Begin(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if _, err := held.Exec(t.Context(), `SELECT FROM core.idempotency_keys WHERE tenant_id = $1 AND key IN ('k1-25', 'k100-25') FOR UPDATE`, s.acme.id); err != nil {
		t.Fatal(err)
	}
	var meter batches
	worker := s.cleaner(t, &meter)
	if err := worker.Sweep(t.Context()); err != nil {
		t.Fatal(err)
	}
	meter.check(t, "idempotency_keys", many-2+7+5)
	meter.check(t, "platform_idempotency_keys", 1500)
	for id, want := range map[uuid.UUID]int{s.acme.id: 12, s.globex.id: 0, idle.id: 0} {
		if n := s.count(t, keysOf, id); n != want {
			t.Errorf("tenant %s: got %d keys left, want %d", id, n, want)
		}
	}
	if n := s.count(t, `SELECT count(*) FROM core.platform_idempotency_keys`); n != 3 {
		t.Errorf("got %d keys of the platform left, want the 3 that have not expired", n)
	}
	if err := held.Rollback(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err := worker.Sweep(t.Context()); err != nil {
		t.Fatal(err)
	}
	if n := s.count(t, keysOf, s.acme.id); n != 10 {
		t.Errorf("after the request that held two: got %d keys, want 10", n)
	}
}

// TestServersCleanTogether has several servers clean at once, which their tasks keep apart as a rule: none waits for another or fails.
func TestServersCleanTogether(t *testing.T) {
	t.Parallel()
	s := newStack(t)
	const each = 4000
	s.addKeys(t, s.acme.id, each, 25)
	s.addKeys(t, s.globex.id, each, 25)
	var servers sync.WaitGroup
	for range 4 {
		worker := s.cleaner(t, nil)
		servers.Go(func() {
			if err := worker.Sweep(t.Context()); err != nil {
				t.Error(err)
			}
		})
	}
	servers.Wait()
	if n := s.count(t, `SELECT count(*) FROM core.idempotency_keys`); n != 0 {
		t.Errorf("got %d keys left, want none", n)
	}
}
