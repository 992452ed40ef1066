package sdk

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"golang.org/x/sys/unix"
)

// lockfile is package-lock.json, or npm's record in node_modules of what it installed.
type lockfile struct {
	Packages map[string]struct {
		Version   string `json:"version"`
		Integrity string `json:"integrity"`
		Resolved  string `json:"resolved"`
		Optional  bool   `json:"optional"`
	} `json:"packages"`
}

// Install makes node_modules below root what package-lock.json says. It runs `npm ci`, and says so on log, only if something
// is missing, different or too much. Several processes may call it at once.
func Install(ctx context.Context, root string, log io.Writer) error {
	if _, err := exec.LookPath("npm"); err != nil {
		return errors.New("install node packages: npm is not on PATH: install Node.js 20.19 or newer")
	}
	unlock, err := lock(filepath.Join(root, ".lockstep"))
	if err != nil {
		return err
	}
	defer unlock()
	why, err := outdated(root)
	if err != nil || why == "" {
		return err
	}
	fmt.Fprintf(log, "npm ci: installing node packages (%s)\n", why)
	start := time.Now()
	if out, err := run(ctx, root, "npm", "ci", "--no-audit", "--no-fund", "--loglevel=error"); err != nil {
		return fmt.Errorf("install node packages: %w\n%s", err, out)
	}
	fmt.Fprintf(log, "npm ci: done in %.1f s\n", time.Since(start).Seconds())
	return nil
}

// outdated says what is wrong with node_modules; nothing if it agrees with the lock.
func outdated(root string) (string, error) {
	want, err := readLock(filepath.Join(root, "package-lock.json"))
	if err != nil {
		return "", err
	}
	got, err := readLock(filepath.Join(root, "node_modules", ".package-lock.json"))
	if errors.Is(err, fs.ErrNotExist) {
		return "node_modules is missing", nil
	}
	if err != nil {
		return "", err
	}
	for _, path := range slices.Sorted(maps.Keys(want.Packages)) {
		w, ok := want.Packages[path]
		g, installed := got.Packages[path]
		switch {
		case !strings.Contains(path, "node_modules/"): // the root and the workspaces
		case ok && !installed && w.Optional: // for another platform
		case !installed:
			return path + " is missing", nil
		case w.Version != g.Version || w.Integrity != g.Integrity || w.Resolved != g.Resolved:
			return path + " is of another version", nil
		}
	}
	for _, path := range slices.Sorted(maps.Keys(got.Packages)) {
		if _, ok := want.Packages[path]; !ok {
			return path + " is no longer needed", nil
		}
	}
	return "", nil
}

func readLock(path string) (*lockfile, error) {
	data, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("read %s: %w", filepath.Base(path), err)
	}
	var l lockfile
	if err := json.Unmarshal(data, &l); err != nil {
		return nil, fmt.Errorf("read %s: %w", path, err)
	}
	return &l, nil
}

// lock keeps other processes out of node_modules until the returned function is called or this process ends.
func lock(dir string) (func(), error) {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return nil, fmt.Errorf("make %s: %w", dir, err)
	}
	file, err := os.OpenFile(filepath.Join(dir, "npm.lock"), os.O_CREATE|os.O_RDWR, 0o644)
	if err != nil {
		return nil, fmt.Errorf("lock node_modules: %w", err)
	}
	if err := unix.Flock(int(file.Fd()), unix.LOCK_EX); err != nil {
		return nil, errors.Join(fmt.Errorf("lock node_modules: %w", err), file.Close())
	}
	return func() { _ = file.Close() }, nil
}

// run runs a program in dir and returns what it printed.
func run(ctx context.Context, dir, name string, args ...string) ([]byte, error) {
	cmd := exec.CommandContext(ctx, name, args...)
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), "NO_COLOR=1")
	cmd.WaitDelay = 5 * time.Second
	out, err := cmd.CombinedOutput()
	if err != nil {
		err = fmt.Errorf("run %s %s: %w", name, strings.Join(args, " "), err)
	}
	return out, err
}
