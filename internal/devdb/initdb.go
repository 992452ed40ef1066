package devdb

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/lockstep-dev/lockstep/internal/atomicfile"
	"github.com/lockstep-dev/lockstep/internal/subprocess"
)

// initPrefix starts the names of folders in which a cluster is being made. Only a complete one is renamed to data, so
// a cluster that exists is whole.
const initPrefix = "init-"

// initialise makes the cluster's data folder.
func (c *Cluster) initialise(ctx context.Context, bin binaries, run account) error {
	begin := time.Now()
	making, err := os.MkdirTemp(c.dir, initPrefix+"*")
	if err != nil {
		return fmt.Errorf("make the database cluster: %w", err)
	}
	defer func() { _ = os.RemoveAll(making) }()
	if err := run.give(making); err != nil {
		return fmt.Errorf("make the database cluster: %w", err)
	}
	fresh := filepath.Join(making, "data")
	for _, ctype := range characterTypes() {
		if err = c.initdb(ctx, bin, run, making, fresh, ctype); err == nil || ctx.Err() != nil {
			break
		}
	}
	if err != nil {
		return err
	}
	if err := (origin{Made: bin.build, Opened: bin.build}).write(fresh, run); err != nil {
		return err
	}
	if err := os.Rename(fresh, c.data()); err != nil {
		return fmt.Errorf("make the database cluster: %w", err)
	}
	if err := atomicfile.SyncDir(c.dir); err != nil {
		return fmt.Errorf("make the database cluster: %w", err)
	}
	c.say("Made a database cluster (%d ms)", time.Since(begin).Milliseconds())
	return nil
}

// characterTypes are the LC_CTYPE values to try: one that knows letters beyond ASCII, then the one every system has.
// Sorting is by code point in any case, the same on every machine.
func characterTypes() []string {
	if runtime.GOOS == "darwin" {
		return []string{"en_US.UTF-8", "C"}
	}
	return []string{"C.UTF-8", "C"}
}

func (c *Cluster) initdb(ctx context.Context, bin binaries, run account, making, fresh, ctype string) error {
	password := filepath.Join(making, "password")
	if err := os.WriteFile(password, []byte(c.secrets.Admin+"\n"), 0o600); err != nil {
		return fmt.Errorf("make the database cluster: %w", err)
	}
	if err := run.give(password); err != nil {
		return fmt.Errorf("make the database cluster: %w", err)
	}
	args := []string{
		"--pgdata=" + fresh, "--username=" + adminRole, "--pwfile=" + password, "--auth=scram-sha-256",
		"--encoding=UTF8", "--locale=C", "--lc-ctype=" + ctype,
	}
	if c.ephemeral {
		args = append(args, "--no-sync")
	}
	var out strings.Builder
	cmd := run.command(bin.program("initdb"), args...)
	cmd.Stdout, cmd.Stderr = &out, &out
	// A group: initdb starts postgres for each of its steps.
	p, err := subprocess.Start(cmd, subprocess.Options{OnParentDeath: syscall.SIGKILL, Group: true})
	if err != nil {
		return fmt.Errorf("make the database cluster: %w%s", err, run.hint(err))
	}
	select {
	case <-p.Done():
	case <-ctx.Done():
		_, err := p.Stop(0, syscall.SIGKILL)
		return errors.Join(fmt.Errorf("make the database cluster: %w", ctx.Err()), err)
	}
	if err := p.Err(); err != nil {
		return fmt.Errorf("make the database cluster: initdb: %w\n%s", err, strings.TrimSpace(out.String()))
	}
	return nil
}

// removeLeftovers removes what a killed process left half made in the folder. What cannot be removed yet, because its
// last writer is still ending, is left to the next start.
func (c *Cluster) removeLeftovers() {
	entries, err := os.ReadDir(c.dir)
	if err != nil {
		return
	}
	for _, e := range entries {
		if !strings.HasPrefix(e.Name(), initPrefix) && !strings.HasPrefix(e.Name(), newPrefix) {
			continue
		}
		c.say("Removing %s, left by a process that was killed", e.Name())
		_ = os.RemoveAll(filepath.Join(c.dir, e.Name()))
	}
}

// dataMajor is the Postgres version that made a data folder, 0 when there is no cluster in it.
func dataMajor(data string) int {
	raw, err := os.ReadFile(filepath.Join(data, "PG_VERSION"))
	if err != nil {
		return 0
	}
	major, err := strconv.Atoi(strings.TrimSpace(string(raw)))
	if err != nil {
		return 0
	}
	return major
}

// hint explains the errors of starting a program as another user.
func (a account) hint(err error) string {
	if a.switched && (errors.Is(err, syscall.EPERM) || errors.Is(err, syscall.EINVAL)) {
		return fmt.Sprintf(" (as user id %d, because Postgres refuses to run as root; a container that lacks SETUID or maps a single user cannot do that: run as an ordinary user)", a.uid)
	}
	return ""
}
