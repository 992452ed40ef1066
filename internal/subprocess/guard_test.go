package subprocess

import (
	"os"
	"os/exec"
	"syscall"
	"testing"
)

// The guard that serves systems without a parent-death signal, tried on this one: its pipe ends with the parent.
func TestGuardSignalsWhenThePipeEnds(t *testing.T) {
	t.Parallel()
	// Not SIGINT: where the tests run as a shell's background job it is ignored, and no trap of a shell below changes that.
	cmd := exec.Command("/bin/sh", "-c", `trap "exit 7" TERM; echo ready; while :; do sleep 0.05; done`)
	stdout, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	if _, err := stdout.Read(make([]byte, 16)); err != nil {
		t.Fatal(err)
	}
	g, err := guardOf(cmd.Process.Pid, syscall.SIGTERM)
	if err != nil {
		t.Fatal(err)
	}
	if err := g.pipe.Close(); err != nil {
		t.Fatal(err)
	}
	if err := g.shell.Wait(); err != nil {
		t.Errorf("the guard: %v", err)
	}
	_ = cmd.Wait()
	if got := cmd.ProcessState.ExitCode(); got != 7 {
		t.Errorf("got exit code %d, want 7: the child was not signalled", got)
	}
}

// A guard that is released must not signal: the id may belong to another process by then.
func TestReleasedGuardDoesNotSignal(t *testing.T) {
	t.Parallel()
	g, err := guardOf(os.Getpid(), syscall.SIGKILL)
	if err != nil {
		t.Fatal(err)
	}
	g.release()
}
