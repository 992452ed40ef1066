package api_test

import (
	"context"
	"errors"
	"fmt"
	"regexp"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"github.com/lockstep-dev/lockstep/internal/pgproxy"
)

// fences are the ways in which the cross-tenant cases run: each fence must hold alone.
var fences = map[string]func(*testing.T, *stack) *stack{
	"both fences":                   func(_ *testing.T, s *stack) *stack { return s },
	"without row-level security":    withoutRowSecurity,
	"without the application's own": withoutApplicationFence,
}

func withoutRowSecurity(t *testing.T, s *stack) *stack {
	for _, table := range s.tables(t) {
		s.exec(t, `ALTER TABLE `+table+` NO FORCE ROW LEVEL SECURITY`)
		s.exec(t, `ALTER TABLE `+table+` DISABLE ROW LEVEL SECURITY`)
	}
	return s
}

// withoutApplicationFence takes every comparison with a tenant out of the statements on their way to Postgres.
func withoutApplicationFence(t *testing.T, s *stack) *stack {
	wire := pgproxy.New(t, s.appURL)
	wire.Rewrite(func(sql string) string {
		return tenantJoined.ReplaceAllString(tenantCompared.ReplaceAllString(sql, "($1::uuid IS NOT NULL)"), "true")
	})
	return s.replica(t, wire.URL, s.appURL)
}

var (
	tenantCompared = regexp.MustCompile(`(?:(?:\w+|"[^"]+")\.)*"?tenant_id"? = (\$\d+)`)
	tenantJoined   = regexp.MustCompile(`(?:(?:\w+|"[^"]+")\.)+"?tenant_id"? = (?:(?:\w+|"[^"]+")\.)+"?tenant_id"?`)
)

// TestNoTenantSeesThePlatformsRows asks the database as a tenant's session does, past the application, for what a request
// of the platform has left behind.
func TestNoTenantSeesThePlatformsRows(t *testing.T) {
	t.Parallel()
	s := newStack(t)
	s.check(t, call{
		method: "POST", path: "/v1/tenants", token: s.platform, status: 201, header: map[string]string{"Idempotency-Key": "once"},
		body: `{"name": "Initech", "slug": "initech", "administrator": {"email": "bill@initech.example", "displayName": "Bill"}}`,
	})
	s.exec(t, `INSERT INTO core.platform_tasks (id, name, holder, due_at, done_at) VALUES ($1, 'expired', $1, now(), now())`, newID())
	app, err := pgx.Connect(t.Context(), s.appURL)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = app.Close(context.Background()) }()
	tables := 0
	for _, table := range s.tables(t) {
		if !strings.Contains(table, "platform_") {
			continue
		}
		tables++
		rows := s.count(t, `SELECT count(*) FROM `+table)
		if rows == 0 {
			t.Errorf("%s is empty: nothing can be seen of it", table)
		}
		for session, want := range map[[2]string]int{{"", "on"}: rows, {s.acme.id.String(), ""}: 0, {"", ""}: 0} {
			if _, err := app.Exec(t.Context(), `SELECT set_config('app.tenant_id', $1, false), set_config('app.platform', $2, false)`, session[0], session[1]); err != nil {
				t.Fatal(err)
			}
			var got int
			if err := app.QueryRow(t.Context(), `SELECT count(*) FROM `+table).Scan(&got); err != nil || got != want {
				t.Errorf("%s: a session of tenant %q, platform %q sees %d rows, %v; want %d", table, session[0], session[1], got, err, want)
			}
		}
	}
	if tables == 0 {
		t.Error("there is no table of the platform")
	}
}

// TestATenantReadsAndLocksItsOwnRowOnly asks the database as a tenant's session does, past the application: its own row can
// be read, and locked as the rule about the last administrator does, and neither changed nor removed nor added to.
func TestATenantReadsAndLocksItsOwnRowOnly(t *testing.T) {
	t.Parallel()
	s := newStack(t)
	app, err := pgx.Connect(t.Context(), s.appURL)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = app.Close(context.Background()) }()
	// run answers how many rows the session reaches, or the SQLSTATE of its refusal.
	run := func(platform, sql string, args ...any) string {
		t.Helper()
		tx, err := app.Begin(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		defer func() { _ = tx.Rollback(context.Background()) }()
		if _, err := tx.Exec(t.Context(), `SELECT set_config('app.tenant_id', $1, true), set_config('app.platform', $2, true)`, s.acme.id.String(), platform); err != nil {
			t.Fatal(err)
		}
		tag, err := tx.Exec(t.Context(), sql, args...)
		var refused *pgconn.PgError
		if errors.As(err, &refused) {
			return refused.Code
		}
		if err != nil {
			t.Fatal(err)
		}
		return fmt.Sprint(tag.RowsAffected())
	}
	for _, c := range []struct{ platform, sql, want string }{
		{"", `SELECT FROM core.tenants`, "1"},
		{"", `SELECT FROM core.tenants WHERE id = $1`, "1"},
		{"", `SELECT FROM core.tenants WHERE id = $1 FOR NO KEY UPDATE`, "1"},
		{"", `UPDATE core.tenants SET name = 'Mine' WHERE id = $1`, "42501"},
		{"", `UPDATE core.tenants SET status = 'active', version = version + 1 WHERE id = $1`, "42501"},
		{"", `DELETE FROM core.tenants WHERE id = $1`, "0"},
		{"", `INSERT INTO core.tenants (id, name, slug, created_at, updated_at) VALUES (gen_random_uuid(), 'Mine', 'mine', now(), now())`, "42501"},
		{"on", `UPDATE core.tenants SET name = 'Theirs' WHERE id = $1`, "1"},
		{"on", `INSERT INTO core.tenants (id, name, slug, created_at, updated_at) VALUES (gen_random_uuid(), 'Mine', 'mine', now(), now())`, "1"},
	} {
		var args []any
		if strings.Contains(c.sql, "$1") {
			args = []any{s.acme.id}
		}
		if got := run(c.platform, c.sql, args...); got != c.want {
			t.Errorf("platform %q: %s: got %s, want %s", c.platform, c.sql, got, c.want)
		}
	}
}

// TestHolesAreSeen lowers everything that keeps tenants apart: each case of the test above must then fail, or it proves
// nothing about the fence that is left in it.
func TestHolesAreSeen(t *testing.T) {
	t.Parallel()
	s := newStack(t)
	ours, theirs := s.addSamples(t, s.acme), s.addSamples(t, s.globex)
	s.exec(t, `DO $$ DECLARE key record; BEGIN
		FOR key IN SELECT conrelid::regclass AS on_table, conname FROM pg_constraint WHERE contype = 'f' AND connamespace = 'core'::regnamespace LOOP
			EXECUTE format('ALTER TABLE %s DROP CONSTRAINT %I', key.on_table, key.conname);
		END LOOP; END $$`)
	s = withoutApplicationFence(t, withoutRowSecurity(t, s))
	for _, op := range everyOperation(t) {
		if !op.TenantOwned || op.Method == "POST" && !strings.Contains(op.Path, "{id}") && len(references(op)) == 0 {
			continue // a body without ids reaches nobody's rows
		}
		if len(s.leaks(t, op, ours, theirs)) == 0 {
			t.Errorf("%s: nothing is noticed without any fence", op.ID)
		}
	}
}
