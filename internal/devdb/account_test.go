package devdb_test

import (
	"io"
	"os"
	"path/filepath"
	"strconv"
	"syscall"
	"testing"

	"github.com/lockstep-dev/lockstep/internal/devdb"
)

// nobody is the unprivileged user id the tests lend when they run as root.
const nobody = 65534

// A checkout in /root, or under a umask of 077: the account Postgres runs as may not enter the folders above its data.
func TestFolderClosedToOthers(t *testing.T) {
	t.Parallel()
	closed := filepath.Join(t.TempDir(), "closed")
	if err := os.Mkdir(closed, 0o700); err != nil {
		t.Fatal(err)
	}
	c := start(t, devdb.Options{Dir: filepath.Join(closed, "checkout", ".lockstep", "postgres")})
	if err := c.CreateDatabase(t.Context(), "core"); err != nil {
		t.Fatal(err)
	}
	// New connections are new processes, which have to find the folder too.
	run(t, c.OwnerURL("core"), "CREATE TABLE note ()", "SELECT pg_relation_size('note')")
	info, err := os.Stat(closed)
	if err != nil || info.Mode().Perm() != 0o700 {
		t.Errorf("the closed folder now has mode %v (%v)", info.Mode(), err)
	}
}

// Root lends the test binary to an ordinary user; an ordinary user is one already.
func TestOrdinaryUser(t *testing.T) {
	if os.Geteuid() != 0 {
		start(t, devdb.Options{Ephemeral: true})
		return
	}
	// Not t.TempDir: its parents may be closed to others.
	home, err := os.MkdirTemp("/tmp", "devdb-test-*")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(home) })
	program := filepath.Join(home, "program")
	copyProgram(t, executable(t), program)
	if err := os.Chown(home, nobody, nobody); err != nil {
		t.Fatal(err)
	}
	attr := &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: nobody, Gid: nobody}}
	dir := filepath.Join(home, "cluster")
	// What root has fetched is not in the user's cache.
	t.Setenv("LOCKSTEP_POSTGRES_BIN", programs(t))
	h := startHelper(t, dir, attr, program)
	pid, url := h.ready(t)
	if got, want := query[string](t, url, "SELECT current_user"), "core_owner"; got != want {
		t.Errorf("got user %q, want %q", got, want)
	}
	info, err := os.Stat(filepath.Join(dir, "data"))
	if err != nil {
		t.Fatal(err)
	}
	if got := info.Sys().(*syscall.Stat_t).Uid; got != nobody {
		t.Errorf("the data belongs to user id %d, want %d", got, nobody)
	}
	h.kill(t)
	eventually(t, "the server to end", func() bool { return !running(pid) })

	// Later as root, e.g. after sudo: the data keeps its owner.
	c := start(t, devdb.Options{Dir: dir})
	if got, want := query[string](t, c.OwnerURL("core"), "SELECT current_user"), "core_owner"; got != want {
		t.Errorf("as root: got user %q, want %q", got, want)
	}
}

// programs is the folder of the Postgres that tests run on.
func programs(t *testing.T) string {
	t.Helper()
	c := start(t, devdb.Options{Ephemeral: true})
	pid, err := devdb.Postmaster(filepath.Dir(c.LogFile()))
	if err != nil {
		t.Fatal(err)
	}
	program, err := os.Readlink(filepath.Join("/proc", strconv.Itoa(pid), "exe"))
	if err != nil {
		t.Fatal(err)
	}
	return filepath.Dir(program)
}

func copyProgram(t *testing.T, from, to string) {
	t.Helper()
	src, err := os.Open(from)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = src.Close() }()
	dst, err := os.OpenFile(to, os.O_CREATE|os.O_WRONLY, 0o755)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := io.Copy(dst, src); err != nil {
		t.Fatal(err)
	}
	if err := dst.Close(); err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod(filepath.Dir(to), 0o755); err != nil {
		t.Fatal(err)
	}
}
