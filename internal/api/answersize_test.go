package api_test

import (
	"net/http"
	"net/http/httptest"
	"runtime"
	"runtime/debug"
	"runtime/metrics"
	"sync/atomic"
	"testing"
)

// size sends a GET and returns how many bytes it was answered, how many the process allocated for it, and how many of them
// were in use at once. The collector runs often meanwhile: what a page that did not fit leaves behind is not in use.
func (s *stack) size(t *testing.T, path, token string) (bytes int, allocated, held uint64) {
	t.Helper()
	defer debug.SetGCPercent(debug.SetGCPercent(5))
	allocated, held = ^uint64(0), ^uint64(0)
	for range 3 { // the first prepares statements, and others allocate meanwhile
		runtime.GC() // twice: what pools keep is part of an answer too
		runtime.GC()
		request := httptest.NewRequestWithContext(t.Context(), http.MethodGet, path, nil)
		request.Header.Set("Authorization", "Bearer "+token)
		answer := discard{header: http.Header{}}
		idle, stop := live(), watchLive()
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		s.handler.ServeHTTP(&answer, request)
		runtime.ReadMemStats(&after)
		if answer.code != http.StatusOK {
			t.Fatalf("%s: got %d, want 200", path, answer.code)
		}
		bytes, allocated, held = answer.bytes, min(allocated, after.TotalAlloc-before.TotalAlloc), min(held, max(stop(), idle)-idle)
	}
	return bytes, allocated, held
}

// live is how many bytes the last run of the collector found in use.
func live() uint64 {
	sample := []metrics.Sample{{Name: "/gc/heap/live:bytes"}}
	metrics.Read(sample)
	return sample[0].Value.Uint64()
}

// watchLive looks at live after each run of the collector, until stop, which returns the most it was.
func watchLive() (stop func() uint64) {
	var most atomic.Uint64
	var stopped atomic.Bool
	var watch func()
	watch = func() {
		runtime.SetFinalizer(&struct{ self *atomic.Uint64 }{&most}, func(any) {
			if !stopped.Load() {
				most.Store(max(most.Load(), live()))
				watch()
			}
		})
	}
	watch()
	return func() uint64 {
		stopped.Store(true)
		return max(most.Load(), live())
	}
}

// discard is a ResponseWriter that keeps nothing.
type discard struct {
	header http.Header
	code   int
	bytes  int
}

func (d *discard) Header() http.Header         { return d.header }
func (d *discard) WriteHeader(code int)        { d.code = code }
func (d *discard) Write(p []byte) (int, error) { d.bytes += len(p); return len(p), nil }
