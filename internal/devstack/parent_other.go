//go:build unix && !linux

package devstack

import (
	"os/exec"
	"path"
	"strconv"
	"strings"
)

// parentOf returns the parent of a process.
func parentOf(pid int) (process, bool) {
	parent, err := strconv.Atoi(ps(pid, "ppid="))
	if err != nil || parent < 1 {
		return process{}, false
	}
	name := ps(parent, "comm=")
	return process{pid: parent, name: path.Base(name)}, name != ""
}

// ps reads a column of ps(1) for a process; empty when there is no such process.
func ps(pid int, column string) string {
	out, err := exec.Command("ps", "-o", column, "-p", strconv.Itoa(pid)).Output()
	if err != nil {
		return ""
	}
	return strings.TrimSpace(string(out))
}
