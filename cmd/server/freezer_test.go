package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"

	"github.com/jackc/pgx/v5"

	"github.com/lockstep-dev/lockstep/internal/devdb"
)

// thawing has the processes that Postgres has started go on, then Postgres itself, once its input ends.
const thawing = `trap "" HUP INT QUIT TERM
read _
kill -s CONT $(ps -A -o pid= -o ppid= | awk -v of="$1" '$2 == of { print $1 }') "$1"`

// freeze stops every process of Postgres where it stands: connections stay open and are accepted, and nobody answers. So
// looks a host that hangs, or one that a failover has left behind. It returns what has Postgres go on: a process of its own,
// which does so as well when this one is killed. A Postgres that stands still does not hear that its parent is gone.
func freeze(ctx context.Context, postmaster int, owner *pgx.Conn) (thaw func() error, err error) {
	thawer := exec.Command("/bin/sh", "-c", thawing, "sh", strconv.Itoa(postmaster))
	thawer.SysProcAttr = &syscall.SysProcAttr{Setpgid: true} // who kills this process may kill its group
	alive, err := thawer.StdinPipe()
	if err != nil {
		return nil, err
	}
	if err := thawer.Start(); err != nil {
		return nil, err
	}
	thaw = sync.OnceValue(func() error { return errors.Join(alive.Close(), thawer.Wait()) })
	if err := syscall.Kill(postmaster, syscall.SIGSTOP); err != nil { // from now on there are no new ones
		return thaw, err
	}
	rows, err := owner.Query(ctx, `SELECT pid FROM pg_stat_activity ORDER BY pid = pg_backend_pid()`)
	if err != nil {
		return thaw, err
	}
	others, err := pgx.CollectRows(rows, pgx.RowTo[int])
	if err != nil {
		return thaw, err
	}
	for _, pid := range others {
		_ = syscall.Kill(pid, syscall.SIGSTOP) // one may have ended
	}
	return thaw, nil
}

// freezerVariable has the test binary be a process that freezes its Postgres, in this folder, and waits to be killed.
const freezerVariable = "LOCKSTEP_TEST_FREEZER"

func runFreezer(dir string) error {
	ctx := context.Background()
	cluster, err := devdb.Start(ctx, devdb.Options{Dir: dir, Log: os.Stderr})
	if err != nil {
		return err
	}
	owner, err := pgx.Connect(ctx, cluster.OwnerURL("postgres"))
	if err != nil {
		return err
	}
	postmaster, err := devdb.Postmaster(dir)
	if err != nil {
		return err
	}
	if _, err := freeze(ctx, postmaster, owner); err != nil {
		return err
	}
	fmt.Println("frozen")
	_, err = io.Copy(io.Discard, os.Stdin)
	return err
}

// TestFrozenPostgresEndsWithItsTest kills the process of a test while its Postgres stands still. Regression: the processes of
// such a Postgres were left behind, stopped, for good.
func TestFrozenPostgresEndsWithItsTest(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	program, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(program)
	cmd.Env = append(os.Environ(), freezerVariable+"="+dir)
	cmd.Stderr = t.Output()
	stdin, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = stdin.Close() }()
	stdout, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	said, err := bufio.NewReader(stdout).ReadString('\n')
	if said != "frozen\n" {
		t.Fatalf("got %q and %v", said, err)
	}
	postmaster, err := devdb.Postmaster(dir)
	if err != nil {
		t.Fatal(err)
	}
	state := func() string {
		out, _ := exec.Command("ps", "-o", "stat=", "-p", strconv.Itoa(postmaster)).Output()
		return strings.TrimSpace(string(out)) // empty when there is none
	}
	t.Cleanup(func() { _ = syscall.Kill(postmaster, syscall.SIGKILL) })
	if got := state(); !strings.HasPrefix(got, "T") {
		t.Fatalf("got a Postgres in state %q, want it stopped", got)
	}
	if err := cmd.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	_ = cmd.Wait()
	eventually(t, "Postgres has ended", func() bool { s := state(); return s == "" || strings.HasPrefix(s, "Z") })
}
