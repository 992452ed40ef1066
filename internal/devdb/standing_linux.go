package devdb

import (
	"bytes"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"
)

// standingOf looks at a process: a server runs the postgres program with its data folder as working directory.
func standingOf(pid int, data string) standing {
	proc := filepath.Join("/proc", strconv.Itoa(pid))
	stat, err := os.ReadFile(filepath.Join(proc, "stat"))
	if err != nil {
		return gone
	}
	// The state follows the name, which is in parentheses and may itself hold any character (proc(5)).
	if i := bytes.LastIndexByte(stat, ')'); i < 0 || bytes.HasPrefix(stat[i+1:], []byte(" Z")) {
		return foreign
	}
	exe, err := os.Readlink(filepath.Join(proc, "exe"))
	if errors.Is(err, fs.ErrPermission) {
		return unknown
	}
	if err != nil {
		return foreign
	}
	// The kernel marks a program that was replaced by an upgrade.
	if filepath.Base(strings.TrimSuffix(exe, " (deleted)")) != "postgres" {
		return foreign
	}
	cwd, err := os.Readlink(filepath.Join(proc, "cwd"))
	if errors.Is(err, fs.ErrPermission) {
		return unknown
	}
	if err != nil || cwd != data {
		return foreign
	}
	return ours
}
