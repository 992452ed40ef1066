package devdb

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"
)

// makeCluster makes a cluster, stops it, and returns its folder and the account its data belongs to.
func makeCluster(t *testing.T) (dir string, run account, bin binaries) {
	t.Helper()
	dir = t.TempDir()
	c, err := Start(t.Context(), Options{Dir: dir, Log: t.Output()})
	if err != nil {
		t.Fatal(err)
	}
	if err := c.Stop(); err != nil {
		t.Fatal(err)
	}
	bin = found(t)
	if run, err = accountFor(dir); err != nil {
		t.Fatal(err)
	}
	if run, err = run.reaching(dir); err != nil {
		t.Fatal(err)
	}
	return dir, run, bin
}

// spawn runs a program as the account until the test ends.
func spawn(t *testing.T, run account, name string, args ...string) *exec.Cmd {
	t.Helper()
	cmd := run.command(name, args...)
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
	})
	return cmd
}

// Postgres alone refuses here: "lock file "postmaster.pid" already exists. Is another postmaster running?"
func TestRecycledProcessID(t *testing.T) {
	t.Parallel()
	dir, run, _ := makeCluster(t)
	other := spawn(t, run, "/bin/sleep", "600")
	path := filepath.Join(dir, "data", "postmaster.pid")
	stale := fmt.Sprintf("%d\n%s\n1700000000\n5432\n\n127.0.0.1\n  1234567     12345\nready   \n", other.Process.Pid, filepath.Join(dir, "data"))
	if err := os.WriteFile(path, []byte(stale), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := run.give(path); err != nil {
		t.Fatal(err)
	}
	c, err := Start(t.Context(), Options{Dir: dir, Log: t.Output()})
	if err != nil {
		t.Fatal(err)
	}
	if err := c.Stop(); err != nil {
		t.Error(err)
	}
	if got := standingOf(other.Process.Pid, dir); got != foreign {
		t.Errorf("the program that got the id: got standing %d, want %d (alive)", got, foreign)
	}
}

func TestTornProcessFile(t *testing.T) {
	t.Parallel()
	dir, run, _ := makeCluster(t)
	path := filepath.Join(dir, "data", "postmaster.pid")
	if err := os.WriteFile(path, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := run.give(path); err != nil {
		t.Fatal(err)
	}
	c, err := Start(t.Context(), Options{Dir: dir, Log: t.Output()})
	if err != nil {
		t.Fatal(err)
	}
	if err := c.Stop(); err != nil {
		t.Error(err)
	}
}

// A server of this folder that nobody stops, e.g. because its parent's death went unnoticed.
func TestRunningServerOfTheFolderIsStopped(t *testing.T) {
	t.Parallel()
	dir, run, bin := makeCluster(t)
	port, err := FreePort(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	old := spawn(t, run, bin.program("postgres"), "-D", filepath.Join(dir, "data"), "-p", strconv.Itoa(port), "-c", "unix_socket_directories=")
	ctx, cancel := context.WithTimeout(t.Context(), 3*time.Minute)
	defer cancel()
	for ready := false; !ready; {
		if ctx.Err() != nil {
			t.Fatal("the old server never became ready")
		}
		raw, err := os.ReadFile(filepath.Join(dir, "data", "postmaster.pid"))
		ready = err == nil && strings.Contains(string(raw), "ready")
	}
	c, err := Start(t.Context(), Options{Dir: dir, Log: t.Output()})
	if err != nil {
		t.Fatal(err)
	}
	if err := c.Stop(); err != nil {
		t.Error(err)
	}
	if err := old.Wait(); err != nil {
		t.Errorf("the old server was not shut down in order: %v", err)
	}
}
