// Package subprocess runs processes that must not outlive their parent: Postgres, the API server and the front end of the development
// stack. They end with the parent even when it is killed with SIGKILL.
package subprocess

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
	// Group signals the child with all that it has started, for commands that start processes of their own (npm).
	// Excludes Foreground. Defaults to the child alone.
	Group bool
	// Foreground leaves the child in this process' group, so that it can read from the terminal and gets its Ctrl-C.
	// Defaults to a group of its own.
	Foreground bool
}

// Process is a started child. Its methods may be called from any goroutine.
type Process struct {
	cmd   *exec.Cmd
	o     Options
	guard *guard
	done  chan struct{}
	err   error
}

// Start starts cmd, by default away from the terminal's foreground, so a Ctrl-C reaches only this process, which can then
// stop its children in order. Fields of cmd.SysProcAttr that Start does not need are kept.
func Start(cmd *exec.Cmd, o Options) (*Process, error) {
	if o.OnParentDeath == 0 {
		o.OnParentDeath = syscall.SIGKILL
	}
	if cmd.SysProcAttr == nil {
		cmd.SysProcAttr = &syscall.SysProcAttr{}
	}
	// Grandchildren may hold the output pipes open after the child itself has ended.
	cmd.WaitDelay = 2 * time.Second

	p := &Process{cmd: cmd, o: o, done: make(chan struct{})}
	started := make(chan error, 1)
	go p.run(started)
	if err := <-started; err != nil {
		return nil, fmt.Errorf("start %s: %w", cmd.Path, err)
	}
	return p, nil
}

// run forks the child and stays on the same operating system thread until it has ended: on Linux the parent-death
// signal fires when the forking thread ends, not the process (prctl(2), PR_SET_PDEATHSIG).
func (p *Process) run(started chan<- error) {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	if err := p.fork(); err != nil {
		if p.guard != nil {
			p.guard.release()
		}
		started <- err
		return
	}
	started <- nil
	p.err = p.cmd.Wait()
	if p.o.Group {
		// What the child left behind ends with it, and so does the guard.
		_ = syscall.Kill(-p.guard.group(), syscall.SIGKILL)
	}
	if p.guard != nil {
		p.guard.release()
	}
	close(p.done)
}

// fork starts the child, guarded.
func (p *Process) fork() (err error) {
	attr := p.cmd.SysProcAttr
	dieWithParent(attr, p.o.OnParentDeath)
	if !needsGuard(p.o) {
		attr.Setsid = !p.o.Foreground
		return p.cmd.Start()
	}
	if !p.o.Foreground {
		if p.guard, err = startGuard(p.o.OnParentDeath, ownGroup); err != nil {
			return err
		}
		attr.Setpgid, attr.Pgid = true, p.guard.group()
		return p.cmd.Start()
	}
	if err := p.cmd.Start(); err != nil {
		return err
	}
	if p.guard, err = guardOf(p.cmd.Process.Pid, p.o.OnParentDeath); err != nil {
		return errors.Join(err, p.cmd.Process.Kill(), p.cmd.Wait())
	}
	return nil
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
	if p.o.Group {
		pid = -p.guard.group()
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
