package devseed_test

import (
	"os"
	"regexp"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/jackc/pgx/v5"

	"github.com/lockstep-dev/lockstep/internal/dbtest"
	"github.com/lockstep-dev/lockstep/internal/devseed"
)

func TestMain(m *testing.M) { os.Exit(dbtest.Main(m)) }

// connect returns the owner's connection to a migrated database of the test's own.
func connect(t *testing.T) *pgx.Conn {
	t.Helper()
	conn, err := pgx.Connect(t.Context(), dbtest.New(t).OwnerURL)
	if err != nil {
		t.Fatal(err)
	}
	return conn
}

func apply(t *testing.T, conn *pgx.Conn) devseed.Summary {
	t.Helper()
	s, err := devseed.Apply(t.Context(), conn)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func value[T any](t *testing.T, conn *pgx.Conn, sql string) T {
	t.Helper()
	var v T
	if err := conn.QueryRow(t.Context(), sql).Scan(&v); err != nil {
		t.Fatalf("%s: %v", sql, err)
	}
	return v
}

func TestApply(t *testing.T) {
	t.Parallel()
	conn := connect(t)
	if diff := cmp.Diff(devseed.Summary{Applied: true, Tenants: 2, Users: 50}, apply(t, conn)); diff != "" {
		t.Errorf("summary (-want +got):\n%s", diff)
	}
	// A manager of a manager of a manager.
	const depth = `WITH RECURSIVE tree AS (
		SELECT tenant_id, id, 0 AS above FROM core.users WHERE manager_id IS NULL
		UNION ALL SELECT u.tenant_id, u.id, above + 1 FROM core.users u JOIN tree t ON (u.tenant_id, u.manager_id) = (t.tenant_id, t.id)
	) SELECT min(deepest) FROM (SELECT max(above) AS deepest FROM tree GROUP BY tenant_id) per_tenant`
	if got := value[int](t, conn, depth); got != 3 {
		t.Errorf("got managers %d levels deep, want 3", got)
	}
	if got := value[int](t, conn, `SELECT count(*) / 2 FROM core.roles`); got != 5 {
		t.Errorf("got %d roles per tenant, want 5", got)
	}
	if got := value[int](t, conn, `SELECT count(*) FROM core.users u WHERE NOT EXISTS (SELECT FROM core.user_roles g WHERE g.user_id = u.id)`); got != 0 {
		t.Errorf("got %d users without a role, want none", got)
	}
	if got := value[int](t, conn, `SELECT count(*) FROM core.users WHERE id::text !~ '^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab]'`); got != 0 {
		t.Errorf("got %d ids that are no UUIDv7, want none", got)
	}
	emails := value[[]string](t, conn, `SELECT array_agg(email) FROM core.users`)
	valid := regexp.MustCompile(`^[a-z.-]+\.[a-z-]+@(acme|globex)\.example$`)
	for _, email := range emails {
		if !valid.MatchString(email) {
			t.Errorf("got the e-mail address %q", email)
		}
	}
}

func TestApplyKeepsTheDevelopersChanges(t *testing.T) {
	t.Parallel()
	conn := connect(t)
	apply(t, conn)
	const edit = `UPDATE core.users SET display_name = 'Edited' WHERE email = 'ingrid.halvorsen@acme.example'`
	if _, err := conn.Exec(t.Context(), edit); err != nil {
		t.Fatal(err)
	}
	if _, err := conn.Exec(t.Context(), `DELETE FROM core.user_roles; DELETE FROM core.roles`); err != nil {
		t.Fatal(err)
	}
	if s := apply(t, conn); s.Applied {
		t.Error("the seed was applied again")
	}
	if got := value[int](t, conn, `SELECT count(*) FROM core.users WHERE display_name = 'Edited'`); got != 1 {
		t.Errorf("got %d edited users, want 1", got)
	}
	if got := value[int](t, conn, `SELECT count(*) FROM core.roles`); got != 0 {
		t.Errorf("got %d roles back, want none", got)
	}
}

func TestApplyIsAllOrNothing(t *testing.T) {
	t.Parallel()
	conn := connect(t)
	// The last statements fail: grants are refused.
	if _, err := conn.Exec(t.Context(), `ALTER TABLE core.user_roles ADD CONSTRAINT planted CHECK (granted_by_id IS NULL)`); err != nil {
		t.Fatal(err)
	}
	if _, err := devseed.Apply(t.Context(), conn); err == nil {
		t.Fatal("got no error from a refused grant")
	}
	if got := value[int](t, conn, `SELECT (SELECT count(*) FROM core.tenants) + (SELECT count(*) FROM core.users)`); got != 0 {
		t.Errorf("got %d rows after a failed seed, want none", got)
	}
}

func TestSameRowsInEveryDatabase(t *testing.T) {
	t.Parallel()
	const rows = `SELECT array_agg(u::text ORDER BY u.id) FROM core.users u`
	one, two := connect(t), connect(t)
	apply(t, one)
	apply(t, two)
	if diff := cmp.Diff(value[[]string](t, one, rows), value[[]string](t, two, rows)); diff != "" {
		t.Errorf("two databases differ:\n%s", diff)
	}
}

func TestAccounts(t *testing.T) {
	t.Parallel()
	conn := connect(t)
	apply(t, conn)
	accounts, err := devseed.Accounts(t.Context(), conn)
	if err != nil {
		t.Fatal(err)
	}
	got := make([]string, 0, len(accounts))
	for _, a := range accounts {
		got = append(got, a.Tenant+" "+a.Role)
	}
	want := []string{"acme administrator", "acme member", "globex administrator", "globex member"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("accounts (-want +got):\n%s", diff)
	}
	if _, err := conn.Exec(t.Context(), `UPDATE core.users SET status = 'inactive' WHERE id = $1`, accounts[0].UserID); err != nil {
		t.Fatal(err)
	}
	accounts, err = devseed.Accounts(t.Context(), conn)
	if err != nil {
		t.Fatal(err)
	}
	if len(accounts) != 3 || accounts[0].Role != "member" {
		t.Errorf("after the first was deactivated: got %v, want the other three", accounts)
	}
}
