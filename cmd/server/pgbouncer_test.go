package main

import (
	"fmt"
	"sync"
	"testing"

	"github.com/lockstep-dev/lockstep/internal/config"
	"github.com/lockstep-dev/lockstep/internal/dbtest"
)

// TestBehindPgBouncer serves two tenants at once over three server connections that are shared transaction by transaction:
// everything works, and nobody sees the other's rows.
func TestBehindPgBouncer(t *testing.T) {
	t.Parallel()
	t.Run("as configured", func(t *testing.T) {
		t.Parallel()
		serveBehind(t, dbtest.BehindPooler, "--database-pgbouncer")
	})
	// PgBouncer from 1.21 on can be set up to take a session's settings, and is forgotten in the server's more easily.
	t.Run("as recognised", func(t *testing.T) {
		t.Parallel()
		serveBehind(t, dbtest.BehindLenientPooler)
	})
}

func serveBehind(t *testing.T, through func(testing.TB, string) string, flags ...string) {
	t.Helper()
	w := newWorld(t, dbtest.New(t))
	globex := w.addTenant(t, "globex")
	s := w.start(t, config.Environment{
		"LOCKSTEP_DATABASE_URL": through(t, w.database.AppURL), "LOCKSTEP_DATABASE_LISTEN_URL": w.database.AppURL,
		"LOCKSTEP_RATE_LIMIT_PRINCIPAL": "none", "LOCKSTEP_RATE_LIMIT_TENANT": "none",
	}, flags...)
	s.ready(t)
	var wg sync.WaitGroup
	for name, tenant := range map[string]member{"acme": w.acme, "globex": globex} {
		for n := range 4 {
			wg.Go(func() {
				for i := range 10 {
					if err := roundTrip(t, s, tenant, name, fmt.Sprintf("%s-%d-%d@example.com", name, n, i)); err != nil {
						t.Error(err)
						return
					}
				}
			})
		}
	}
	wg.Wait()
	var wrong int
	if err := w.owner.QueryRow(t.Context(), `SELECT count(*) FROM core.users WHERE display_name LIKE 'of %' AND display_name <> 'of ' || (SELECT slug FROM core.tenants t WHERE t.id = tenant_id)`).Scan(&wrong); err != nil {
		t.Fatal(err)
	}
	if wrong != 0 {
		t.Errorf("%d rows are in another tenant than their writer", wrong)
	}
}

// roundTrip creates, reads, changes, lists and deletes a user.
func roundTrip(t *testing.T, s *server, m member, tenant, email string) error {
	created := s.do(t.Context(), "POST", "/v1/users", m.token, fmt.Sprintf(`{"email":%q,"displayName":"of %s"}`, email, tenant), "Idempotency-Key", email)
	id, _ := created.body["id"].(string)
	if created.status != 201 || created.body["tenantId"] != m.tenant.String() {
		return fmt.Errorf("create: got %v", created)
	}
	path := "/v1/users/" + id
	if a := s.do(t.Context(), "GET", path, m.token, ""); a.status != 200 || a.body["email"] != email {
		return fmt.Errorf("get: got %v", a)
	}
	if a := s.do(t.Context(), "PATCH", path, m.token, fmt.Sprintf(`{"displayName":"of %s"}`, tenant), "If-Match", created.header.Get("ETag")); a.status != 200 {
		return fmt.Errorf("update: got %v", a)
	}
	list := s.do(t.Context(), "GET", "/v1/users?limit=200", m.token, "")
	rows, _ := list.body["data"].([]any)
	if list.status != 200 || len(rows) == 0 {
		return fmt.Errorf("list: got %v", list)
	}
	for _, row := range rows {
		if row.(map[string]any)["tenantId"] != m.tenant.String() {
			return fmt.Errorf("list: got a row of another tenant: %v", row)
		}
	}
	if len(email)%2 == 0 {
		if a := s.do(t.Context(), "DELETE", path, m.token, ""); a.status != 204 {
			return fmt.Errorf("delete: got %v", a)
		}
	}
	return nil
}
