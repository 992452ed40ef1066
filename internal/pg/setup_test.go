package pg_test

import (
	"context"
	"strings"
	"testing"
	"time"

	"entgo.io/ent/dialect"
	entsql "entgo.io/ent/dialect/sql"
	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"github.com/lockstep-dev/lockstep/internal/dbtest"
	"github.com/lockstep-dev/lockstep/internal/pg"
)

// thingsSchema is one tenant-owned table as the migrations make them: forced row-level security, composite
// keys, a few constraints.
const thingsSchema = `
create schema core;
grant usage on schema core to core_app;
create table core.things (
	tenant_id uuid not null,
	id uuid not null,
	name varchar(10) not null,
	amount integer constraint things_amount_check check (amount > 0),
	parent_id uuid,
	constraint things_pkey primary key (tenant_id, id),
	constraint things_name_key unique (tenant_id, name),
	constraint things_parent_fkey foreign key (tenant_id, parent_id) references core.things (tenant_id, id)
);
alter table core.things enable row level security;
alter table core.things force row level security;
create policy tenant_isolation on core.things
	using (tenant_id = (nullif(current_setting('app.tenant_id', true), ''))::uuid)
	with check (tenant_id = (nullif(current_setting('app.tenant_id', true), ''))::uuid);
create table core.tenants (id uuid primary key, name text not null);
alter table core.tenants enable row level security;
alter table core.tenants force row level security;
create policy tenant_isolation on core.tenants
	using (id = (nullif(current_setting('app.tenant_id', true), ''))::uuid or current_setting('app.platform', true) = 'on')
	with check (id = (nullif(current_setting('app.tenant_id', true), ''))::uuid or current_setting('app.platform', true) = 'on');
grant select, insert, update, delete on all tables in schema core to core_app;
`

// world is a database with two tenants, each with one thing named "same", and a driver on it.
type world struct {
	appURL         string
	owner          *pgx.Conn
	db             *pg.DB
	driver         dialect.Driver
	a, b           uuid.UUID // tenants
	thingA, thingB uuid.UUID
}

// newWorld makes a world whose pool is configured by the options.
func newWorld(t testing.TB, options ...func(*pg.Config)) *world {
	t.Helper()
	empty := dbtest.Empty(t)
	w := &world{appURL: empty.AppURL, owner: connect(t, empty.OwnerURL), a: uuid.New(), b: uuid.New(), thingA: uuid.New(), thingB: uuid.New()}
	mustOwner(t, w.owner, thingsSchema)
	for _, r := range []struct{ tenant, thing uuid.UUID }{{w.a, w.thingA}, {w.b, w.thingB}} {
		mustOwner(t, w.owner, `insert into core.tenants values ($1, 'tenant')`, r.tenant)
		mustOwner(t, w.owner, `insert into core.things (tenant_id, id, name, amount) values ($1, $2, 'same', 1)`, r.tenant, r.thing)
	}
	w.db = open(t, empty.AppURL, options...)
	w.driver = w.db.Driver()
	return w
}

func open(t testing.TB, url string, options ...func(*pg.Config)) *pg.DB {
	t.Helper()
	return openAt(t, maybePooled(t, url), options...)
}

// openAt is open, past the pooler that all tests may run behind.
func openAt(t testing.TB, url string, options ...func(*pg.Config)) *pg.DB {
	t.Helper()
	config := pg.Config{URL: url, MaxConns: 4, PgBouncer: pooled()}
	for _, o := range options {
		o(&config)
	}
	db, err := pg.Open(t.Context(), config)
	if err != nil {
		t.Fatalf("open: %v", err)
	}
	t.Cleanup(db.Close)
	return db
}

func connect(t testing.TB, url string) *pgx.Conn {
	t.Helper()
	conn, err := pgx.Connect(t.Context(), url)
	if err != nil {
		t.Fatalf("connect as owner: %v", err)
	}
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
		defer cancel()
		_ = conn.Close(ctx)
	})
	return conn
}

func mustOwner(t testing.TB, conn *pgx.Conn, sql string, args ...any) {
	t.Helper()
	if _, err := conn.Exec(t.Context(), sql, args...); err != nil {
		t.Fatalf("owner: %s: %v", firstLine(sql), err)
	}
}

func firstLine(sql string) string {
	line, _, _ := strings.Cut(strings.TrimSpace(sql), "\n")
	return line
}

// as returns a context in the tenant's scope; it ends, so that nothing waits for ever for a connection.
func (w *world) as(t testing.TB, tenant uuid.UUID) context.Context {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	t.Cleanup(cancel)
	return pg.WithScope(ctx, pg.Scope{TenantID: tenant})
}

// count returns how many things a statement in ctx sees.
func count(t testing.TB, ctx context.Context, on dialect.ExecQuerier, where string, args ...any) int {
	t.Helper()
	n, err := tryCount(ctx, on, where, args...)
	if err != nil {
		t.Fatalf("count things: %v", err)
	}
	return n
}

func tryCount(ctx context.Context, on dialect.ExecQuerier, where string, args ...any) (int, error) {
	var rows entsql.Rows
	if args == nil {
		args = []any{}
	}
	if err := on.Query(ctx, "select count(*) from core.things where "+where, args, &rows); err != nil {
		return 0, err
	}
	defer func() { _ = rows.Close() }()
	return entsql.ScanInt(rows)
}

func exec(ctx context.Context, on dialect.ExecQuerier, query string, args ...any) (int64, error) {
	var res entsql.Result
	if args == nil {
		args = []any{}
	}
	if err := on.Exec(ctx, query, args, &res); err != nil {
		return 0, err
	}
	return res.RowsAffected()
}

func mustExec(t testing.TB, ctx context.Context, on dialect.ExecQuerier, query string, args ...any) {
	t.Helper()
	if _, err := exec(ctx, on, query, args...); err != nil {
		t.Fatalf("%s: %v", query, err)
	}
}

const insertThing = `insert into core.things (tenant_id, id, name) values ($1, $2, $3)`
