package devstack

import (
	"bytes"
	"fmt"
	"os"
)

// parentOf returns the parent of a process.
func parentOf(pid int) (process, bool) {
	_, parent, ok := status(pid)
	if !ok || parent < 1 {
		return process{}, false
	}
	name, _, ok := status(parent)
	return process{pid: parent, name: name}, ok
}

// status reads a process' name and parent (proc(5)). The name is in parentheses and may itself hold any character.
func status(pid int) (name string, parent int, ok bool) {
	raw, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return "", 0, false
	}
	open, end := bytes.IndexByte(raw, '('), bytes.LastIndexByte(raw, ')')
	if open < 0 || end < open {
		return "", 0, false
	}
	var state string
	if _, err := fmt.Sscan(string(raw[end+1:]), &state, &parent); err != nil {
		return "", 0, false
	}
	return string(raw[open+1 : end]), parent, true
}
