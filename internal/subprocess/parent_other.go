//go:build unix && !linux

package subprocess

import "syscall"

// dieWithParent does nothing where the kernel has no parent-death signal.
func dieWithParent(*syscall.SysProcAttr, syscall.Signal) {}

// needsGuard: nothing else tells that this process has died.
func needsGuard(Options) bool { return true }
