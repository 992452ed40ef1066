package main

import (
	"strings"
	"syscall"
	"testing"

	"github.com/lockstep-dev/lockstep/internal/config"
	"github.com/lockstep-dev/lockstep/internal/dbtest"
)

// TestDrain ends a server while it works: it says that it is not ready and goes on serving, then stops accepting, answers
// what it has begun, and exits with 0.
func TestDrain(t *testing.T) {
	t.Parallel()
	w := newWorld(t, dbtest.New(t))
	s := w.start(t, config.Environment{"LOCKSTEP_SHUTDOWN_DELAY": "10s", "LOCKSTEP_SHUTDOWN_TIMEOUT": "5m"})
	s.ready(t)

	const flying = 6
	id, unlock := w.lockedUser(t)
	answers := make(chan answer, flying)
	for range flying {
		go func() {
			answers <- s.do(t.Context(), "PATCH", "/v1/users/"+id.String(), w.acme.token, `{"displayName":"Changed"}`)
		}()
	}
	w.waiting(t, flying)
	if err := s.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	eventually(t, "the server is not ready", func() bool {
		a := s.do(t.Context(), "GET", "/readyz", "", "")
		if a.status == 0 {
			t.Fatalf("it stopped accepting before it said that it is not ready: %v", a.err)
		}
		return a.status == 503 && a.body["reason"] == "shutting down"
	})
	a := s.do(t.Context(), "GET", "/v1/users", w.acme.token, "")
	if a.status != 200 || !a.closes {
		t.Errorf("while draining: got %v and closes %t, want to be served, and to be told to go elsewhere", a, a.closes)
	}
	eventually(t, "the server stops accepting", func() bool { return !s.accepts() })
	if len(answers) != 0 {
		t.Fatalf("got an answer from behind the lock: %v", <-answers)
	}
	unlock()
	for range flying {
		if a := <-answers; a.status != 200 {
			t.Errorf("in flight: got %v, want 200", a)
		}
	}
	if code := s.ended(t); code != 0 {
		t.Errorf("got exit code %d, want 0", code)
	}
}

// TestDrainHasAnEnd keeps a request from ever ending: the server cuts it off, and says so.
func TestDrainHasAnEnd(t *testing.T) {
	t.Parallel()
	w := newWorld(t, dbtest.New(t))
	s := w.start(t, config.Environment{"LOCKSTEP_SHUTDOWN_TIMEOUT": "100ms", "LOCKSTEP_REQUEST_TIMEOUT": "10m"})
	s.ready(t)
	id, unlock := w.lockedUser(t)
	defer unlock()
	done := make(chan answer, 1)
	go func() {
		done <- s.do(t.Context(), "PATCH", "/v1/users/"+id.String(), w.acme.token, `{"displayName":"Changed"}`)
	}()
	w.waiting(t, 1)
	if err := s.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	if code := s.ended(t); code != 1 || !strings.Contains(s.said(), "requests were still in flight after 100ms") {
		t.Errorf("got exit code %d, want 1 with the reason", code)
	}
	if a := <-done; a.status == 200 {
		t.Errorf("got %v for a change that was not made", a)
	}
}

// TestStartsWithoutADatabase shows that liveness does not depend on one, and that a server finds it by itself.
func TestStartsWithoutADatabase(t *testing.T) {
	t.Parallel()
	w := newWorld(t, dbtest.New(t))
	s := w.start(t, config.Environment{"LOCKSTEP_DATABASE_URL": "postgres://core_app:x@127.0.0.1:1/nowhere"})
	if a := s.do(t.Context(), "GET", "/livez", "", ""); a.status != 200 {
		t.Errorf("live: got %v, want 200", a)
	}
	if a := s.do(t.Context(), "GET", "/readyz", "", ""); a.status != 503 || !strings.Contains(a.String(), "is it up") {
		t.Errorf("ready: got %v, want 503 with the reason", a)
	}
	if a := s.do(t.Context(), "GET", "/v1/users", w.acme.token, ""); a.status != 503 || a.code() != "unavailable" || a.header.Get("Retry-After") == "" {
		t.Errorf("an operation: got %v, want 503 with Retry-After", a)
	}
}

// TestOwnerIsRefused gives the server a role that row-level security does not hold.
func TestOwnerIsRefused(t *testing.T) {
	t.Parallel()
	w := newWorld(t, dbtest.New(t))
	s := w.start(t, config.Environment{"LOCKSTEP_DATABASE_URL": w.database.OwnerURL})
	if code := s.ended(t); code != 1 || !strings.Contains(s.said(), "connect as core_app") {
		t.Errorf("got exit code %d, want 1 with what to do:\n%s", code, s.said())
	}
}
