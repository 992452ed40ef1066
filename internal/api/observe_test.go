package api_test

import (
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"sync/atomic"
	"testing"
	"time"

	"github.com/lockstep-dev/lockstep/internal/api"
	"github.com/lockstep-dev/lockstep/internal/requestlog"
	"github.com/lockstep-dev/lockstep/internal/serving"
	"github.com/lockstep-dev/lockstep/openapi"
)

// counter is a meter.
type counter struct {
	begun, ended atomic.Int64
	last         atomic.Pointer[requestlog.Entry]
}

func (c *counter) RequestStarted() { c.begun.Add(1) }
func (c *counter) RequestEnded(e *requestlog.Entry, _ int, _ time.Duration) {
	c.ended.Add(1)
	c.last.Store(e)
}

// TestEveryRequestIsCountedUnderAKnownName sends what callers may make up, and wants no name of theirs.
func TestEveryRequestIsCountedUnderAKnownName(t *testing.T) {
	t.Parallel()
	meter := &counter{}
	direct := newStack(t)
	s := direct.replica(t, direct.appURL, "", func(c *api.Config) { c.Meter = meter })
	names, err := serving.Operations(openapi.Document)
	if err != nil {
		t.Fatal(err)
	}
	known := map[string]bool{}
	for _, name := range names {
		known[name] = true
	}
	for i, c := range []struct{ method, path, operation string }{
		{"GET", "/v1/users", "users.list"}, {"GET", "/v1/users/x", "users.get"}, {"POST", "/v1/users/x/deactivate", "users.deactivate"},
		{"GET", "/v1/me", "me.get"}, {"HEAD", "/v1/me", "me.get"}, {"HEAD", "/v1/users/x/deactivate", "unmatched"}, {"HEAD", "/livez", "livez"}, {"BREW", "/v1/me", "unmatched"}, {"GET", "/v1/nothing", "unmatched"}, {"GET", "//v1/users", "unmatched"},
		{"OPTIONS", "/v1/users", "preflight"}, {"GET", "/livez", "livez"}, {"GET", "/readyz", "readyz"}, {"GET", "/openapi.json", "contract"},
		{"GET", "/docs", "docs"}, {"GET", "/docs/x.js", "docs"}, {"GET", "/", "unmatched"}, {"GET", "/docsx", "unmatched"},
	} {
		s.do(t, call{method: c.method, path: c.path}) // without a token: known before anything can go wrong
		if got := meter.last.Load().Operation; got != c.operation || !known[got] {
			t.Errorf("%s %s: got operation %q, want %s, which Operations lists", c.method, c.path, got, c.operation)
		}
		if meter.begun.Load() != int64(i+1) || meter.ended.Load() != int64(i+1) {
			t.Errorf("%s %s: got %d begun and %d ended, want %d", c.method, c.path, meter.begun.Load(), meter.ended.Load(), i+1)
		}
	}
}

// TestMeteringAllocatesNothing compares the same request with and without a meter.
func TestMeteringAllocatesNothing(t *testing.T) {
	direct := newStack(t)
	allocations := func(meter serving.Meter) float64 {
		s := direct.replica(t, direct.appURL, "", func(c *api.Config) {
			c.Meter, c.Logger = meter, slog.New(requestlog.NewHandler(slog.NewJSONHandler(io.Discard, nil)))
		})
		request := httptest.NewRequest(http.MethodGet, "/v1/me", nil)
		return testing.AllocsPerRun(1000, func() { s.handler.ServeHTTP(httptest.NewRecorder(), request) })
	}
	without, with := allocations(nil), allocations(&counter{})
	if with > without+0.5 {
		t.Errorf("got %.1f allocations a request with a meter, want %.1f as without", with, without)
	}
}
