package check

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
)

// suites are the tests of a release that use the database through the server's handlers.
var suites = []string{"./internal/api/...", "./cmd/server/..."}

// aboutMigrations are tests of a release that ask which migrations it embeds; here they are another branch's.
const aboutMigrations = "Migrate|Readiness|TestReady"

var (
	refused = regexp.MustCompile(`(?:column|relation) "?[\w.]+"? (?:of relation "?\w+"? )?does not exist|null value in column "?\w+"? of relation "?\w+"? violates not-null constraint|operator does not exist: [^\n(]+|cannot scan [^\n]+`)
	failed  = regexp.MustCompile(`(?m)^\s*--- FAIL: (\S+)`)
)

// oldRelease builds the server of a commit and runs that commit's API suite on databases that have this branch's
// migrations: what a deployment does between migrating and replacing the last replica.
func (r repository) oldRelease(ctx context.Context, commit string, step func(string) func()) (problems []string, err error) {
	done := step("check out the base")
	dir, remove, err := r.worktree(ctx, commit)
	if err != nil {
		return nil, err
	}
	defer remove()
	done()
	done = step("build the base's server")
	if out, err := run(ctx, dir, "go", "build", "-o", filepath.Join(filepath.Dir(dir), "server"), "./cmd/server"); err != nil {
		return nil, fmt.Errorf("the base does not build: %w\n%s", err, tail(out))
	}
	done()
	// The suite migrates its databases from the embedded directory; here it is this branch's.
	target := filepath.Join(dir, "migrations")
	if err := swapMigrations(filepath.Join(r.root, "migrations"), target); err != nil {
		return nil, err
	}
	done = step("run the base's API suite on this branch's schema")
	out, err := run(ctx, dir, "go", append([]string{"test", "-count=1", "-skip", aboutMigrations}, suites...)...)
	done()
	var exit *exec.ExitError
	if err == nil {
		return nil, nil
	}
	if !errors.As(err, &exit) || ctx.Err() != nil {
		return nil, fmt.Errorf("run the base's suite: %w", err)
	}
	var tests []string
	for _, m := range failed.FindAllStringSubmatch(out, -1) {
		tests = append(tests, m[1])
	}
	reasons := refused.FindAllString(out, -1)
	slices.Sort(reasons)
	reasons = slices.Compact(reasons)
	if len(reasons) == 0 {
		reasons = []string{tail(out)}
	}
	return []string{fmt.Sprintf("the released version does not run on this schema: %d of its tests fail (%s): %s", len(tests), strings.Join(tests[:min(len(tests), 5)], ", "), strings.Join(reasons, "; "))}, nil
}

// swapMigrations puts this branch's SQL, sums and fingerprint into the base's checkout.
func swapMigrations(from, to string) error {
	for _, pattern := range []string{"*.sql", "*.sum", "*.json", "down/*"} {
		old, err := filepath.Glob(filepath.Join(to, pattern))
		if err != nil {
			return err
		}
		for _, name := range old {
			if err := os.Remove(name); err != nil {
				return fmt.Errorf("replace the base's migrations: %w", err)
			}
		}
		next, err := filepath.Glob(filepath.Join(from, pattern))
		if err != nil {
			return err
		}
		for _, name := range next {
			short, err := filepath.Rel(from, name)
			if err != nil {
				return err
			}
			content, err := os.ReadFile(name)
			if err == nil {
				err = errors.Join(os.MkdirAll(filepath.Dir(filepath.Join(to, short)), 0o755), os.WriteFile(filepath.Join(to, short), content, 0o644))
			}
			if err != nil {
				return fmt.Errorf("replace the base's migrations: %w", err)
			}
		}
	}
	return nil
}

func run(ctx context.Context, dir, program string, args ...string) (string, error) {
	var out bytes.Buffer
	cmd := exec.CommandContext(ctx, program, args...)
	cmd.Dir, cmd.Stdout, cmd.Stderr = dir, &out, &out
	cmd.Env = append(os.Environ(), "GOFLAGS=-buildvcs=false")
	err := cmd.Run()
	return out.String(), err
}

// tail is the end of an output, for a message.
func tail(out string) string {
	lines := strings.Split(strings.TrimSpace(out), "\n")
	return strings.Join(lines[max(0, len(lines)-15):], "\n")
}
