package idempotency

import (
	"context"
	"errors"
	"os"
	"testing"
	"time"

	"entgo.io/ent/dialect"
	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"github.com/lockstep-dev/lockstep/internal/dbtest"
	"github.com/lockstep-dev/lockstep/internal/pg"
	"github.com/lockstep-dev/lockstep/internal/problem"
)

func TestMain(m *testing.M) { os.Exit(dbtest.Main(m)) }

// client is as much of a generated client as keys need.
type client struct{ driver dialect.Driver }

func (c client) Driver() dialect.Driver { return c.driver }

func (c client) Tx(ctx context.Context) (begun, error) {
	tx, err := c.driver.Tx(ctx)
	return begun{tx, c.driver}, err
}

// begun is a transaction of a client.
type begun struct {
	dialect.Tx
	driver dialect.Driver
}

func (b begun) Client() client { return client{inside{b.driver, b.Tx}} }

// inside is a driver whose statements run in the transaction.
type inside struct {
	dialect.Driver
	tx dialect.Tx
}

func (i inside) Exec(ctx context.Context, query string, args, v any) error {
	return i.tx.Exec(ctx, query, args, v)
}

func (i inside) Query(ctx context.Context, query string, args, v any) error {
	return i.tx.Query(ctx, query, args, v)
}

type world struct {
	owner  *pgx.Conn
	client client
	keys   *Keys[client]
	// ours and theirs run in two tenants, platform in none.
	ours, theirs, platform context.Context
}

func newWorld(t *testing.T) *world {
	t.Helper()
	database := dbtest.New(t)
	owner, err := pgx.Connect(t.Context(), database.OwnerURL)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = owner.Close(context.Background()) })
	db, err := pg.Open(t.Context(), pg.Config{URL: database.AppURL, MaxConns: 4})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(db.Close)
	w := &world{owner: owner, client: client{db.Driver()}}
	w.keys = New(w.client, Lifetimes{Tenant: time.Hour, Platform: 3 * time.Hour}, func(context.Context, any) bool { return false })
	w.ours, w.theirs = w.tenant(t, "ours"), w.tenant(t, "theirs")
	w.platform = pg.WithScope(t.Context(), pg.Scope{Platform: true})
	return w
}

func (w *world) tenant(t *testing.T, slug string) context.Context {
	t.Helper()
	id := uuid.New()
	w.exec(t, `INSERT INTO core.tenants (id, name, slug, created_at, updated_at) VALUES ($1, $2, $2, now(), now())`, id, slug)
	return pg.WithScope(t.Context(), pg.Scope{TenantID: id})
}

func (w *world) exec(t *testing.T, sql string, args ...any) {
	t.Helper()
	if _, err := w.owner.Exec(t.Context(), sql, args...); err != nil {
		t.Fatalf("%s: %v", sql, err)
	}
}

type greeting struct{ Text string }

// once asks for a greeting, and checks that it is of this request or of the one before.
func (w *world) once(t *testing.T, ctx context.Context, op Operation, text, want string) {
	t.Helper()
	got, err := Once(ctx, w.keys, op, "key", "body", func(client) (*greeting, error) { return &greeting{text}, nil })
	if err != nil || got.Text != want {
		t.Errorf("%s: got %+v, %v, want %s", text, got, err, want)
	}
}

// TestKeysNeedNoGeneratedClient has a request happen once per tenant and for the platform, by a client that nothing generates.
func TestKeysNeedNoGeneratedClient(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	create, provision := Operation{ID: "things.create"}, Operation{ID: "tenants.create", Platform: true}
	failure := errors.New("no")
	for _, c := range []struct {
		ctx context.Context
		op  Operation
	}{{w.ours, create}, {w.platform, provision}} {
		if _, err := Once(c.ctx, w.keys, c.op, "key", "body", func(client) (*greeting, error) { return nil, failure }); !errors.Is(err, failure) {
			t.Errorf("%s that fails: got %v", c.op.ID, err)
		}
		w.once(t, c.ctx, c.op, "first", "first") // what failed has left no trace of its key
		w.once(t, c.ctx, c.op, "second", "first")
		var refused *problem.Error
		_, err := Once(c.ctx, w.keys, c.op, "key", "another body", func(client) (*greeting, error) { return &greeting{}, nil })
		if !errors.As(err, &refused) || refused.Code != problem.IdempotencyKeyReused {
			t.Errorf("%s with another body: got %v, want idempotency_key_reused", c.op.ID, err)
		}
	}
	w.once(t, w.theirs, create, "theirs", "theirs")
	for _, table := range []string{TenantTable, PlatformTable} {
		w.exec(t, `UPDATE core.`+table+` SET created_at = now() - interval '2 hours'`)
	}
	w.once(t, w.ours, create, "later", "later")
	w.once(t, w.platform, provision, "later", "first") // the platform's keys live longer
	w.exec(t, `UPDATE core.`+PlatformTable+` SET created_at = now() - interval '4 hours'`)
	w.once(t, w.platform, provision, "later", "later")
	w.exec(t, `UPDATE core.`+PlatformTable+` SET answer = NULL`)
	var gone *problem.Error
	_, err := Once(w.platform, w.keys, provision, "key", "body", func(client) (*greeting, error) { return &greeting{}, nil })
	if !errors.As(err, &gone) || gone.Code != problem.NotFound {
		t.Errorf("an answer that was erased: got %v, want not_found", err)
	}
}

// TestATenantsKeysStayInTheTenant takes down each fence in turn: the tenant in the statements, which only requests inside a tenant
// have, and row-level security.
func TestATenantsKeysStayInTheTenant(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	create, provision := Operation{ID: "things.create"}, Operation{ID: "things.create", Platform: true}
	w.once(t, w.ours, create, "ours", "ours")
	w.once(t, w.platform, provision, "platform", "platform")
	work := func(client) (*greeting, error) { t.Error("the request was worked on"); return &greeting{}, nil }
	if _, err := Once(w.platform, w.keys, create, "key", "body", work); !errors.Is(err, errNoTenant) {
		t.Errorf("a tenant's request outside a tenant: got %v, want errNoTenant", err)
	}
	if _, err := Once(w.ours, w.keys, provision, "other", "body", work); !errors.Is(err, pg.ErrRowSecurity) {
		t.Errorf("the platform's request inside a tenant: got %v, want ErrRowSecurity", err)
	}
	bare := newTable(TenantTable, false)
	asked := first{scopes: []string{"things.create"}, key: "key"}
	if rows, err := bare.find(w.theirs, w.client.driver, asked); err != nil || len(rows) > 0 {
		t.Errorf("without the tenant in the statement: got %d rows of another tenant, %v", len(rows), err)
	}
	if rows, err := bare.find(w.ours, w.client.driver, asked); err != nil || len(rows) != 1 {
		t.Errorf("without the tenant in the statement: got %d rows of the tenant, %v, want one", len(rows), err)
	}
	w.exec(t, `ALTER TABLE core.`+TenantTable+` NO FORCE ROW LEVEL SECURITY, DISABLE ROW LEVEL SECURITY`)
	w.once(t, w.theirs, create, "theirs", "theirs")
	w.once(t, w.ours, create, "again", "ours")
	var foreign []uuid.UUID
	if err := w.owner.QueryRow(t.Context(), `SELECT array_agg(id) FROM core.`+TenantTable).Scan(&foreign); err != nil || len(foreign) != 2 {
		t.Fatalf("got the ids %v, %v, want two", foreign, err)
	}
	stranger := w.tenant(t, "strangers")
	for _, id := range foreign {
		if err := tenantTable.finish(stranger, w.client.driver, asked, []uuid.UUID{id}, []byte(`{"Text": "strange"}`)); err != nil {
			t.Fatal(err)
		}
	}
	if err := tenantTable.remove(stranger, w.client.driver, asked, time.Now().Add(time.Hour)); err != nil {
		t.Fatal(err)
	}
	for want, ctx := range map[string]context.Context{`{"Text":"ours"}`: w.ours, `{"Text":"theirs"}`: w.theirs} {
		if rows, err := tenantTable.find(ctx, w.client.driver, asked); err != nil || len(rows) != 1 || string(rows[0].answer) != want {
			t.Errorf("without row-level security: got %+v, %v, want %s alone", rows, err, want)
		}
	}
	if err := tenantTable.remove(w.ours, w.client.driver, asked, time.Now().Add(time.Hour)); err != nil {
		t.Fatal(err)
	}
	if rows, err := tenantTable.find(w.theirs, w.client.driver, asked); err != nil || len(rows) != 1 {
		t.Errorf("got %d rows of another tenant, %v, want its one to stay", len(rows), err)
	}
}

// TestAKeyUnderTwoScopes follows a key of a service that servers of the release before may have stored; see scopesOf.
func TestAKeyUnderTwoScopes(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	for name, c := range map[string]struct {
		table *table
		ctx   context.Context
	}{TenantTable: {&tenantTable, w.ours}, PlatformTable: {&platformTable, w.platform}} {
		driver := w.client.driver
		both := first{scopes: []string{"new", "old"}, key: "key", request: "sum"}
		ids, err := c.table.begin(c.ctx, driver, both)
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		if _, err := c.table.begin(c.ctx, driver, first{scopes: []string{"old"}, key: "key"}); !taken(err) {
			t.Errorf("%s: the old scope is free: %v", name, err)
		}
		if err := c.table.finish(c.ctx, driver, both, ids, []byte(`{}`)); err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		rows, err := c.table.find(c.ctx, driver, both)
		if err != nil || len(rows) != 2 {
			t.Fatalf("%s: got %v, %v, want both rows", name, rows, err)
		}
		for _, row := range rows {
			if row.request != "sum" || string(row.answer) != `{}` || time.Since(row.since) > time.Hour {
				t.Errorf("%s: got %+v", name, row)
			}
		}
		if err := c.table.remove(c.ctx, driver, both, time.Now().Add(-time.Hour)); err != nil {
			t.Fatal(err)
		}
		if rows, err = c.table.find(c.ctx, driver, both); err != nil || len(rows) != 2 {
			t.Errorf("%s: got %d rows, %v: a key was removed before its day was over", name, len(rows), err)
		}
		if err := c.table.remove(c.ctx, driver, both, time.Now().Add(time.Hour)); err != nil {
			t.Fatal(err)
		}
		if rows, err = c.table.find(c.ctx, driver, both); err != nil || len(rows) > 0 {
			t.Errorf("%s: got %d rows, %v, want none", name, len(rows), err)
		}
	}
}
