// Package setup installs what building and testing the project need on a fresh machine: npm packages, Postgres' programs
// and, on Debian as root, the browser of the browser test and the pooler of the database tests. It says what it installs, and on other
// machines what to install. It also sets what git keeps in each clone.
package setup

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"runtime"
	"strings"
	"time"

	"github.com/lockstep-dev/lockstep/internal/codegen/sdk"
	"github.com/lockstep-dev/lockstep/internal/devdb"
)

// browserVariable names a Chromium to use instead of looking for one.
const browserVariable = "CHROMIUM_PATH"

// browsers are the programs that are Chromium, most likely first.
var browsers = []string{"chromium", "chromium-browser", "google-chrome", "google-chrome-stable"}

// Run installs what is missing below root, and tells the clone's git how to merge generated files. It changes nothing where all
// is there.
func Run(ctx context.Context, root string, log io.Writer) error {
	merges(ctx, root, log)
	if err := sdk.Install(ctx, root, log); err != nil {
		return err
	}
	return errors.Join(browser(ctx, log), pooler(ctx, log), devdb.Provide(ctx, 0, log))
}

// PgBouncer returns the path of an installed PgBouncer. Its error says how to get one.
func PgBouncer() (string, error) {
	for _, name := range []string{"pgbouncer", "/usr/sbin/pgbouncer"} { // the folder is not in everyone's PATH
		if path, err := exec.LookPath(name); err == nil {
			return path, nil
		}
	}
	return "", errors.New("no PgBouncer found, which the database tests need: run `make setup` as root on Debian, or install it " +
		"(Debian and Ubuntu: apt-get install pgbouncer; macOS: brew install pgbouncer); it need not run")
}

func pooler(ctx context.Context, log io.Writer) error {
	_, err := PgBouncer()
	if err == nil || !canInstall() {
		return err
	}
	if err := installDebian(ctx, log, "pgbouncer"); err != nil {
		return err
	}
	if _, err := os.Stat("/run/systemd/system"); err != nil {
		return nil
	}
	// Nor is it to start with the machine.
	if out, err := exec.CommandContext(ctx, "systemctl", "disable", "pgbouncer").CombinedOutput(); err != nil {
		return fmt.Errorf("systemctl disable pgbouncer: %w\n%s", err, out)
	}
	return nil
}

func browser(ctx context.Context, log io.Writer) error {
	if path := os.Getenv(browserVariable); path != "" {
		if _, err := os.Stat(path); err != nil {
			return fmt.Errorf("%s: %w", browserVariable, err)
		}
		return nil
	}
	for _, name := range browsers {
		if _, err := exec.LookPath(name); err == nil {
			return nil
		}
	}
	if !canInstall() {
		return errors.New("no Chromium found, which the browser test needs: install it (Debian and Ubuntu: apt-get install chromium; " +
			"macOS: brew install chromium) or set " + browserVariable)
	}
	return installDebian(ctx, log, "chromium")
}

// canInstall reports whether this is a Debian-like machine and we are root there.
func canInstall() bool {
	if runtime.GOOS != "linux" || os.Geteuid() != 0 {
		return false
	}
	_, err := exec.LookPath("apt-get")
	return err == nil
}

func installDebian(ctx context.Context, log io.Writer, pkg string) error {
	start := time.Now()
	fmt.Fprintf(log, "apt-get: installing the Debian package %s\n", pkg)
	allow, err := forbidServices(servicePolicy)
	if err != nil {
		return err
	}
	defer allow()
	for _, args := range [][]string{{"update", "-q"}, {"install", "-q", "-y", "--no-install-recommends", pkg}} {
		cmd := exec.CommandContext(ctx, "apt-get", args...)
		cmd.Env = append(os.Environ(), "DEBIAN_FRONTEND=noninteractive")
		if out, err := cmd.CombinedOutput(); err != nil {
			return fmt.Errorf("apt-get %s: %w\n%s", strings.Join(args, " "), err, out)
		}
	}
	fmt.Fprintf(log, "apt-get: done in %.1f s\n", time.Since(start).Seconds())
	return nil
}

// servicePolicy is the program that package scripts ask whether they may start a service (invoke-rc.d(8)).
const servicePolicy = "/usr/sbin/policy-rc.d"

// forbidServices keeps packages from starting services until allow is called: the tests start their own, on free ports. A
// policy the machine has already is left as it is.
func forbidServices(policy string) (allow func(), err error) {
	f, err := os.OpenFile(policy, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o755)
	if errors.Is(err, os.ErrExist) {
		return func() {}, nil
	}
	if err != nil {
		return nil, fmt.Errorf("forbid services: %w", err)
	}
	_, err = f.WriteString("#!/bin/sh\nexit 101\n")
	if err := errors.Join(err, f.Close()); err != nil {
		return nil, errors.Join(fmt.Errorf("forbid services: %w", err), os.Remove(policy))
	}
	return func() { _ = os.Remove(policy) }, nil
}
