package lockfile_test

import (
	"errors"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

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
	again.Close()
}
