package lockfile_test

import (
	"errors"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/lockstep-dev/lockstep/internal/lockfile"
)

func TestTake(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "lock")
	held, err := lockfile.Take(path)
	if err != nil {
		t.Fatal(err)
	}
	_, err = lockfile.Take(path)
	if !errors.Is(err, lockfile.ErrHeld) || !strings.Contains(err.Error(), strconv.Itoa(os.Getpid())) {
		t.Errorf("a held lock: got %v, want ErrHeld that names process %d", err, os.Getpid())
	}
	if err := held.Close(); err != nil {
		t.Fatal(err)
	}
	again, err := lockfile.Take(path)
	if err != nil {
		t.Fatalf("a lock given back: %v", err)
	}
	_ = again.Close()
}

// A killed process' lock may live on for a moment in a process it was just starting.
func TestTakeWaitsForADyingHolder(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "lock")
	synctest.Test(t, func(t *testing.T) { // its clock does not run on while this process waits for a processor
		held, err := lockfile.Try(path)
		if err != nil {
			t.Fatal(err)
		}
		closed := make(chan error, 1)
		time.AfterFunc(50*time.Millisecond, func() { closed <- held.Close() })
		taken, err := lockfile.Take(path)
		if err != nil {
			t.Fatal(err)
		}
		if err := errors.Join(<-closed, taken.Close()); err != nil {
			t.Error(err)
		}
	})
}
