package devdb_test

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/lockstep-dev/lockstep/internal/devdb"
)

const helperVariable = "DEVDB_TEST_HELPER"

// TestMain lets the test binary play the process that starts a cluster, so that it can be killed.
func TestMain(m *testing.M) {
	if dir := os.Getenv(helperVariable); dir != "" {
		if err := help(dir); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		return
	}
	os.Exit(m.Run())
}

// ephemeral asks the helper for a temporary cluster instead of one in a folder.
const ephemeral = "ephemeral"

// help starts the cluster of dir, prints its server process and URL, and stops it when standard input ends. Like
// lockstep dev it survives an interrupt long enough to stop in order.
func help(dir string) error {
	signal.Ignore(syscall.SIGINT)
	options := devdb.Options{Dir: dir, Log: os.Stderr}
	if dir == ephemeral {
		options = devdb.Options{Ephemeral: true, Log: os.Stderr}
	}
	c, err := devdb.Start(context.Background(), options)
	if err != nil {
		return err
	}
	pid, err := devdb.Postmaster(filepath.Dir(c.LogFile()))
	if err != nil {
		return err
	}
	has, err := c.HasDatabase(context.Background(), "core")
	if err != nil {
		return err
	}
	if !has {
		if err := c.CreateDatabase(context.Background(), "core"); err != nil {
			return err
		}
	}
	fmt.Println(pid, c.OwnerURL("core"))
	_, err = io.Copy(io.Discard, os.Stdin)
	return errors.Join(err, c.Stop())
}

// helper is a running helper process. Closing stdin stops it.
type helper struct {
	*exec.Cmd
	stdin  io.Closer
	stdout *bufio.Reader
}

// startHelper starts the test binary as a process of its own that starts the cluster of dir.
func startHelper(t *testing.T, dir string, attr *syscall.SysProcAttr, program string) *helper {
	t.Helper()
	if program == "" {
		program = executable(t)
	}
	cmd := exec.Command(program)
	cmd.Dir = "/"
	cmd.Env = append(os.Environ(), helperVariable+"="+dir)
	cmd.Stderr = t.Output()
	cmd.SysProcAttr = attr
	stdin, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	stdout, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
	})
	return &helper{Cmd: cmd, stdin: stdin, stdout: bufio.NewReader(stdout)}
}

// ready waits until the helper's cluster is up and returns the server's process id and the URL of its database.
func (h *helper) ready(t *testing.T) (pid int, url string) {
	t.Helper()
	line, err := h.stdout.ReadString('\n')
	if err != nil {
		t.Fatalf("the helper ended: %v", err)
	}
	first, url, _ := strings.Cut(strings.TrimSpace(line), " ")
	if pid, err = strconv.Atoi(first); err != nil {
		t.Fatalf("the helper said %q", line)
	}
	return pid, url
}

// kill ends the helper the hard way.
func (h *helper) kill(t *testing.T) {
	t.Helper()
	if err := h.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	_ = h.Wait()
}

// eventually polls until done says so.
func eventually(t *testing.T, what string, done func() bool) {
	t.Helper()
	for end := time.Now().Add(3 * time.Minute); !done(); {
		if time.Now().After(end) {
			t.Fatalf("waited in vain for: %s", what)
		}
		time.Sleep(5 * time.Millisecond)
	}
}

// running says whether a process exists and is not a zombie.
func running(pid int) bool {
	out, err := exec.Command("ps", "-o", "stat=", "-p", strconv.Itoa(pid)).Output()
	return err == nil && !strings.HasPrefix(strings.TrimSpace(string(out)), "Z")
}

// executable is the test binary.
func executable(t *testing.T) string {
	t.Helper()
	path, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	return path
}
