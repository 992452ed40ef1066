// Package lockfile keeps two processes from working in the same folder. The kernel gives a lock free when its process
// ends, however it ends, so nothing is left to clean up after a kill.
package lockfile

import (
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"syscall"
	"time"
)

// ErrHeld is the reason Take fails when another process has the lock.
var ErrHeld = errors.New("is in use")

// settling is how long Take tries. A process that is killed while it starts another one leaves its lock for a moment to
// that one, until it runs its own program.
const settling = time.Second

// Take takes the lock of a file, creating the file when it is missing. Closing the file gives the lock back. A lock that
// another process has is not waited for, save for a second; the error then names that process.
func Take(path string) (*os.File, error) {
	for end := time.Now().Add(settling); ; time.Sleep(10 * time.Millisecond) {
		f, err := Try(path)
		if !errors.Is(err, ErrHeld) || time.Now().After(end) {
			return f, err
		}
	}
}

// Try is Take without the second.
func Try(path string) (*os.File, error) {
	f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE|syscall.O_NOFOLLOW, 0o600)
	if err != nil {
		return nil, fmt.Errorf("open lock: %w", err)
	}
	err = syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB)
	if errors.Is(err, syscall.EWOULDBLOCK) {
		defer func() { _ = f.Close() }()
		holder, _ := io.ReadAll(io.LimitReader(f, 32))
		return nil, fmt.Errorf("%s %w by process %s: stop that process first", path, ErrHeld, strings.TrimSpace(string(holder)))
	}
	if err != nil {
		_ = f.Close()
		return nil, fmt.Errorf("lock %s: %w", path, err)
	}
	if err := writeHolder(f); err != nil {
		_ = f.Close()
		return nil, fmt.Errorf("write %s: %w", path, err)
	}
	return f, nil
}

// writeHolder notes who has the lock, for the error another process prints.
func writeHolder(f *os.File) error {
	if err := f.Truncate(0); err != nil {
		return err
	}
	_, err := f.WriteAt(fmt.Appendf(nil, "%d\n", os.Getpid()), 0)
	return err
}
