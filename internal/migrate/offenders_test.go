package migrate_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/lockstep-dev/lockstep/internal/dbtest"
	"github.com/lockstep-dev/lockstep/internal/migrate"
	"github.com/lockstep-dev/lockstep/migrations"
)

const beforeLimits = "20261125192245"

// tenantRow makes a tenant, a role and a user in it.
const tenantRow = `INSERT INTO core.tenants (id, name, slug, created_at, updated_at) VALUES ('01900000-0000-7000-8000-000000000001', 'Acme', 'acme', now(), now());
	INSERT INTO core.roles (tenant_id, id, name, permissions, created_at, updated_at)
		VALUES ('01900000-0000-7000-8000-000000000001', '01900000-0000-7000-8000-000000000002', 'Role', '{}', now(), now());
	INSERT INTO core.users (tenant_id, id, email, display_name, created_at, updated_at)
		VALUES ('01900000-0000-7000-8000-000000000001', '01900000-0000-7000-8000-000000000003', 'Ada@example.com', 'Ada', now(), now());`

// TestRowsOverALimitAreReported has rows that limits forbid when these come: the migration names them, goes on, and binds what is
// written from then on.
func TestRowsOverALimitAreReported(t *testing.T) {
	t.Parallel()
	db := dbtest.Empty(t)
	o := options(t, migrations.FS, db.OwnerURL)
	o.To = beforeLimits
	if _, err := migrate.Up(t.Context(), o); err != nil {
		t.Fatal(err)
	}
	conn := connect(t, db.OwnerURL)
	exec(t, conn, tenantRow+`UPDATE core.roles SET description = repeat('x', 10001), permissions = array_fill('users:read'::text, ARRAY[101]), created_at = 'infinity'`)
	var log strings.Builder
	o.To = ""
	o.Log = func(format string, args ...any) { fmt.Fprintf(&log, format+"\n", args...) }
	if _, err := migrate.Up(t.Context(), o); err != nil {
		t.Fatal(err)
	}
	const key = "01900000-0000-7000-8000-000000000001/01900000-0000-7000-8000-000000000002"
	for _, name := range []string{"roles_description_limit", "roles_permissions_limit", "roles_created_at_limit"} {
		if want := "1 rows of core.roles break " + name + ", the first: " + key; !strings.Contains(log.String(), want) {
			t.Errorf("got %s, want %q", log.String(), want)
		}
	}
	if n := value[int64](t, conn, `SELECT count(*) FROM pg_constraint WHERE conname LIKE '%\_limit' AND NOT convalidated`); n != 3 {
		t.Errorf("got %d limits that are not valid, want 3", n)
	}
	if _, err := conn.Exec(t.Context(), `UPDATE core.users SET created_at = 'infinity'`); err == nil {
		t.Error("a new row may break a limit")
	}
	state, err := migrate.Verify(t.Context(), options(t, migrations.FS, db.OwnerURL))
	if err != nil || len(state.Problems) != 3 {
		t.Fatalf("verify: got %+v, %v, want the three limits", state.Problems, err)
	}
	for _, p := range state.Problems {
		if repair := strings.Join(p.Repair, "; "); !strings.Contains(repair, "VALIDATE CONSTRAINT") {
			t.Errorf("%s: got the repair %q, want one that validates", p.Message, repair)
		}
	}
	exec(t, conn, `UPDATE core.roles SET description = 'short', permissions = '{}', created_at = now();
		ALTER TABLE core.roles VALIDATE CONSTRAINT roles_description_limit; ALTER TABLE core.roles VALIDATE CONSTRAINT roles_permissions_limit;
		ALTER TABLE core.roles VALIDATE CONSTRAINT roles_created_at_limit`)
	if state, err := migrate.Verify(t.Context(), options(t, migrations.FS, db.OwnerURL)); err != nil || !state.Clean() {
		t.Errorf("verify after the repair: got %+v, %v", state.Problems, err)
	}
}

// TestAddressesThatDifferInCaseAreReported stops before anything is changed, names the users, and no address.
func TestAddressesThatDifferInCaseAreReported(t *testing.T) {
	t.Parallel()
	db := dbtest.Empty(t)
	o := options(t, migrations.FS, db.OwnerURL)
	o.To = beforeLimits
	if _, err := migrate.Up(t.Context(), o); err != nil {
		t.Fatal(err)
	}
	conn := connect(t, db.OwnerURL)
	exec(t, conn, tenantRow+`INSERT INTO core.users SELECT tenant_id, '01900000-0000-7000-8000-000000000004', version, created_at, updated_at, 'ADA@example.com', display_name FROM core.users`)
	o.To = ""
	_, err := migrate.Up(t.Context(), o)
	if err == nil || !strings.Contains(err.Error(), "users 01900000-0000-7000-8000-000000000003, 01900000-0000-7000-8000-000000000004") || strings.Contains(strings.ToLower(err.Error()), "ada@") {
		t.Fatalf("got %v, want both users' ids and no address", err)
	}
	if n := value[int64](t, conn, `SELECT count(*) FROM pg_constraint WHERE conname LIKE '%\_limit'`); n != 0 {
		t.Errorf("%d limits are there already", n)
	}
	exec(t, conn, `UPDATE core.users SET email = 'other@example.com' WHERE id = '01900000-0000-7000-8000-000000000004'`)
	if _, err := migrate.Up(t.Context(), o); err != nil {
		t.Errorf("after the repair: %v", err)
	}
	if n := value[int64](t, conn, `SELECT count(*) FROM core.users WHERE email IN ('Ada@example.com', 'other@example.com')`); n != 2 {
		t.Error("an address was lost")
	}
}
