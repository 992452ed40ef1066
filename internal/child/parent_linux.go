package child

import "syscall"

// dieWithParent asks the kernel to signal the child when the thread that forks it ends. Go sets it after the change of
// user id, which would clear it.
func dieWithParent(attr *syscall.SysProcAttr, sig syscall.Signal) { attr.Pdeathsig = sig }

// guard covers what the kernel's signal does not: the processes the child has started.
func guard(pid int, o Options) (release func(), err error) {
	if !o.Group {
		return func() {}, nil
	}
	return pipeGuard(pid, o)
}
