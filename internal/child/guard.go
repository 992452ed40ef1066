package child

import (
	"fmt"
	"os"
	"os/exec"
	"strconv"
	"syscall"
)

// pipeGuard starts a guard of the child. The release function ends it and must be called once the child has been waited
// for, before the child's id can be given to another process.
func pipeGuard(pid int, o Options) (release func(), err error) {
	write, sh, err := startGuard(pid, o)
	if err != nil {
		return nil, fmt.Errorf("start the guard of process %d: %w", pid, err)
	}
	return func() {
		// Killed before the pipe is closed: the end of the pipe would make it signal an id that is free again.
		_ = sh.Process.Kill()
		_ = sh.Wait()
		write.Close()
	}, nil
}

// startGuard starts a shell that waits for the end of a pipe whose other end only this process holds. The kernel closes
// that end when this process dies, whatever killed it; the shell then signals the child.
func startGuard(pid int, o Options) (write *os.File, sh *exec.Cmd, err error) {
	target := strconv.Itoa(pid)
	if o.Group {
		target = "-" + target
	}
	read, write, err := os.Pipe()
	if err != nil {
		return nil, nil, err
	}
	defer read.Close()
	sh = exec.Command("/bin/sh", "-c", `read _; kill -s "$1" -- "$2"`, "sh", signalName(o.OnParentDeath), target)
	sh.Stdin = read
	// Out of the terminal's group: Ctrl-C must not take the guard away.
	sh.SysProcAttr = &syscall.SysProcAttr{Setsid: true}
	if err := sh.Start(); err != nil {
		write.Close()
		return nil, nil, err
	}
	return write, sh, nil
}

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
