package subprocess_test

import (
	"bufio"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/lockstep-dev/lockstep/internal/subprocess"
)

const helperVariable = "CHILD_TEST_HELPER"

// TestMain lets the test binary play the parent that is killed.
func TestMain(m *testing.M) {
	if mode := os.Getenv(helperVariable); mode != "" {
		help(mode == "group")
		return
	}
	os.Exit(m.Run())
}

// family is a shell that has started a process of its own; it prints both ids.
const family = `sleep 600 & echo $$ $!; wait`

// help starts a family and waits for its own death.
func help(group bool) {
	cmd := exec.Command("/bin/sh", "-c", family)
	cmd.Stdout = os.Stdout
	if _, err := subprocess.Start(cmd, subprocess.Options{Group: group}); err != nil {
		fmt.Println(err)
		os.Exit(1)
	}
	_, _ = io.Copy(io.Discard, os.Stdin)
}

// start starts a command whose output the test reads.
func start(t *testing.T, o subprocess.Options, script string) (*subprocess.Process, *bufio.Reader) {
	t.Helper()
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command("/bin/sh", "-c", script)
	cmd.Stdout = w
	p, err := subprocess.Start(cmd, o)
	if err != nil {
		t.Fatal(err)
	}
	_ = w.Close()
	t.Cleanup(func() {
		_ = p.Signal(syscall.SIGKILL)
		_ = r.Close()
	})
	return p, bufio.NewReader(r)
}

// ids reads a line of process ids.
func ids(t *testing.T, r *bufio.Reader) []int {
	t.Helper()
	line, err := r.ReadString('\n')
	if err != nil {
		t.Fatalf("read the process ids: %v", err)
	}
	var pids []int
	for _, field := range strings.Fields(line) {
		pid, err := strconv.Atoi(field)
		if err != nil {
			t.Fatalf("the child said %q", line)
		}
		pids = append(pids, pid)
	}
	return pids
}

// waitGone polls until a process has ended.
func waitGone(t *testing.T, pid int) {
	t.Helper()
	for end := time.Now().Add(3 * time.Minute); ; time.Sleep(5 * time.Millisecond) {
		out, err := exec.Command("ps", "-o", "stat=", "-p", strconv.Itoa(pid)).Output()
		if err != nil || strings.HasPrefix(strings.TrimSpace(string(out)), "Z") {
			return
		}
		if time.Now().After(end) {
			t.Fatalf("process %d still runs", pid)
		}
	}
}

func TestEndsWithKilledParent(t *testing.T) {
	t.Parallel()
	for name, members := range map[string]int{"alone": 1, "group": 2} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			program, err := os.Executable()
			if err != nil {
				t.Fatal(err)
			}
			parent := exec.Command(program)
			parent.Env = append(os.Environ(), helperVariable+"="+name)
			stdin, err := parent.StdinPipe()
			if err != nil {
				t.Fatal(err)
			}
			defer func() { _ = stdin.Close() }()
			stdout, err := parent.StdoutPipe()
			if err != nil {
				t.Fatal(err)
			}
			if err := parent.Start(); err != nil {
				t.Fatal(err)
			}
			pids := ids(t, bufio.NewReader(stdout))
			t.Cleanup(func() { _ = syscall.Kill(pids[1], syscall.SIGKILL) })
			if err := parent.Process.Kill(); err != nil {
				t.Fatal(err)
			}
			_ = parent.Wait()
			for _, pid := range pids[:members] {
				waitGone(t, pid)
			}
		})
	}
}

func TestStopGroup(t *testing.T) {
	t.Parallel()
	p, out := start(t, subprocess.Options{Group: true}, family)
	pids := ids(t, out)
	killed, err := p.Stop(3*time.Minute, syscall.SIGTERM)
	if killed || err != nil {
		t.Errorf("got killed=%t and %v, want an orderly stop", killed, err)
	}
	for _, pid := range pids {
		waitGone(t, pid)
	}
}

func TestStopKillsWhoDoesNotListen(t *testing.T) {
	t.Parallel()
	p, out := start(t, subprocess.Options{}, `trap "" TERM; echo $$; while :; do sleep 0.05; done`)
	ids(t, out)
	killed, err := p.Stop(50*time.Millisecond, syscall.SIGTERM)
	if !killed || err != nil {
		t.Errorf("got killed=%t and %v, want killed", killed, err)
	}
	if p.Err() == nil {
		t.Error("got no error from a killed child")
	}
}

func TestErrTellsTheExitCode(t *testing.T) {
	t.Parallel()
	p, _ := start(t, subprocess.Options{}, "exit 3")
	<-p.Done()
	if got, want := fmt.Sprint(p.Err()), "exit status 3"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
	if err := p.Signal(syscall.SIGTERM); err != nil {
		t.Errorf("signal a child that has ended: %v", err)
	}
}

func TestStartReportsMissingProgram(t *testing.T) {
	t.Parallel()
	if _, err := subprocess.Start(exec.Command("/nonexistent/program"), subprocess.Options{}); err == nil {
		t.Error("got no error")
	}
}
