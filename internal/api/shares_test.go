package api_test

import (
	"context"
	"fmt"
	"net/http"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/lockstep-dev/lockstep/internal/admission"
	"github.com/lockstep-dev/lockstep/internal/api"
	"github.com/lockstep-dev/lockstep/internal/pg"
)

// TestOneTenantLeavesConnectionsToOthers floods the server with one tenant's requests, which wait on a lock that the test
// holds. "300 PATCHes waiting for one tenant's row lock" took 3 of 10 requests of another tenant down, with 503.
func TestOneTenantLeavesConnectionsToOthers(t *testing.T) {
	t.Parallel()
	const conns, share, line, flood = 10, 8, 20, 300
	for _, test := range []struct {
		name, lock string // what the owner does in a transaction that it leaves open
		request    func(s *stack) call
		done       int
	}{
		{"transactions", `UPDATE core.users SET version = version WHERE tenant_id = $1 AND email = 'member@example.com'`, func(s *stack) call {
			return call{method: http.MethodPatch, path: "/v1/users/" + s.acme.member.id.String(), token: s.acme.admin.token, body: `{"displayName": "Changed"}`}
		}, 200},
		// Waits until the other row with its name is there or not.
		{"statements", `INSERT INTO core.roles (tenant_id, id, name, permissions, version, created_at, updated_at)
			VALUES ($1, gen_random_uuid(), 'Taken', '{}', 1, now(), now())`, func(s *stack) call {
			return call{method: http.MethodPost, path: "/v1/roles", token: s.acme.admin.token, body: `{"name": "Taken", "permissions": []}`}
		}, 409},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			first := newStack(t)
			db, err := pg.Open(t.Context(), pg.Config{URL: first.appURL, MaxConns: conns, MaxWaiting: 2 * line, MaxWait: time.Hour})
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(db.Close)
			s := first.replica(t, first.appURL, first.appURL, func(c *api.Config) { c.DB, c.RequestTimeout = db, time.Hour })
			s.check(t, call{path: "/v1/users", token: s.acme.admin.token, status: 200}) // its grants are known
			s.check(t, call{path: "/v1/users", token: s.globex.member.token, status: 200})
			watch := watcher(t, s)

			s.exec(t, "BEGIN")
			s.exec(t, test.lock, s.acme.id)
			answers := make(chan answer, flood)
			for range flood {
				go func() { answers <- s.do(t, test.request(s)) }()
			}
			for range flood - share - line {
				if a := <-answers; a.status != http.StatusServiceUnavailable || a.body["code"] != "unavailable" || a.header.Get("Retry-After") == "" {
					t.Fatalf("got %d %s, want those beyond the share refused with Retry-After", a.status, a.text)
				}
			}
			for watch() < share {
				time.Sleep(time.Millisecond)
			}
			for n := range 200 {
				s.check(t, call{path: "/v1/users", token: s.globex.member.token, status: 200})
				if n%10 != 0 {
					continue
				}
				s.check(t, call{method: http.MethodPatch, path: "/v1/users/" + s.globex.member.id.String(), token: s.globex.admin.token,
					body: fmt.Sprintf(`{"displayName": "Number %d"}`, n), status: 200})
				s.check(t, call{path: "/v1/tenants", token: s.platform, status: 200})
				s.check(t, call{path: "/readyz", status: 200})
				if got := watch(); got != share {
					t.Errorf("got %d of the tenant's backends, want its share of %d", got, share)
				}
			}
			s.exec(t, "COMMIT")
			for range share + line {
				if a := <-answers; a.status != test.done {
					t.Errorf("got %d %s for one that waited, want %d", a.status, a.text, test.done)
				}
			}
		})
	}
}

// TestOneTenantsCostlyReadsLeaveTheDatabaseToOthers floods the server with one tenant's reads, which the database does not
// finish. "300 searches at once" made other tenants' requests 25 times as slow, with eight of them at work on two processors.
func TestOneTenantsCostlyReadsLeaveTheDatabaseToOthers(t *testing.T) {
	t.Parallel()
	const conns, share, seats, line, flood = 10, 8, 2, 20, 100
	s := newStack(t)
	s.exec(t, `CREATE FUNCTION core.held() RETURNS boolean LANGUAGE plpgsql AS $$ BEGIN
		PERFORM pg_advisory_lock_shared(42), pg_advisory_unlock_shared(42); RETURN true; END $$`)
	s.exec(t, `CREATE POLICY held ON core.roles AS RESTRICTIVE FOR SELECT TO core_app USING (name <> 'Held' OR core.held())`)
	s.check(t, call{method: http.MethodPost, path: "/v1/roles", token: s.acme.admin.token, body: `{"name": "Held", "permissions": []}`, status: 201})
	ours, others := call{path: "/v1/roles", token: s.acme.admin.token}, call{path: "/v1/roles", token: s.globex.admin.token, status: 200}
	for _, test := range []struct {
		name    string
		others  bool
		running int
	}{{"others ask", true, seats}, {"alone", false, share}} {
		t.Run(test.name, func(t *testing.T) {
			db, err := pg.Open(t.Context(), pg.Config{URL: s.appURL, MaxConns: conns, MaxWaiting: 2 * flood, MaxWait: time.Hour})
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(db.Close)
			now := time.Now() // stands still: what others ask is never long ago
			s := s.replica(t, s.appURL, s.appURL, func(c *api.Config) {
				c.DB, c.RequestTimeout = db, time.Hour
				c.Admission = admission.Limits{Seats: seats, Waiting: line, MaxWait: time.Hour, Now: func() time.Time { return now }}
			})
			if test.others {
				s.check(t, others)
			}
			watch := watcher(t, s)
			s.exec(t, "SELECT pg_advisory_lock(42)")
			defer s.exec(t, "SELECT pg_advisory_unlock_all()") // also when the test has failed: others wait for it
			answers := make(chan answer, flood)
			for range flood {
				go func() { answers <- s.do(t, ours) }()
			}
			waited := flood
			if test.others {
				for waited = seats + line; len(answers) < flood-waited; {
					if got := watch(); got > seats {
						t.Fatalf("%d reads run, want %d", got, seats)
					}
				}
			}
			for watch() < test.running {
				time.Sleep(time.Millisecond)
			}
			if test.others {
				for n := range 200 {
					s.check(t, others)
					s.check(t, call{path: "/readyz", status: 200})
					if got := watch(); got != seats {
						t.Fatalf("after %d requests of another tenant %d reads of the first run, want %d", n, got, seats)
					}
				}
			}
			s.exec(t, "SELECT pg_advisory_unlock(42)")
			counts := map[int]int{}
			for range flood {
				a := <-answers
				if counts[a.status]++; a.status == http.StatusServiceUnavailable && (a.body["code"] != "unavailable" || a.header.Get("Retry-After") == "") {
					t.Errorf("got %s, want a refusal with Retry-After", a.text)
				}
			}
			if counts[200] != waited || counts[503] != flood-waited {
				t.Errorf("got %v, want %d answered and %d refused", counts, waited, flood-waited)
			}
		})
	}
}

// watcher returns what counts the backends of the application that wait for a lock.
func watcher(t *testing.T, s *stack) func() int {
	t.Helper()
	conn, err := pgx.Connect(t.Context(), s.appURL)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close(context.Background()) })
	return func() (n int) {
		t.Helper()
		if err := conn.QueryRow(t.Context(), `SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND datname = current_database()`).Scan(&n); err != nil {
			t.Fatal(err)
		}
		return n
	}
}
