package main

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/prometheus/prometheus/model/rulefmt"

	"github.com/lockstep-dev/lockstep/internal/config"
	"github.com/lockstep-dev/lockstep/internal/devissuer"
)

const (
	// nobody is an issuer that cannot be reached.
	nobody = "http://127.0.0.1:1"
	// quota is how many requests a caller may send: more than the others of the test do.
	quota = 200
)

// TestRulesAndDashboardAgainstServedMetrics runs a server into each of the faults that alerts are for. Every alert has to
// fire on its own fault, and none while all is well; every expression of rules and dashboard has to select what is served.
func TestRulesAndDashboardAgainstServedMetrics(t *testing.T) {
	t.Parallel()
	var refuse atomic.Bool
	receiver := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		if refuse.Load() {
			w.WriteHeader(http.StatusBadRequest)
		}
	}))
	t.Cleanup(receiver.Close)
	s := startServer(t, config.Environment{
		"LOCKSTEP_OIDC_ISSUERS": "ISSUER any-tenant platform," + nobody + " any-tenant", "OTEL_EXPORTER_OTLP_ENDPOINT": receiver.URL,
		"LOCKSTEP_DATABASE_MAX_CONNS": "2", "LOCKSTEP_DATABASE_MAX_WAITING": "10", "LOCKSTEP_DATABASE_MAX_WAIT": "1m",
		"LOCKSTEP_RATE_LIMIT_PRINCIPAL": fmt.Sprintf("%d/1h", quota),
	})
	recording, alerts := readRules(t)
	untried := map[string]bool{}
	for _, a := range alerts {
		untried[a.Alert] = true
	}
	// try judges what Prometheus would see: exactly the named alerts fire, besides those that may.
	try := func(fault string, before, after map[string]sample, want ...string) {
		t.Helper()
		data, _, end := history(before, after)
		data = data.record(t, recording, end.Add(-20*interval), end)
		firing := firing(t, data, alerts, end)
		for _, name := range want {
			delete(untried, name)
			if !firing[name] {
				t.Errorf("%s: %s does not fire; got %v", fault, name, firing)
			}
		}
		if len(want) == 0 && len(firing) > 0 {
			t.Errorf("%s: got %v firing, want none", fault, firing)
		}
	}
	scrape := func() map[string]sample { return parseMetrics(t, s.scrape(t)) }
	user := "/v1/users/" + s.user.String()

	first := until(t, scrape, "the issuers were asked for their keys", func(now map[string]sample) bool {
		return sum(now, "lockstep_auth_key_fetches_total") >= 2
	})
	try("an issuer that cannot be reached", nil, first, "LockstepKeysNotFetched")

	before := scrape()
	for range 5 {
		s.call(t, 200, "GET", "/v1/users", "")
		s.call(t, 200, "GET", user, "")
	}
	for range 2 {
		s.call(t, 201, "POST", "/v1/roles", `{"name": "Reader", "permissions": ["users:read"]}`, "Idempotency-Key", "one")
	}
	s.call(t, 404, "GET", "/v1/users/"+newID().String(), "")
	until(t, scrape, "spans were exported", func(now map[string]sample) bool { return sum(now, "lockstep_traces_exports_total") > 0 })
	try("all is well", before, scrape())

	before = scrape()
	s.wire.Down()
	for range 3 {
		s.call(t, 503, "GET", user, "")
	}
	after := until(t, scrape, "it is not ready", func(now map[string]sample) bool { return sum(now, "lockstep_ready") == 0 })
	try("no database", before, after, "LockstepErrorBudgetBurnsFast", "LockstepErrorBudgetBurnsSlowly", "LockstepNotReady")
	s.wire.Up()
	until(t, scrape, "it is ready again", func(now map[string]sample) bool { return sum(now, "lockstep_ready") == 1 })

	s.call(t, 200, "GET", user, "") // what the caller may do is known: nobody waits for that below
	before = scrape()
	during := locked(t, s, 6, http.StatusOK, func() map[string]sample {
		return until(t, scrape, "requests wait for a connection", func(now map[string]sample) bool { return sum(now, "lockstep_db_pool_waiting") >= 2 })
	})
	try("a locked table, while it is", before, during, "LockstepPoolSaturated")
	try("a locked table", before, scrape(), "LockstepLatencyBudgetBurnsFast", "LockstepLatencyBudgetBurnsSlowly")

	before = scrape()
	locked(t, s, 30, 0, func() map[string]sample {
		return until(t, scrape, "statements are refused", func(now map[string]sample) bool {
			return sum(now, "lockstep_db_pool_shed_total") > sum(before, "lockstep_db_pool_shed_total")
		})
	})
	try("more requests than may wait", before, scrape(), "LockstepLoadShed")

	platform := s.signed(t, devissuer.TokenRequest{ClientID: "busy", Scopes: []string{"platform"}})
	untilRefused := func() {
		for range 2 * quota { // which grows while they are sent
			if strings.Contains(s.call(t, 0, "GET", "/v1/tenants", "", "Authorization", "Bearer "+platform), `"rate_limited"`) {
				return
			}
		}
		t.Fatal("a caller is never refused")
	}
	untilRefused()
	before = scrape()
	untilRefused()
	try("a caller beyond its quota", before, scrape(), "LockstepCallersRateLimited")

	before = scrape()
	const revisions = "atlas_schema_revisions.atlas_schema_revisions"
	newest := buildVersion().Revision
	applied := func(change func(float64) bool) map[string]sample {
		return until(t, scrape, "it sees the revision", func(now map[string]sample) bool {
			return change(sum(now, "lockstep_schema_revision_applied") - sum(now, "lockstep_schema_revision_embedded"))
		})
	}
	s.exec(t, "UPDATE "+revisions+" SET version = '20000101000000' WHERE version = $1", newest)
	after = applied(func(ahead float64) bool { return ahead < 0 })
	try("a migration that was not applied", before, after, "LockstepSchemaBehind", "LockstepNotReady")
	s.exec(t, "UPDATE "+revisions+" SET version = '29990101000000' WHERE version = '20000101000000'")
	after = applied(func(ahead float64) bool { return ahead > 0 })
	try("a migration of the next release", before, after, "LockstepSchemaAhead")
	s.exec(t, "UPDATE "+revisions+" SET version = $1 WHERE version = '29990101000000'", newest)
	applied(func(ahead float64) bool { return ahead == 0 })

	before = scrape()
	s.exec(t, "UPDATE "+revisions+" SET applied = 0 WHERE version = $1", newest)
	after = applied(func(ahead float64) bool { return ahead < 0 })
	try("a migration that failed half way", before, after, "LockstepSchemaBehind", "LockstepNotReady")
	s.exec(t, "UPDATE "+revisions+" SET applied = total WHERE version = $1", newest)
	applied(func(ahead float64) bool { return ahead == 0 })

	before = scrape()
	// Another server has both tasks, and does nothing.
	s.exec(t, `INSERT INTO core.platform_tasks (id, name, holder, due_at, done_at)
		SELECT gen_random_uuid(), name, gen_random_uuid(), now() + interval '1 hour', now() - interval '11 minutes' FROM unnest('{expired,tenants}'::text[]) AS name
		ON CONFLICT (name) DO UPDATE SET holder = excluded.holder, due_at = excluded.due_at, done_at = excluded.done_at`)
	try("expired rows that nobody removes", before, scrape(), "LockstepRetentionBehind")
	s.exec(t, "UPDATE core.platform_tasks SET done_at = now()")
	stuck := newID()
	s.exec(t, "INSERT INTO core.tenants (id, name, slug, deleting_since, created_at, updated_at) VALUES ($1, 'Stuck', 'stuck', now() - interval '61 minutes', now(), now())", stuck)
	try("a tenant that does not go", before, scrape(), "LockstepTenantDeletionStuck")
	s.exec(t, "DELETE FROM core.tenants WHERE id = $1", stuck)

	before = scrape()
	s.exec(t, "ALTER TABLE core.roles RENAME TO roles_elsewhere")
	s.call(t, 500, "GET", "/v1/roles", "")
	s.exec(t, "ALTER TABLE core.roles_elsewhere RENAME TO roles")
	try("a fault of the server", before, scrape(), "LockstepInternalErrors")

	before = scrape()
	expired := s.signed(t, devissuer.TokenRequest{TenantID: s.tenant, UserID: s.user, Lifetime: -time.Hour})
	s.call(t, 401, "GET", user, "", "Authorization", "Bearer "+expired)
	try("expired tokens", before, scrape(), "LockstepTokensRefused")

	before = scrape()
	other, err := devissuer.New(devissuer.Options{IssuerURL: nobody})
	if err != nil {
		t.Fatal(err)
	}
	unverifiable, err := other.Token(devissuer.TokenRequest{TenantID: s.tenant, UserID: s.user})
	if err != nil {
		t.Fatal(err)
	}
	s.call(t, 503, "GET", user, "", "Authorization", "Bearer "+unverifiable)
	try("tokens of an issuer that cannot be reached", before, scrape(), "LockstepIssuerUnavailable")

	before = scrape()
	refuse.Store(true)
	s.call(t, 200, "GET", user, "")
	after = until(t, scrape, "an export failed", func(now map[string]sample) bool { return sum(now, "lockstep_traces_export_failures_total") > 0 })
	try("spans that cannot be sent", before, after, "LockstepTracesDropped")

	try("no server", nil, nil, "LockstepAbsent")
	for name := range untried {
		t.Errorf("%s: no fault was tried that it is for", name)
	}

	data, _, end := history(first, scrape())
	data = data.record(t, recording, end.Add(-20*interval), end)
	expressions := dashboardExpressions(t)
	for _, r := range append(recording, alerts...) {
		expressions["rule "+r.Record+r.Alert] = r.Expr
	}
	if len(expressions) < 40 {
		t.Errorf("got %d expressions, want those of rules and dashboard", len(expressions))
	}
	for where, expr := range expressions {
		for _, missing := range unserved(data, expr) {
			t.Errorf("%s: %s is not served", where, missing)
		}
		if _, err := evaluate(data, expr, end, end); err != nil {
			t.Errorf("%s: %v", where, err)
		}
	}
	// The check itself, on mistakes people make.
	for expr, missing := range map[string]string{
		`rate(lockstep_http_request_total[5m])`:                               "lockstep_http_request_total",
		`rate(lockstep_http_requests_total{class="error"}[5m])`:               `class="error"`,
		`rate(lockstep_http_request_duration_seconds_bucket{le="0.2"}[5m])`:   `le="0.2"`,
		`sum by (tenant) (rate(lockstep_http_requests_total[5m]))`:            "label tenant",
		`lockstep:http_errors:ratio_rate2m > 1`:                               "ratio_rate2m",
		`sum by (operation) (rate(lockstep_http_requests_total[5m])`:          "parse error",
		`absent(lockstep_builds_info)`:                                        "lockstep_builds_info",
		`lockstep_ready == 0 and on (instance) lockstep_drains == 0`:          "lockstep_drains",
		`increase(lockstep_http_requests_total{operation="users.lists"}[5m])`: "users.lists",
	} {
		if got := strings.Join(unserved(data, expr), "\n"); !strings.Contains(got, missing) {
			t.Errorf("%s: got %q, want %q named", expr, got, missing)
		}
	}
}

// firing returns the alerts that fire at the end: whose condition has held for long enough.
func firing(t *testing.T, data series, alerts []rulefmt.Rule, end time.Time) map[string]bool {
	t.Helper()
	out := map[string]bool{}
	for _, a := range alerts {
		start := end.Add(-time.Duration(a.For))
		matrix, err := evaluate(data, a.Expr, start, end)
		if err != nil {
			t.Fatalf("%s: %v", a.Alert, err)
		}
		steps := int(end.Sub(start)/interval) + 1
		for _, one := range matrix {
			if len(one.Floats) == steps {
				out[a.Alert] = true
			}
		}
	}
	return out
}

// until scrapes until a condition holds, and returns that scrape.
func until(t *testing.T, scrape func() map[string]sample, what string, holds func(map[string]sample) bool) map[string]sample {
	t.Helper()
	for deadline := time.Now().Add(patience); ; time.Sleep(20 * time.Millisecond) {
		now := scrape()
		if holds(now) {
			return now
		}
		if time.Now().After(deadline) {
			t.Fatalf("waited in vain until %s", what)
		}
	}
}

func sum(samples map[string]sample, name string) (total float64) {
	for _, s := range samples {
		if s.labels.Get("__name__") == name {
			total += s.value
		}
	}
	return total
}

// locked sends so many requests to a table that is locked for over 250 ms, wants this status of each, and returns what do did
// meanwhile.
func locked(t *testing.T, s *running, count, want int, do func() map[string]sample) map[string]sample {
	t.Helper()
	s.exec(t, "BEGIN")
	s.exec(t, "LOCK TABLE core.users IN ACCESS EXCLUSIVE MODE")
	var requests sync.WaitGroup
	for range count {
		requests.Go(func() { s.call(t, want, "GET", fmt.Sprintf("/v1/users/%s", s.user), "") })
	}
	out := do()
	time.Sleep(300 * time.Millisecond) // those that do has seen wait for so long at least
	s.exec(t, "COMMIT")
	requests.Wait()
	return out
}
