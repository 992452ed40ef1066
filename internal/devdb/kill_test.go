package devdb_test

import (
	"path/filepath"
	"syscall"
	"testing"

	"github.com/lockstep-dev/lockstep/internal/devdb"
)

func TestServerEndsWithKilledParentAndKeepsData(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	h := startHelper(t, dir, nil, "")
	pid, url := h.ready(t)
	run(t, url, "CREATE TABLE note (body text)", "INSERT INTO note VALUES ('kept')")
	h.kill(t)
	// The next start does not wait for the old server to be gone.
	c := start(t, devdb.Options{Dir: dir})
	if got, want := query[string](t, c.OwnerURL("core"), "SELECT body FROM note"), "kept"; got != want {
		t.Errorf("after SIGKILL: got %q, want %q", got, want)
	}
	if running(pid) {
		t.Errorf("the killed process' server %d still runs", pid)
	}
}

func TestServerEndsWithKilledParentByItself(t *testing.T) {
	t.Parallel()
	h := startHelper(t, t.TempDir(), nil, "")
	pid, _ := h.ready(t)
	h.kill(t)
	eventually(t, "the server to end", func() bool { return !running(pid) })
}

// Ctrl-C goes to the whole foreground group of a terminal: the server must outlive it until it is stopped in order.
func TestServerOutlivesInterruptOfTheGroup(t *testing.T) {
	t.Parallel()
	h := startHelper(t, t.TempDir(), &syscall.SysProcAttr{Setpgid: true}, "")
	_, url := h.ready(t)
	if err := syscall.Kill(-h.Process.Pid, syscall.SIGINT); err != nil {
		t.Fatal(err)
	}
	run(t, url, "CREATE TABLE after_interrupt ()")
	if err := h.stdin.Close(); err != nil {
		t.Fatal(err)
	}
	if err := h.Wait(); err != nil {
		t.Errorf("the helper did not stop in order: %v", err)
	}
}

// Killed while initdb is at work, at moments told by what is in the folder.
func TestKilledWhileMakingTheCluster(t *testing.T) {
	t.Parallel()
	for name, moment := range map[string]string{
		"empty folder":  "init-*",
		"configuration": "init-*/data/postgresql.conf",
		"catalog":       "init-*/data/base/1/PG_VERSION",
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			dir := killedAt(t, moment)
			c := start(t, devdb.Options{Dir: dir})
			if got := query[int](t, c.OwnerURL("postgres"), "SELECT 1"); got != 1 {
				t.Errorf("got %d, want 1", got)
			}
			left, err := filepath.Glob(filepath.Join(dir, "init-*"))
			if err != nil || len(left) != 0 {
				t.Errorf("left behind: %v (%v)", left, err)
			}
		})
	}
}

// killedAt returns the folder of a cluster whose maker was killed when a file appeared, before the cluster was complete.
// On a busy machine the moment may pass unseen; then it tries again.
func killedAt(t *testing.T, moment string) (dir string) {
	t.Helper()
	for range 5 {
		dir = t.TempDir()
		data := filepath.Join(dir, "data")
		h := startHelper(t, dir, nil, "")
		eventually(t, moment, func() bool { return exists(t, filepath.Join(dir, moment)) || exists(t, data) })
		h.kill(t)
		if !exists(t, data) {
			return dir
		}
	}
	t.Fatalf("the cluster was always complete before the kill at %s: this test proves nothing", moment)
	return ""
}

func exists(t *testing.T, pattern string) bool {
	t.Helper()
	found, err := filepath.Glob(pattern)
	if err != nil {
		t.Fatal(err)
	}
	return len(found) > 0
}

// The next temporary cluster clears away those of processes that were killed, and leaves the others alone.
func TestLeftTemporaryClustersAreRemoved(t *testing.T) {
	// A temporary directory of its own: other tests make temporary clusters at the same time.
	tmp := t.TempDir()
	t.Setenv("TMPDIR", tmp)
	living := startHelper(t, ephemeral, nil, "")
	_, livingURL := living.ready(t)
	killed := startHelper(t, ephemeral, nil, "")
	killed.ready(t)
	killed.kill(t)
	if got := len(clusters(t, tmp)); got != 2 {
		t.Fatalf("before the next start: got %d temporary clusters, want 2", got)
	}
	c := start(t, devdb.Options{Ephemeral: true})
	if got := len(clusters(t, tmp)); got != 2 {
		t.Errorf("after the next start: got %d temporary clusters, want the living one's and its own", got)
	}
	run(t, livingURL, "SELECT 1")
	if err := c.Stop(); err != nil {
		t.Fatal(err)
	}
	if got := len(clusters(t, tmp)); got != 1 {
		t.Errorf("after its stop: got %d temporary clusters, want the living one's", got)
	}
}

func clusters(t *testing.T, dir string) []string {
	t.Helper()
	found, err := filepath.Glob(filepath.Join(dir, "lockstep-postgres-*", "lock"))
	if err != nil {
		t.Fatal(err)
	}
	return found
}
