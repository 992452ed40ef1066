package main

import (
	"net/http"
	"net/http/httptest"
	"testing"
)

// TestProfilesAreOffUnlessAskedFor asks the admin port for each of them.
func TestProfilesAreOffUnlessAskedFor(t *testing.T) {
	t.Parallel()
	metrics := http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusOK) })
	for _, profiles := range []bool{false, true} {
		admin := adminHandler(metrics, profiles)
		status := func(path string) int {
			recorder := httptest.NewRecorder()
			admin.ServeHTTP(recorder, httptest.NewRequest(http.MethodGet, path, nil))
			return recorder.Code
		}
		if got := status("/metrics"); got != http.StatusOK {
			t.Errorf("profiles %t: got %d for metrics", profiles, got)
		}
		want := map[bool]int{false: http.StatusNotFound, true: http.StatusOK}[profiles]
		for _, path := range []string{"/debug/pprof/", "/debug/pprof/cmdline", "/debug/pprof/heap", "/debug/pprof/allocs", "/debug/pprof/symbol"} {
			if got := status(path); got != want {
				t.Errorf("profiles %t: got %d for %s, want %d", profiles, got, path, want)
			}
		}
	}
}
