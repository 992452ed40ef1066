package api_test

import (
	"context"
	"log/slog"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"github.com/lockstep-dev/lockstep/internal/api"
	"github.com/lockstep-dev/lockstep/internal/dbtest"
	"github.com/lockstep-dev/lockstep/internal/pg"
	"github.com/lockstep-dev/lockstep/internal/serving"
	"github.com/lockstep-dev/lockstep/migrations"
	"github.com/lockstep-dev/lockstep/openapi"
)

// observed is a statement on its way to the database.
type observed struct {
	sql  string
	args []any
}

// TestOrdinaryPeopleDoNotWalkTheTenant asks, in a tenant of 20,000 people, for everything that people without users:read
// may ask for, and has Postgres explain the statements that were sent: with plans that were made for small tenants, which
// is what a connection keeps. A person without reports waited 1 to 5 s in a tenant of 1,000,000.
func TestOrdinaryPeopleDoNotWalkTheTenant(t *testing.T) {
	t.Parallel()
	s := newStack(t)
	var mu sync.Mutex
	var recorded []observed
	db, err := pg.Open(t.Context(), pg.Config{URL: s.appURL, MaxConns: 2, MaxWait: time.Minute, Observe: func(_ context.Context, sql string, args []any) {
		mu.Lock()
		defer mu.Unlock()
		recorded = append(recorded, observed{sql, slices.Clone(args)})
	}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(db.Close)
	s.grants = startGrants(t, db, s.appURL)
	s.handler, err = api.New(api.Config{Config: serving.Config{DB: db, Verifier: s.verifier, Grants: s.grants, Migrations: migrations.FS, Contract: openapi.Document,
		Logger: slog.New(slog.NewTextHandler(t.Output(), nil)), MaxBody: 64 << 10}})
	if err != nil {
		t.Fatal(err)
	}
	big := newBigTenant(t, s)
	app, err := pgx.Connect(t.Context(), s.appURL)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = app.Close(context.Background()) })
	if _, err := app.Exec(t.Context(), `SELECT set_config('app.tenant_id', $1, false)`, big.id.String()); err != nil {
		t.Fatal(err)
	}
	for _, who := range []struct {
		name string
		person
		most int // rows and pages that a statement may touch
	}{
		{"without reports", big.leaf, 200},
		{"of ten", big.ten, 600},
		{"of a thousand", big.thousand, 25_000},
		{"of nearly all", big.boss, 40_000}, // looks at 5,000 people before the list is walked
	} {
		self := "/v1/users/" + who.id.String()
		list := s.check(t, call{path: "/v1/users?sort=displayName&limit=1&status=active", token: who.token, status: 200})
		paths := []string{
			"/v1/users", "/v1/users?limit=200", "/v1/users?sort=displayName", "/v1/users?sort=-displayName", "/v1/users?sort=createdAt", "/v1/users?sort=-createdAt",
			"/v1/users?sort=displayName,-createdAt", "/v1/users?status=inactive", "/v1/users?status=inactive&sort=displayName", "/v1/users?managerId=" + big.boss.id.String(),
			"/v1/users?createdAt[gte]=2020-01-01T00:00:00Z", "/v1/users?q=99", "/v1/users?count=exact", "/v1/users?count=exact&q=99", "/v1/users?expand=managedUsers,roles", "/v1/users?expand=manager",
			self, self + "?expand=managedUsers.roles", "/v1/user-roles", "/v1/user-roles?expand=user,role", "/v1/user-roles?count=exact&roleId=" + s.acme.adminRole.String(),
			self + "/reports?depth=5", "/v1/me",
		}
		if who.id == big.boss.id { // the rest takes as long as there are people below
			paths = append(paths[:6:6], "/v1/users?status=inactive", self, "/v1/user-roles", "/v1/me")
		}
		if next, more := list.body["nextCursor"].(string); more {
			paths = append(paths, "/v1/users?sort=displayName&limit=1&status=active&cursor="+next)
		}
		for path, status := range withStatus(paths, big) {
			mu.Lock()
			recorded = nil
			mu.Unlock()
			s.check(t, call{path: path, token: who.token, status: status})
			mu.Lock()
			statements := slices.Clone(recorded)
			mu.Unlock()
			if len(statements) == 0 {
				t.Errorf("%s: no statement was seen", path)
			}
			for _, each := range statements {
				if touched, plan := dbtest.Touched(t, app, each.sql, each.args); touched > who.most {
					t.Errorf("somebody %s, %s: a statement touches %d rows and pages, want at most %d\n%s\n%s", who.name, path, touched, who.most, each.sql, plan)
				}
			}
		}
	}
}

// withStatus adds the reads of people who are out of reach.
func withStatus(paths []string, big *bigTenant) map[string]int {
	out := map[string]int{"/v1/users/" + big.root.id.String(): 404, "/v1/users/" + newID().String(): 404}
	for _, path := range paths {
		out[path] = 200
	}
	return out
}

// bigTenant has 20,000 people in a database of many small tenants: root leads all but himself; boss, below, leads nearly all.
type bigTenant struct {
	id                              uuid.UUID
	root, boss, thousand, ten, leaf person
}

func newBigTenant(t *testing.T, s *stack) *bigTenant {
	t.Helper()
	big := &bigTenant{id: newID()}
	s.exec(t, `INSERT INTO core.tenants (id, name, slug, created_at, updated_at) VALUES ($1, 'Big', 'big', now(), now())`, big.id)
	s.exec(t, `INSERT INTO core.tenants (id, name, slug, created_at, updated_at) SELECT gen_random_uuid(), 'S', 'small' || i, now(), now() FROM generate_series(1, 500) i`)
	s.exec(t, `INSERT INTO core.users (tenant_id, id, email, display_name, created_at, updated_at)
		SELECT t.id, gen_random_uuid(), 'u' || i, 'U ' || i, now(), now() FROM core.tenants t, generate_series(1, 10) i WHERE t.slug LIKE 'small%'`)
	add := func(name string, manager *uuid.UUID) person {
		return s.addUser(t, big.id, name+"@big.example", "P "+name, manager)
	}
	big.root = add("root", nil)
	big.boss = add("boss", &big.root.id)
	big.thousand = add("thousand", &big.boss.id)
	big.ten = add("ten", &big.thousand.id)
	big.leaf = add("leaf", &big.ten.id)
	crowd := func(n int, manager uuid.UUID) {
		s.exec(t, `INSERT INTO core.users (tenant_id, id, email, display_name, status, manager_id, created_at, updated_at)
			SELECT $1, gen_random_uuid(), gen_random_uuid()::text, 'P ' || md5(i::text), CASE WHEN i % 50 = 0 THEN 'inactive' ELSE 'active' END, $2, now() - i * interval '1 second', now()
			FROM generate_series(1, $3::int) i`, big.id, manager, n)
	}
	crowd(9, big.ten.id)
	crowd(1000, big.thousand.id)
	crowd(19_000, big.boss.id)
	s.exec(t, `INSERT INTO core.user_roles (tenant_id, id, user_id, role_id, granted_at, created_at, updated_at)
		SELECT $1, gen_random_uuid(), u.id, r.id, now(), now(), now() FROM core.users u, (SELECT $2::uuid AS id) r WHERE u.tenant_id = $1`, big.id, s.addRole(t, big.id, "Nothing", "tenants:read"))
	s.exec(t, `VACUUM ANALYZE core.users`)
	s.exec(t, `VACUUM ANALYZE core.user_roles`)
	return big
}
