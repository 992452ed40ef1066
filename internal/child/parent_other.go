//go:build unix && !linux

package child

import "syscall"

// dieWithParent does nothing where the kernel has no parent-death signal; the guard does the work.
func dieWithParent(*syscall.SysProcAttr, syscall.Signal) {}

func guard(pid int, o Options) (release func(), err error) { return pipeGuard(pid, o) }
