package subprocess

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"strconv"
	"syscall"
)

// guard is a shell that outlives this process by a moment, to end what it leaves. It waits for the end of a pipe whose
// other end only this process holds: the kernel closes that when this process dies, whatever killed it.
type guard struct {
	shell *exec.Cmd
	pipe  *os.File
}

// ownGroup makes a guard signal its own process group.
const ownGroup = "0"

// startGuard starts a guard that leads a process group of its own and sends sig to the target (kill(1)) at this process'
// end. A child put into the guard's group is under guard from its first moment on, with all that it starts.
func startGuard(sig syscall.Signal, target string) (*guard, error) {
	read, write, err := os.Pipe()
	if err != nil {
		return nil, fmt.Errorf("start a guard: %w", err)
	}
	defer func() { _ = read.Close() }()
	// It ignores what its group is sent when the child is stopped in order.
	const script = `trap "" HUP INT QUIT TERM; read _; kill -s "$1" -- "$2"`
	sh := exec.CommandContext(context.Background(), "/bin/sh", "-c", script, "sh", signalName(sig), target)
	sh.Stdin = read
	sh.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	if err := sh.Start(); err != nil {
		_ = write.Close()
		return nil, fmt.Errorf("start a guard: %w", err)
	}
	return &guard{shell: sh, pipe: write}, nil
}

// group is the process group the guard leads. Its id stays taken until the guard is released.
func (g *guard) group() int { return g.shell.Process.Pid }

// release ends the guard without a signal to its target.
func (g *guard) release() {
	// Killed before the pipe is closed: the end of the pipe is what it waits for.
	_ = g.shell.Process.Kill()
	_ = g.shell.Wait()
	_ = g.pipe.Close()
}

// guardOf starts a guard of a child that has been started already.
func guardOf(pid int, sig syscall.Signal) (*guard, error) { return startGuard(sig, strconv.Itoa(pid)) }

// signalName is the name kill(1) knows a signal by.
func signalName(sig syscall.Signal) string {
	switch sig {
	case syscall.SIGINT:
		return "INT"
	case syscall.SIGQUIT:
		return "QUIT"
	case syscall.SIGTERM:
		return "TERM"
	default:
		return "KILL"
	}
}
