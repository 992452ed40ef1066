package devstack

import (
	"net"
	"slices"
	"strings"
	"testing"
)

func TestChoose(t *testing.T) {
	t.Parallel()
	taken, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = taken.Close() }()
	addr, note, err := choose(t.Context(), "LOCKSTEP_ADDR", "", taken.Addr().String())
	if err != nil || addr == taken.Addr().String() || !strings.Contains(note, "is taken") {
		t.Errorf("the preferred port is taken: got %q, %q, %v, want another one and a note", addr, note, err)
	}
	_, _, err = choose(t.Context(), "LOCKSTEP_ADDR", taken.Addr().String(), "127.0.0.1:0")
	if err == nil || !strings.HasPrefix(err.Error(), "LOCKSTEP_ADDR: ") {
		t.Errorf("the port the developer insists on is taken: got %v, want an error that names the variable", err)
	}
	addr, note, err = choose(t.Context(), "LOCKSTEP_ADDR", "", "127.0.0.1:0")
	if err != nil || note != "" || strings.HasSuffix(addr, ":0") {
		t.Errorf("got %q, %q, %v, want the preferred address", addr, note, err)
	}
}

func TestURLOf(t *testing.T) {
	t.Parallel()
	for addr, want := range map[string]string{
		"127.0.0.1:80": "http://127.0.0.1:80",
		":80":          "http://127.0.0.1:80",
		"0.0.0.0:80":   "http://127.0.0.1:80",
		"[::]:80":      "http://127.0.0.1:80",
		"[::1]:80":     "http://[::1]:80",
	} {
		if got, err := urlOf(addr); err != nil || got != want {
			t.Errorf("%s: got %q (%v), want %q", addr, got, err, want)
		}
	}
}

// A developer's own LOCKSTEP_DATABASE_URL, or its _FILE form, must not reach the server of the stack.
func TestEnvironmentReplaces(t *testing.T) {
	t.Parallel()
	base := []string{"HOME=/home/me", "LOCKSTEP_ADDR=theirs", "LOCKSTEP_ADDR_FILE=/theirs", "LOCKSTEP_LOG_LEVEL=debug"}
	got := environment(base, map[string]string{"LOCKSTEP_ADDR": "ours"})
	want := []string{"HOME=/home/me", "LOCKSTEP_LOG_LEVEL=debug", "LOCKSTEP_ADDR=ours"}
	if !slices.Equal(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
}
