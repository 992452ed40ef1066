package main

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"
)

// tick is the unit of times in /proc: USER_HZ is 100 on every Linux (proc(5)).
const tick = 10 * time.Millisecond

// stat is what /proc/PID/stat says of a process: its parent and the time it has used, with that of its ended children.
type stat struct {
	parent int
	own    time.Duration
	ended  time.Duration
}

func readStat(pid int) (stat, error) {
	text, err := os.ReadFile(filepath.Join("/proc", strconv.Itoa(pid), "stat"))
	if err != nil {
		return stat{}, err
	}
	// The name, in parentheses, may hold anything.
	fields := strings.Fields(string(text[bytes.LastIndexByte(text, ')')+1:]))
	var numbers [5]int
	for i, field := range []int{1, 11, 12, 13, 14} { // ppid, utime, stime, cutime, cstime
		if numbers[i], err = strconv.Atoi(fields[field]); err != nil {
			return stat{}, fmt.Errorf("read /proc/%d/stat: %w", pid, err)
		}
	}
	return stat{parent: numbers[0], own: time.Duration(numbers[1]+numbers[2]) * tick, ended: time.Duration(numbers[3]+numbers[4]) * tick}, nil
}

// cpu is the time a process has used.
func cpu(pid int) (time.Duration, error) {
	s, err := readStat(pid)
	return s.own, err
}

// cpuOfTree is the time a process and its children have used, those that have ended included.
func cpuOfTree(root int) (time.Duration, error) {
	s, err := readStat(root)
	if err != nil {
		return 0, err
	}
	sum := s.own + s.ended
	folders, err := filepath.Glob("/proc/[0-9]*")
	if err != nil {
		return 0, err
	}
	for _, folder := range folders {
		pid, err := strconv.Atoi(filepath.Base(folder))
		if err != nil {
			continue
		}
		if s, err := readStat(pid); err == nil && s.parent == root { // others end meanwhile
			sum += s.own
		}
	}
	return sum, nil
}

// resident is the memory a process holds, in bytes.
func resident(pid int) (int64, error) {
	text, err := os.ReadFile(filepath.Join("/proc", strconv.Itoa(pid), "status"))
	if err != nil {
		return 0, err
	}
	for line := range strings.Lines(string(text)) {
		if value, ok := strings.CutPrefix(line, "VmRSS:"); ok {
			kib, err := strconv.ParseInt(strings.Fields(value)[0], 10, 64)
			return kib << 10, err
		}
	}
	return 0, fmt.Errorf("/proc/%d/status says nothing of its memory", pid)
}

// allocations are the objects and bytes that a server has allocated.
type allocations struct{ objects, bytes int64 }

func (a allocations) since(before allocations) allocations {
	return allocations{a.objects - before.objects, a.bytes - before.bytes}
}

// allocations are those since the server's start, as its profile of them says.
func (v *server) allocations(ctx context.Context) (a allocations, err error) {
	text, err := fetch(ctx, "http://"+v.admin+"/debug/pprof/allocs?debug=1")
	if err != nil {
		return a, fmt.Errorf("read the %s's allocations: %w", v.name, err)
	}
	for line := range strings.Lines(string(text)) {
		for name, to := range map[string]*int64{"# Mallocs = ": &a.objects, "# TotalAlloc = ": &a.bytes} {
			if value, ok := strings.CutPrefix(line, name); ok {
				if *to, err = strconv.ParseInt(strings.TrimSpace(value), 10, 64); err != nil {
					return a, err
				}
			}
		}
	}
	return a, nil
}

// usage is the processor time that has been used so far.
type usage struct{ server, postgres time.Duration }

func (s *stack) usage(v *server) (u usage, err error) {
	if u.server, err = cpu(v.process.Pid()); err != nil {
		return u, err
	}
	u.postgres, err = cpuOfTree(s.postgres)
	return u, err
}

func (u usage) since(before usage) usage {
	return usage{u.server - before.server, u.postgres - before.postgres}
}

func (u usage) plus(o usage) usage { return usage{u.server + o.server, u.postgres + o.postgres} }
