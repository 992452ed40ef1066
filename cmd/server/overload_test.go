package main

import (
	"fmt"
	"net"
	"strings"
	"sync"
	"testing"

	"github.com/google/uuid"

	"github.com/lockstep-dev/lockstep/internal/config"
	"github.com/lockstep-dev/lockstep/internal/dbtest"
)

// patches changes the user so many times at once.
func patches(t *testing.T, s *server, token string, id uuid.UUID, times int) <-chan answer {
	t.Helper()
	answers := make(chan answer, times)
	for range times {
		go func() {
			answers <- s.do(t.Context(), "PATCH", "/v1/users/"+id.String(), token, `{"displayName":"Changed"}`)
		}()
	}
	return answers
}

// TestFullPoolSheds has more requests of a tenant wait than may, for the two connections that are its share of four: those
// beyond are refused at once, the others served as soon as there is a connection, and the server stays in service.
func TestFullPoolSheds(t *testing.T) {
	t.Parallel()
	w := newWorld(t, dbtest.New(t))
	s := w.start(t, config.Environment{
		"LOCKSTEP_DATABASE_MAX_CONNS": "4", "LOCKSTEP_DATABASE_MAX_WAITING": "6", "LOCKSTEP_DATABASE_MAX_WAIT": "5m", "LOCKSTEP_REQUEST_TIMEOUT": "10m",
	})
	s.ready(t)
	id, unlock := w.lockedUser(t)
	const all, served = 20, 2 + 3
	answers := patches(t, s, w.acme.token, id, all)
	for range all - served {
		if a := <-answers; a.status != 503 || a.code() != "unavailable" || a.header.Get("Retry-After") == "" {
			t.Errorf("got %v, want 503 with Retry-After", a)
		}
	}
	if a := s.do(t.Context(), "GET", "/readyz", "", ""); a.status != 200 {
		t.Errorf("got %v, want a busy server to stay in service", a)
	}
	if metrics := parseMetrics(t, scrapeOf(t, s.admin)); sum(metrics, "lockstep_ready") != 1 || sum(metrics, "lockstep_schema_revision_applied") == 0 {
		t.Error("lockstep_ready says no of a busy server, where /readyz says yes")
	}
	for _, counter := range []string{"lockstep_db_pool_shed_total", "lockstep_db_pool_shed_by_share_total"} {
		if got := sum(parseMetrics(t, scrapeOf(t, s.admin)), counter); got < all-served {
			t.Errorf("got %s %v, want %d at least", counter, got, all-served)
		}
	}
	unlock()
	changed := 0
	for range served {
		// One that waited may be refused with its next statement, should others be in the queue by then.
		if a := <-answers; a.status == 200 {
			changed++
		} else if a.status != 503 {
			t.Errorf("got %v, want 200 or 503 for those that waited", a)
		}
	}
	if changed < 2 {
		t.Errorf("%d requests were served, want at least those that had a connection", changed)
	}
}

// TestBusyServerStaysInService has a probe wait in a queue that is not full, for longer than a probe may.
func TestBusyServerStaysInService(t *testing.T) {
	t.Parallel()
	w := newWorld(t, dbtest.New(t))
	s := w.start(t, config.Environment{"LOCKSTEP_DATABASE_MAX_CONNS": "1", "LOCKSTEP_DATABASE_MAX_WAIT": "5m", "LOCKSTEP_REQUEST_TIMEOUT": "10m"})
	s.ready(t)
	id, unlock := w.lockedUser(t)
	answers := patches(t, s, w.acme.token, id, 3)
	w.waiting(t, 1)
	scrape := func() map[string]sample { return parseMetrics(t, scrapeOf(t, s.admin)) }
	before, waits := scrape(), "lockstep_db_pool_cancelled_acquires_total"
	eventually(t, "two probes have waited in vain", func() bool {
		if a := s.do(t.Context(), "GET", "/readyz", "", ""); a.status != 200 {
			t.Fatalf("got %v, want a busy server to stay in service", a)
		}
		return sum(scrape(), waits) >= sum(before, waits)+2
	})
	metrics := scrape()
	if sum(metrics, "lockstep_ready") != 1 {
		t.Error("lockstep_ready says no of a busy server, where /readyz says yes")
	}
	if shed := "lockstep_db_pool_shed_total"; sum(metrics, shed) != sum(before, shed) {
		t.Error("probes are counted as load that was shed")
	}
	unlock()
	for range cap(answers) {
		if a := <-answers; a.status != 200 {
			t.Errorf("got %v, want 200", a)
		}
	}
}

// TestWaitForAConnectionHasAnEnd has requests wait for a connection that never comes.
func TestWaitForAConnectionHasAnEnd(t *testing.T) {
	t.Parallel()
	w := newWorld(t, dbtest.New(t))
	s := w.start(t, config.Environment{"LOCKSTEP_DATABASE_MAX_CONNS": "1", "LOCKSTEP_DATABASE_MAX_WAIT": "2s", "LOCKSTEP_REQUEST_TIMEOUT": "10m"})
	s.ready(t)
	id, unlock := w.lockedUser(t)
	first := make(chan answer, 1)
	patch := func() answer {
		return s.do(t.Context(), "PATCH", "/v1/users/"+id.String(), w.acme.token, `{"displayName":"Changed"}`)
	}
	go func() { first <- patch() }()
	w.waiting(t, 1)
	if a := patch(); a.status != 503 || a.code() != "unavailable" {
		t.Errorf("got %v, want 503 long before the request's own time is over", a)
	}
	unlock()
	if a := <-first; a.status != 200 {
		t.Errorf("got %v, want 200", a)
	}
}

// TestSlowClientsDoNotStopOthers keeps 1,000 connections open, each in the middle of a request.
func TestSlowClientsDoNotStopOthers(t *testing.T) {
	t.Parallel()
	w := newWorld(t, dbtest.New(t))
	s := w.start(t, config.Environment{"LOCKSTEP_REQUEST_TIMEOUT": "10m", "LOCKSTEP_RATE_LIMIT_PRINCIPAL": "none", "LOCKSTEP_RATE_LIMIT_TENANT": "none"})
	s.ready(t)
	const slow = 1000
	conns := make([]net.Conn, slow)
	var wg sync.WaitGroup
	for n := range slow {
		wg.Go(func() {
			conn, err := net.Dial("tcp", strings.TrimPrefix(s.url, "http://"))
			if err != nil {
				t.Error(err)
				return
			}
			conns[n] = conn
			// With their headers in, they may take the whole request timeout for the body.
			_, err = fmt.Fprintf(conn, "POST /v1/users HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer %s\r\nContent-Type: application/json\r\nContent-Length: 1000\r\n\r\n{", w.acme.token)
			if err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	t.Cleanup(func() {
		for _, conn := range conns {
			if conn != nil {
				_ = conn.Close()
			}
		}
	})
	for range 50 {
		if a := s.do(t.Context(), "GET", "/v1/users", w.acme.token, ""); a.status != 200 {
			t.Fatalf("got %v with %d slow clients, want 200", a, slow)
		}
	}
	if a := s.do(t.Context(), "POST", "/v1/users", w.acme.token, `{"email":"quick@example.com","displayName":"Quick"}`); a.status != 201 {
		t.Errorf("got %v, want 201", a)
	}
	s.ready(t)
}

// TestRateLimits sends more than a principal may, and more than a tenant may.
func TestRateLimits(t *testing.T) {
	t.Parallel()
	w := newWorld(t, dbtest.New(t))
	other := w.addTenant(t, "globex")
	for _, test := range []struct{ principal, tenant, says, policy string }{
		{"3/1h", "none", "You have sent too many requests", `"principal";q=3;w=3600`},
		{"none", "3/1h", "Your tenant has sent too many requests", `"tenant";q=3;w=3600`},
	} {
		s := w.start(t, config.Environment{"LOCKSTEP_RATE_LIMIT_PRINCIPAL": test.principal, "LOCKSTEP_RATE_LIMIT_TENANT": test.tenant})
		for n := range 4 {
			a := s.do(t.Context(), "GET", "/v1/users", w.acme.token, "")
			if got := a.header.Get("RateLimit-Policy"); got != test.policy {
				t.Errorf("got RateLimit-Policy %q, want %q", got, test.policy)
			}
			left := fmt.Sprintf(";r=%d;", max(0, 2-n))
			if got := a.header.Get("RateLimit"); !strings.Contains(got, left) {
				t.Errorf("request %d: got RateLimit %q, want %q in it", n+1, got, left)
			}
			detail, _ := a.body["detail"].(string)
			switch {
			case n < 3 && a.status != 200:
				t.Errorf("request %d: got %v, want 200", n+1, a)
			case n == 3 && (a.status != 429 || a.code() != "rate_limited" || a.header.Get("Retry-After") == "" || !strings.Contains(detail, test.says)):
				t.Errorf("request %d: got %v with Retry-After %q, want 429 that says %q", n+1, a, a.header.Get("Retry-After"), test.says)
			}
		}
		if a := s.do(t.Context(), "GET", "/v1/users", other.token, ""); a.status != 200 {
			t.Errorf("another tenant: got %v, want 200", a)
		}
		for range 5 {
			if a := s.do(t.Context(), "GET", "/readyz", "", ""); a.status != 200 || a.header.Get("RateLimit") != "" {
				t.Errorf("a probe: got %v, want it not counted", a)
			}
			if a := s.do(t.Context(), "GET", "/v1/users", "nonsense", ""); a.status != 401 || a.header.Get("RateLimit") != "" {
				t.Errorf("without a valid token: got %v, want 401 and nothing told", a)
			}
		}
	}
}
