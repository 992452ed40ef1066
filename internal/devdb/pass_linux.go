package devdb

import (
	"errors"
	"fmt"
	"os"
	"strconv"
	"strings"
	"syscall"
)

// Capabilities that let a process enter folders closed to its user (capabilities(7)), the narrower first. Containers
// often hold only the second.
const (
	capDACReadSearch = 2
	capDACOverride   = 1
)

// canPass says whether this process can lend such a capability to a child that runs as another user.
func canPass() (bool, error) {
	if _, err := passCapability(); err != nil {
		return false, err
	}
	return true, nil
}

// lendPass gives the command the capability as an ambient one: it survives the change of user and exec(2), and Postgres
// hands it on to its own processes.
func lendPass(attr *syscall.SysProcAttr) {
	if c, err := passCapability(); err == nil {
		attr.AmbientCaps = []uintptr{c}
	}
}

func passCapability() (uintptr, error) {
	status, err := os.ReadFile("/proc/self/status")
	if err != nil {
		return 0, fmt.Errorf("read this process' capabilities: %w", err)
	}
	held := ^uint64(0)
	for _, line := range strings.Split(string(status), "\n") {
		name, value, _ := strings.Cut(line, ":")
		if name != "CapPrm" && name != "CapBnd" {
			continue
		}
		set, err := strconv.ParseUint(strings.TrimSpace(value), 16, 64)
		if err != nil {
			return 0, fmt.Errorf("read this process' capabilities: %w", err)
		}
		held &= set
	}
	for _, c := range []uintptr{capDACReadSearch, capDACOverride} {
		if held&(1<<c) != 0 {
			return c, nil
		}
	}
	return 0, errors.New("make the folder enterable (chmod o+x), move the checkout, or run as an ordinary user")
}
