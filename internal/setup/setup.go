// Package setup installs what building and testing the project need on a fresh machine: npm packages and, on Debian as
// root, the browser of the browser test. It says what it installs, and on other machines what to install.
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
)

// browserVariable names a Chromium to use instead of looking for one.
const browserVariable = "CHROMIUM_PATH"

// browsers are the programs that are Chromium, most likely first.
var browsers = []string{"chromium", "chromium-browser", "google-chrome", "google-chrome-stable"}

// Run installs what is missing below root. It changes nothing on a machine that has everything.
func Run(ctx context.Context, root string, log io.Writer) error {
	if err := sdk.Install(ctx, root, log); err != nil {
		return err
	}
	return browser(ctx, log)
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
