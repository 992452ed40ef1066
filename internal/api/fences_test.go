package api_test

import (
	"regexp"
	"strings"
	"testing"

	"github.com/lockstep-dev/lockstep/internal/wiretest"
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
	wire := wiretest.New(t, s.appURL)
	wire.Rewrite(func(sql string) string {
		return tenantJoined.ReplaceAllString(tenantCompared.ReplaceAllString(sql, "($1::uuid IS NOT NULL)"), "true")
	})
	return s.replica(t, wire.URL, s.appURL)
}

var (
	tenantCompared = regexp.MustCompile(`(?:"?\w+"?\.)*"?tenant_id"? = (\$\d+)`)
	tenantJoined   = regexp.MustCompile(`(?:"?\w+"?\.)+"?tenant_id"? = (?:"?\w+"?\.)+"?tenant_id"?`)
)

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
