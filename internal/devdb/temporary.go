package devdb

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"syscall"

	"github.com/lockstep-dev/lockstep/internal/lockfile"
)

// temporaryPrefix starts the names of the folders of ephemeral clusters in the temporary directory.
const temporaryPrefix = "lockstep-postgres-"

// claimTemporary makes and locks a folder for an ephemeral cluster, and removes those of processes that were killed.
func claimTemporary(say progress) (string, *os.File, error) {
	// Held while a folder exists that its maker has not locked yet, so that no other process takes it for a leftover.
	// Per user: in a shared temporary directory another user's file could not be opened.
	gatePath := filepath.Join(os.TempDir(), fmt.Sprintf("%s%d.gate", temporaryPrefix, os.Geteuid()))
	gate, err := os.OpenFile(gatePath, os.O_RDWR|os.O_CREATE|syscall.O_NOFOLLOW, 0o600)
	if err != nil {
		return "", nil, fmt.Errorf("make a temporary cluster: %w", err)
	}
	defer func() { _ = gate.Close() }()
	if err := syscall.Flock(int(gate.Fd()), syscall.LOCK_EX); err != nil {
		return "", nil, fmt.Errorf("make a temporary cluster: lock %s: %w", gatePath, err)
	}
	sweep(os.TempDir(), say)
	dir, err := os.MkdirTemp("", temporaryPrefix+"*")
	if err != nil {
		return "", nil, fmt.Errorf("make a temporary cluster: %w", err)
	}
	if dir, err = filepath.EvalSymlinks(dir); err != nil {
		return "", nil, fmt.Errorf("make a temporary cluster: %w", err)
	}
	// Entered by the account Postgres runs as; the files inside are closed.
	if err := os.Chmod(dir, 0o711); err != nil {
		return "", nil, fmt.Errorf("make a temporary cluster: %w", err)
	}
	held, err := lockfile.Take(filepath.Join(dir, lockName))
	if err != nil {
		return "", nil, errors.Join(err, os.Remove(dir))
	}
	return dir, held, nil
}

// sweep removes the temporary clusters of this user whose process is dead: nobody holds their lock.
func sweep(parent string, say progress) {
	entries, err := os.ReadDir(parent)
	if err != nil {
		return
	}
	for _, e := range entries {
		if !e.IsDir() || !strings.HasPrefix(e.Name(), temporaryPrefix) {
			continue
		}
		dir := filepath.Join(parent, e.Name())
		info, err := e.Info()
		if err != nil || int(info.Sys().(*syscall.Stat_t).Uid) != os.Geteuid() {
			continue
		}
		held, err := lockfile.Try(filepath.Join(dir, lockName))
		if err != nil {
			continue
		}
		err = retirePostmaster(context.Background(), filepath.Join(dir, "data"), say)
		if err = errors.Join(err, removeCluster(dir), held.Close()); err != nil {
			say("Leaving %s, whose process was killed: %v", dir, err)
		}
	}
}

// removeCluster removes what this package has put into a folder, then the folder if nothing else is in it.
func removeCluster(dir string) error {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return fmt.Errorf("remove the cluster: %w", err)
	}
	var errs []error
	for _, e := range entries {
		name := e.Name()
		own := name == "data" || name == credentialsName || name == lockName || strings.HasPrefix(name, "postgres.log") ||
			strings.HasPrefix(name, initPrefix) || strings.HasPrefix(name, newPrefix)
		if own {
			errs = append(errs, os.RemoveAll(filepath.Join(dir, name)))
		}
	}
	if err := errors.Join(errs...); err != nil {
		return fmt.Errorf("remove the cluster: %w", err)
	}
	err = os.Remove(dir)
	if errors.Is(err, syscall.ENOTEMPTY) || errors.Is(err, fs.ErrExist) {
		return nil
	}
	return err
}
