// Package child runs processes that must not outlive the process that started them: Postgres, the API server and the
// front end of a developer's stack. A child is ended with its parent even when the parent is killed with SIGKILL.
package child

import (
	"errors"
	"fmt"
	"os/exec"
	"runtime"
	"syscall"
	"time"
)

// Options say how a child is signalled.
type Options struct {
	// OnParentDeath is the signal the child receives when this process dies without having stopped it.
	// Defaults to SIGKILL.
	OnParentDeath syscall.Signal
	// Group signals the child's whole process group, for commands that start processes of their own (npm).
	// Defaults to the child alone.
	Group bool
	// Foreground leaves the child in this process' session, so that it can read from the terminal and gets its Ctrl-C.
	// Defaults to a session of its own.
	Foreground bool
}

// Process is a started child. Its methods may be called from any goroutine.
type Process struct {
	cmd   *exec.Cmd
	group bool
	done  chan struct{}
	err   error
}

// Start starts cmd, by default in a session of its own, so a Ctrl-C in the terminal reaches only this process, which can
// then stop its children in order. Fields of cmd.SysProcAttr that Start does not need are kept.
func Start(cmd *exec.Cmd, o Options) (*Process, error) {
	if o.OnParentDeath == 0 {
		o.OnParentDeath = syscall.SIGKILL
	}
	if cmd.SysProcAttr == nil {
		cmd.SysProcAttr = &syscall.SysProcAttr{}
	}
	cmd.SysProcAttr.Setsid = !o.Foreground
	dieWithParent(cmd.SysProcAttr, o.OnParentDeath)
	// Grandchildren may hold the output pipes open after the child itself has ended.
	cmd.WaitDelay = 2 * time.Second

	p := &Process{cmd: cmd, group: o.Group, done: make(chan struct{})}
	started := make(chan error, 1)
	go p.run(o, started)
	if err := <-started; err != nil {
		return nil, fmt.Errorf("start %s: %w", cmd.Path, err)
	}
	return p, nil
}

// run forks the child and stays on the same operating system thread until it has ended: on Linux the parent-death
// signal fires when the forking thread ends, not the process (prctl(2), PR_SET_PDEATHSIG).
func (p *Process) run(o Options, started chan<- error) {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	if err := p.cmd.Start(); err != nil {
		started <- err
		return
	}
	release, err := guard(p.cmd.Process.Pid, o)
	if err != nil {
		_ = p.cmd.Process.Kill()
		_ = p.cmd.Wait()
		started <- err
		return
	}
	started <- nil
	p.err = p.cmd.Wait()
	if p.group {
		// What the child left behind ends with it.
		_ = syscall.Kill(-p.cmd.Process.Pid, syscall.SIGKILL)
	}
	release()
	close(p.done)
}

// Pid is the child's process id.
func (p *Process) Pid() int { return p.cmd.Process.Pid }

// Done is closed when the child has ended and been waited for.
func (p *Process) Done() <-chan struct{} { return p.done }

// Err is the result of waiting for the child: nil before it has ended and when it ended with status 0.
func (p *Process) Err() error {
	select {
	case <-p.done:
		return p.err
	default:
		return nil
	}
}

// Signal sends sig to the child, or to its process group. A child that has already ended is no error.
func (p *Process) Signal(sig syscall.Signal) error {
	select {
	case <-p.done:
		// The id may belong to someone else by now.
		return nil
	default:
	}
	pid := p.cmd.Process.Pid
	if p.group {
		pid = -pid
	}
	if err := syscall.Kill(pid, sig); err != nil && !errors.Is(err, syscall.ESRCH) {
		return fmt.Errorf("signal process %d: %w", pid, err)
	}
	return nil
}

// Stop sends each signal in turn, giving the child grace after each, until it has ended; SIGKILL comes last by itself.
// It returns when the child has ended and says whether SIGKILL was needed.
func (p *Process) Stop(grace time.Duration, signals ...syscall.Signal) (killed bool, err error) {
	for _, sig := range signals {
		if err := p.Signal(sig); err != nil {
			return false, err
		}
		select {
		case <-p.done:
			return false, nil
		case <-time.After(grace):
		}
	}
	if err := p.Signal(syscall.SIGKILL); err != nil {
		return true, err
	}
	<-p.done
	return true, nil
}
