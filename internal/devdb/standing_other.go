//go:build unix && !linux

package devdb

import (
	"errors"
	"os/exec"
	"strconv"
	"strings"
	"syscall"
)

// standingOf looks at a process: this package starts servers as "…/postgres -D <data folder> …".
func standingOf(pid int, data string) standing {
	if err := syscall.Kill(pid, 0); errors.Is(err, syscall.ESRCH) {
		return gone
	} else if errors.Is(err, syscall.EPERM) {
		return unknown
	}
	out, err := exec.Command("ps", "-ww", "-o", "stat=,command=", "-p", strconv.Itoa(pid)).Output()
	if err != nil {
		return gone
	}
	state, command, _ := strings.Cut(strings.TrimSpace(string(out)), " ")
	if strings.HasPrefix(state, "Z") {
		return foreign
	}
	if strings.Contains(command, "/postgres -D "+data+" ") {
		return ours
	}
	return foreign
}
