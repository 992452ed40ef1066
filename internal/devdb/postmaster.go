package devdb

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// Postmaster returns the process id of the Postgres that runs on a cluster's folder: the parent of its other processes.
func Postmaster(dir string) (int, error) {
	text, err := os.ReadFile(filepath.Join(dir, "data", "postmaster.pid"))
	if err != nil {
		return 0, fmt.Errorf("find Postgres' process: %w", err)
	}
	first, _, _ := strings.Cut(string(text), "\n")
	pid, err := strconv.Atoi(strings.TrimSpace(first))
	if err != nil {
		return 0, fmt.Errorf("read Postgres' process id: %w", err)
	}
	return pid, nil
}

// standing is what is known about the process named in a cluster's postmaster.pid.
type standing int

const (
	// gone: there is no such process; Postgres clears the file away itself.
	gone standing = iota
	// ours: the server of exactly this data folder.
	ours
	// foreign: the id was given to another program after our server died.
	foreign
	// unknown: it belongs to another user, so it cannot be our server, which owns the data; Postgres knows that too.
	unknown
)

// retirePostmaster makes a data folder startable after the process that had started its server was killed: a server of
// this folder that still runs is stopped, a file naming an id that another program has by now is disarmed. The caller
// holds the folder's lock.
func retirePostmaster(ctx context.Context, data string, say progress) error {
	path := filepath.Join(data, "postmaster.pid")
	content, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("look for a running Postgres: %w", err)
	}
	first, rest, _ := bytes.Cut(content, []byte("\n"))
	pid, err := strconv.Atoi(strings.TrimSpace(string(first)))
	if err != nil || pid <= 1 {
		// A server killed while writing the file leaves it empty, and Postgres refuses to start on that.
		if err := os.Remove(path); err != nil {
			return fmt.Errorf("remove the torn %s: %w", path, err)
		}
		return nil
	}
	real, err := filepath.EvalSymlinks(data)
	if err != nil {
		return fmt.Errorf("look for a running Postgres: %w", err)
	}
	switch standingOf(pid, real) {
	case ours:
		say("Stopping the Postgres (process %d) whose parent was killed", pid)
		return stopPostmaster(ctx, pid, real)
	case foreign:
		return disarm(path, rest)
	default:
		return nil
	}
}

// disarm puts this process' id into the file in place of a recycled one. Postgres passes over its parent's id, and the
// rest of the file still leads it to shared memory that processes of the dead server may use.
func disarm(path string, rest []byte) error {
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_TRUNC, 0)
	if err != nil {
		return fmt.Errorf("disarm the stale %s: %w", path, err)
	}
	_, err = f.Write(append(fmt.Appendf(nil, "%d\n", os.Getpid()), rest...))
	if err := errors.Join(err, f.Close()); err != nil {
		return fmt.Errorf("disarm the stale %s: %w", path, err)
	}
	return nil
}

// stopPostmaster ends a server that is not this process' child.
func stopPostmaster(ctx context.Context, pid int, data string) error {
	for _, sig := range []syscall.Signal{syscall.SIGINT, syscall.SIGQUIT, syscall.SIGKILL} {
		if err := syscall.Kill(pid, sig); err != nil && !errors.Is(err, syscall.ESRCH) {
			return fmt.Errorf("stop the Postgres with process id %d: %w", pid, err)
		}
		for end := time.Now().Add(grace); time.Now().Before(end); {
			if standingOf(pid, data) != ours {
				return nil
			}
			select {
			case <-ctx.Done():
				return fmt.Errorf("stop the Postgres with process id %d: %w", pid, ctx.Err())
			case <-time.After(pause):
			}
		}
	}
	return fmt.Errorf("the Postgres with process id %d does not stop: end it by hand", pid)
}
