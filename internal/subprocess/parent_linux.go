package subprocess

import "syscall"

// dieWithParent asks the kernel to signal the child when the thread that forks it ends. Go sets it after the change of
// user id, which would clear it.
func dieWithParent(attr *syscall.SysProcAttr, sig syscall.Signal) { attr.Pdeathsig = sig }

// needsGuard: the kernel's signal does not reach the processes the child has started.
func needsGuard(o Options) bool { return o.Group }
