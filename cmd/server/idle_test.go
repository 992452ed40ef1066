package main

import (
	"fmt"
	"os"
	"regexp"
	"runtime"
	"strconv"
	"testing"
	"time"

	"github.com/lockstep-dev/lockstep/internal/dbtest"
)

// TestIdleMemory holds an idle server to 40 MB, and logs how long it took to become ready, which depends on the machine.
func TestIdleMemory(t *testing.T) {
	if runtime.GOOS != "linux" {
		return // where else this is asked differently, the figure is not the container's
	}
	w := newWorld(t, dbtest.New(t))
	if _, err := buildBinary(); err != nil {
		t.Fatal(err)
	}
	begin := time.Now()
	s := w.start(t, nil)
	s.ready(t)
	took := time.Since(begin)
	if a := s.do(t.Context(), "GET", "/v1/users", w.acme.token, ""); a.status != 200 {
		t.Fatalf("got %v", a)
	}
	status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", s.Pid()))
	if err != nil {
		t.Fatal(err)
	}
	found := regexp.MustCompile(`VmRSS:\s+(\d+) kB`).FindSubmatch(status)
	if found == nil {
		t.Fatalf("no resident set size in\n%s", status)
	}
	kilobytes, err := strconv.Atoi(string(found[1]))
	if err != nil {
		t.Fatal(err)
	}
	t.Logf("ready after %s, %.1f MB resident", took.Round(time.Millisecond), float64(kilobytes)/1000)
	if kilobytes > 40_000 {
		t.Errorf("an idle server takes %d kB, want 40 MB at most", kilobytes)
	}
}
