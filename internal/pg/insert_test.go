package pg_test

import (
	"context"
	"errors"
	"strings"
	"sync"
	"testing"

	"entgo.io/ent/dialect"
	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"github.com/lockstep-dev/lockstep/internal/insertcache"
	"github.com/lockstep-dev/lockstep/internal/pg"
)

var things = insertcache.New("things", "tenant_id", "id", "name", "amount", "parent_id")

// add inserts a thing the way that the generated ORM does.
func add(t *testing.T, ctx context.Context, to dialect.Driver, tenant uuid.UUID, name string, amount any, parent *uuid.UUID) error {
	t.Helper()
	row := things.Row()
	row.Set(0, tenant)
	row.Set(1, uuid.New())
	row.Set(2, name)
	if amount != nil {
		row.Set(3, amount)
	}
	if parent != nil {
		row.Set(4, *parent)
	}
	ok, err := row.Insert(ctx, to, "core", insertcache.Node{})
	if !ok {
		t.Error("the row is left to Ent's builder")
	}
	return err
}

// TestAnInsertBindsItsTenant adds rows by statements that set the tenant themselves. The policies and the foreign keys must
// find it, and only it: rows of other tenants fail, and nothing is left of it on the connection.
func TestAnInsertBindsItsTenant(t *testing.T) {
	t.Parallel()
	var mu sync.Mutex
	var sent []string
	w := newWorld(t, func(c *pg.Config) {
		c.MaxConns = 1
		c.Observe = func(_ context.Context, sql string, _ []any) {
			mu.Lock()
			defer mu.Unlock()
			sent = append(sent, sql)
		}
	})
	mustOwner(t, w.owner, `create function core.note() returns trigger language plpgsql as $$ begin
		new.name := new.name || coalesce(nullif(left(current_setting('app.tenant_id', true), 2), ''), '?'); return new; end $$;
		create trigger note before insert on core.things for each row execute function core.note()`)
	a, b := w.as(t, w.a), w.as(t, w.b)
	for n, c := range []struct {
		ctx    context.Context
		tenant uuid.UUID
		parent *uuid.UUID
		want   error
	}{
		{a, w.a, nil, nil},
		{b, w.b, &w.thingB, nil},
		{a, w.b, nil, pg.ErrRowSecurity},
		{b, w.a, nil, pg.ErrRowSecurity},
		{pg.WithScope(t.Context(), pg.Scope{Platform: true}), w.a, nil, pg.ErrRowSecurity},
		{t.Context(), w.a, nil, pg.ErrNoScope},
	} {
		for range 7 { // from the sixth time on by a plan for any values
			if err := add(t, c.ctx, w.driver, c.tenant, uuid.NewString()[:8], 1, c.parent); !errors.Is(err, c.want) {
				t.Fatalf("%d: got %v, want %v", n, err, c.want)
			}
		}
	}
	var violated *pg.ConstraintError
	if err := add(t, a, w.driver, w.a, "child", nil, &w.thingB); !errors.As(err, &violated) || violated.Constraint != "things_parent_fkey" {
		t.Errorf("a parent of another tenant: got %v, want things_parent_fkey violated", err)
	}
	if err := w.db.Unscoped(t.Context(), func(q pg.Querier) error {
		rows, err := q.Query(t.Context(), `select current_setting('app.tenant_id', true)`)
		if err != nil {
			return err
		}
		left, err := pgx.CollectOneRow(rows, pgx.RowTo[*string])
		if err == nil && left != nil && *left != "" {
			t.Errorf("the connection goes on with tenant %s", *left)
		}
		return err
	}); err != nil {
		t.Fatal(err)
	}
	var wrong int
	if err := w.owner.QueryRow(t.Context(), `select count(*) from core.things where name <> 'same' and right(name, 2) <> left(tenant_id::text, 2)`).Scan(&wrong); err != nil || wrong > 0 {
		t.Errorf("%d rows were made in another tenant's setting, and %v", wrong, err)
	}
	if n := count(t, a, w.driver, "true"); n != 8 {
		t.Errorf("got %d things of the first tenant, want 8", n)
	}
	for _, sql := range sent {
		if strings.Contains(sql, "set_config") {
			t.Errorf("shown to whoever watches: %s", sql)
		}
	}
}
