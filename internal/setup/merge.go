package setup

import (
	"context"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"github.com/lockstep-dev/lockstep/internal/git"
)

// mergeDriver is what .gitattributes names for generated files. Git reads attributes from the tree and the command behind them
// from the clone's own configuration, so each clone is told once. See gitattributes(5), "Defining a custom merge driver".
const mergeDriver = "lockstep-generated"

// merges tells git to leave generated files that two branches changed to `make generate`: the command `true` keeps this side's.
// It does nothing outside a checkout. Where git refuses, as it does in a checkout of another user, it only says so: merges then
// show every conflict, and nothing else needs the setting.
func merges(ctx context.Context, root string, log io.Writer) {
	const key, command = "merge." + mergeDriver + ".driver", "true"
	if !inCheckout(root) {
		return
	}
	if now, err := git.Run(ctx, root, "config", "--local", "--get", key); err == nil && strings.TrimSpace(now) == command {
		return
	}
	for _, setting := range [][2]string{{"merge." + mergeDriver + ".name", "keep this side's, for make generate"}, {key, command}} {
		if _, err := git.Run(ctx, root, "config", "--local", setting[0], setting[1]); err != nil {
			fmt.Fprintf(log, "git: merges in this clone will show conflicts in generated files: %v\n", err)
			return
		}
	}
	fmt.Fprintf(log, "git: merges in this clone leave generated files to make generate (git config --local %s)\n", key)
}

// inCheckout says whether git has files or a pointer of its own in the folder or above it.
func inCheckout(dir string) bool {
	for {
		if _, err := os.Stat(filepath.Join(dir, ".git")); err == nil {
			return true
		}
		parent := filepath.Dir(dir)
		if parent == dir {
			return false
		}
		dir = parent
	}
}
