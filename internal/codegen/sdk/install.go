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

	"github.com/lockstep-dev/lockstep/internal/lockfile"
)

// packageLock is package-lock.json, or npm's record in node_modules of what it installed.
type packageLock struct {
	Packages map[string]struct {
		Version   string `json:"version"`
		Integrity string `json:"integrity"`
		Resolved  string `json:"resolved"`
		Optional  bool   `json:"optional"`
	} `json:"packages"`
}

// Install makes node_modules below root what package-lock.json says. It runs `npm ci`, and says so on log, only if something
// is missing, different or too much. Scripts of packages do not run. Several processes may call it at once.
func Install(ctx context.Context, root string, log io.Writer) error {
	if _, err := exec.LookPath("npm"); err != nil {
		return errors.New("install node packages: npm is not on PATH: install Node.js 20.19 or newer")
	}
	unlock, err := lock(ctx, filepath.Join(root, ".lockstep"), log)
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
	if err := install(ctx, root, log, stallLimit, "npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=http"); err != nil {
		return err
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

func readLock(path string) (*packageLock, error) {
	data, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("read %s: %w", filepath.Base(path), err)
	}
	var l packageLock
	if err := json.Unmarshal(data, &l); err != nil {
		return nil, fmt.Errorf("read %s: %w", path, err)
	}
	return &l, nil
}

// lock keeps other processes out of node_modules until the returned function is called or this process ends. It waits for
// another one that is installing, and says so.
func lock(ctx context.Context, dir string, log io.Writer) (func(), error) {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return nil, fmt.Errorf("make %s: %w", dir, err)
	}
	for said := false; ; said = true {
		file, err := lockfile.Take(filepath.Join(dir, "npm.lock"))
		if err == nil {
			return func() { _ = file.Close() }, nil
		}
		if !errors.Is(err, lockfile.ErrHeld) {
			return nil, fmt.Errorf("install node packages: %w", err)
		}
		if !said {
			fmt.Fprintln(log, "npm ci: waiting for another process that installs node packages")
		}
		select {
		case <-ctx.Done():
			return nil, fmt.Errorf("install node packages: wait: %w", ctx.Err())
		case <-time.After(100 * time.Millisecond):
		}
	}
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
