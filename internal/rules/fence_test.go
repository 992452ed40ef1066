package rules_test

import (
	"context"
	"errors"
	"testing"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"github.com/lockstep-dev/lockstep/ent"
	"github.com/lockstep-dev/lockstep/ent/user"
	"github.com/lockstep-dev/lockstep/ent/userrole"
	"github.com/lockstep-dev/lockstep/internal/crud"
	"github.com/lockstep-dev/lockstep/internal/dbtest"
	"github.com/lockstep-dev/lockstep/internal/hooks"
	"github.com/lockstep-dev/lockstep/internal/pg"
	"github.com/lockstep-dev/lockstep/internal/rules"
)

// world is a database with two tenants, each with a boss, a report and a role that the report holds.
type world struct {
	owner *pgx.Conn
	db    *pg.DB
	bare  *ent.Client // no rules: the application's fence is down
	ruled *ent.Client
	ours  household
	their household
}

type household struct{ tenant, boss, report, role, grant uuid.UUID }

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
	w := &world{owner: owner, db: db, bare: ent.NewClient(ent.Driver(db.Driver())), ruled: ent.NewClient(ent.Driver(db.Driver()))}
	rules.Apply(w.ruled, crud.Facts, crud.Permissions)
	w.ours, w.their = w.add(t, "ours"), w.add(t, "their")
	return w
}

// with is a client with rules by other facts.
func (w *world) with(facts hooks.Facts[*ent.Client]) *ent.Client {
	client := ent.NewClient(ent.Driver(w.db.Driver()))
	rules.Apply(client, facts, crud.Permissions)
	return client
}

func (w *world) add(t *testing.T, slug string) household {
	t.Helper()
	id := func() uuid.UUID { return uuid.Must(uuid.NewV7()) }
	h := household{id(), id(), id(), id(), id()}
	for _, step := range []struct {
		sql  string
		args []any
	}{
		{`INSERT INTO core.tenants (id, name, slug, created_at, updated_at) VALUES ($1, $2, $2, now(), now())`, []any{h.tenant, slug}},
		{`INSERT INTO core.users (tenant_id, id, email, display_name, created_at, updated_at) VALUES ($1, $2, 'boss', 'Boss', now(), now())`, []any{h.tenant, h.boss}},
		{`INSERT INTO core.users (tenant_id, id, email, display_name, manager_id, created_at, updated_at) VALUES ($1, $2, 'report', 'Report', $3, now(), now())`, []any{h.tenant, h.report, h.boss}},
		{`INSERT INTO core.roles (tenant_id, id, name, permissions, created_at, updated_at) VALUES ($1, $2, 'Role', '{}', now(), now())`, []any{h.tenant, h.role}},
		{`INSERT INTO core.user_roles (tenant_id, id, user_id, role_id, granted_at, created_at, updated_at) VALUES ($1, $2, $3, $4, now(), now(), now())`, []any{h.tenant, h.grant, h.report, h.role}},
	} {
		if _, err := w.owner.Exec(t.Context(), step.sql, step.args...); err != nil {
			t.Fatalf("%s: %v", step.sql, err)
		}
	}
	return h
}

// in returns a context inside the household's tenant.
func (w *world) in(t *testing.T, h household) context.Context {
	t.Helper()
	return pg.WithScope(t.Context(), pg.Scope{TenantID: h.tenant})
}

// TestRowSecurityHoldsWithoutTheApplicationsFence uses every form of Ent that carries no tenant_id on a client without rules.
func TestRowSecurityHoldsWithoutTheApplicationsFence(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	ctx := w.in(t, w.ours)
	if users, err := w.bare.User.Query().All(ctx); err != nil || len(users) != 2 {
		t.Errorf("got %d users (%v), want the two of the tenant", len(users), err)
	}
	for name, read := range map[string]func() (int, error){
		"by id": func() (int, error) { return w.bare.User.Query().Where(user.ID(w.their.boss)).Count(ctx) },
		"by edge": func() (int, error) {
			return w.bare.User.Query().Where(user.HasManagerWith(user.ID(w.their.boss))).Count(ctx)
		},
		"by join": func() (int, error) {
			return w.bare.Role.Query().QueryUserRoles().Where(userrole.UserID(w.their.report)).Count(ctx)
		},
		"by walk": func() (int, error) {
			return w.bare.User.Query().Where(user.ID(w.their.boss)).QueryManagedUsers().Count(ctx)
		},
		"other tenant": func() (int, error) {
			return w.bare.Tenant.Query().Count(pg.WithScope(ctx, pg.Scope{TenantID: uuid.New()}))
		},
	} {
		if n, err := read(); err != nil || n != 0 {
			t.Errorf("%s: got %d rows (%v), want none", name, n, err)
		}
	}
	if n, err := w.bare.User.Update().SetDisplayName("taken over").Where(user.ID(w.their.boss)).Save(ctx); err != nil || n != 0 {
		t.Errorf("update: got %d rows (%v), want none", n, err)
	}
	if err := w.bare.User.UpdateOneID(w.their.boss).SetDisplayName("taken over").Exec(ctx); !ent.IsNotFound(err) {
		t.Errorf("update by id: got %v, want not found", err)
	}
	if n, err := w.bare.UserRole.Delete().Exec(ctx); err != nil || n != 1 {
		t.Errorf("delete of all: got %d rows (%v), want the tenant's one", n, err)
	}
	err := w.bare.User.Create().SetTenantID(w.their.tenant).SetEmail("x@example.com").SetDisplayName("X").Exec(ctx)
	if !errors.Is(err, pg.ErrRowSecurity) {
		t.Errorf("create in the other tenant: got %v, want ErrRowSecurity", err)
	}
	if _, err := w.bare.User.Query().All(t.Context()); !errors.Is(err, pg.ErrNoScope) {
		t.Errorf("without a scope: got %v, want ErrNoScope", err)
	}
}

// TestTheApplicationsFenceHoldsWithoutRowSecurity runs the same on a client with rules and tables without policies.
func TestTheApplicationsFenceHoldsWithoutRowSecurity(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	for _, table := range []string{"tenants", "users", "roles", "user_roles"} {
		if _, err := w.owner.Exec(t.Context(), `ALTER TABLE core.`+table+` NO FORCE ROW LEVEL SECURITY, DISABLE ROW LEVEL SECURITY`); err != nil {
			t.Fatal(err)
		}
	}
	ctx := w.in(t, w.ours)
	if users, err := w.ruled.User.Query().WithUserRoles().WithManagedUsers().All(ctx); err != nil || len(users) != 2 {
		t.Errorf("got %d users (%v), want the two of the tenant", len(users), err)
	}
	if n, err := w.ruled.User.Query().Where(user.ID(w.their.boss)).Count(ctx); err != nil || n != 0 {
		t.Errorf("by id: got %d rows (%v), want none", n, err)
	}
	if n, err := w.ruled.User.Update().SetDisplayName("taken over").Where(user.ID(w.their.boss)).Save(ctx); err != nil || n != 0 {
		t.Errorf("update: got %d rows (%v), want none", n, err)
	}
	if err := w.ruled.User.UpdateOneID(w.their.boss).SetDisplayName("taken over").Exec(ctx); err == nil {
		t.Error("update by id of a foreign row succeeded")
	}
	created, err := w.ruled.User.Create().SetTenantID(w.their.tenant).SetEmail("x@example.com").SetDisplayName("X").Save(ctx)
	if err != nil || created.TenantID != w.ours.tenant {
		t.Errorf("create: got tenant %v (%v), want the caller's whatever was set", created, err)
	}
	for name, use := range map[string]func(context.Context) error{
		"query": func(ctx context.Context) error { _, err := w.ruled.User.Query().All(ctx); return err },
		"create": func(ctx context.Context) error {
			return w.ruled.User.Create().SetEmail("x@example.com").SetDisplayName("X").Exec(ctx)
		},
		"update": func(ctx context.Context) error { return w.ruled.User.Update().SetDisplayName("X").Exec(ctx) },
		"delete": func(ctx context.Context) error { _, err := w.ruled.User.Delete().Exec(ctx); return err },
	} {
		platform := pg.WithScope(t.Context(), pg.Scope{Platform: true})
		for _, ctx := range []context.Context{t.Context(), platform} {
			if err := use(ctx); !errors.Is(err, hooks.ErrNoTenant) {
				t.Errorf("%s without a tenant: got %v, want ErrNoTenant", name, err)
			}
		}
	}
	var theirs int
	if err := w.owner.QueryRow(t.Context(), `SELECT count(*) FROM core.users WHERE tenant_id = $1 AND version = 1 AND display_name IN ('Boss', 'Report')`, w.their.tenant).Scan(&theirs); err != nil || theirs != 2 {
		t.Errorf("got %d untouched rows of the other tenant (%v), want both", theirs, err)
	}
}
