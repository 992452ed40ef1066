package prcheck

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
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

var refused = regexp.MustCompile(`(?:column|relation) "?[\w.]+"? (?:of relation "?\w+"? )?does not exist|null value in column "?\w+"? of relation "?\w+"? violates not-null constraint|operator does not exist: [^\n(]+|cannot scan [^\n]+`)

// oldRelease builds the server of a commit and runs that commit's API suite on databases that have this branch's
// migrations: what a deployment does between migrating and replacing the last replica. The suite runs on the commit's own
// migrations first: what is red there is not this branch's doing, and is a note.
func (r repository) oldRelease(ctx context.Context, commit string, step func(string) func()) (problems, notes []string, err error) {
	done := step("check out the base")
	dir, remove, err := r.worktree(ctx, commit)
	if err != nil {
		return nil, nil, err
	}
	defer remove()
	done()
	done = step("build the base's server")
	if out, err := run(ctx, dir, "go", "build", "-o", filepath.Join(filepath.Dir(dir), "server"), "./cmd/server"); err != nil {
		return nil, nil, fmt.Errorf("the base does not build: %w\n%s", err, tail(out))
	}
	done()
	done = step("run the base's API suite on its own schema")
	own, err := runSuite(ctx, dir)
	done()
	if err != nil {
		return nil, nil, err
	}
	// The suite migrates its databases from the embedded directory; from here on it is this branch's.
	target := filepath.Join(dir, "migrations")
	if err := swapMigrations(filepath.Join(r.root, "migrations"), target); err != nil {
		return nil, nil, err
	}
	done = step("run the base's API suite on this branch's schema")
	ours, err := runSuite(ctx, dir)
	done()
	if err != nil {
		return nil, nil, err
	}
	if len(own) > 0 {
		notes = append(notes, fmt.Sprintf("the released version's suite is red on its own schema, so nothing is known of %s: %s: mend the base", count(len(own), "test"), names(own)))
	}
	for name := range own {
		delete(ours, name)
	}
	if len(ours) == 0 {
		return nil, notes, nil
	}
	var said strings.Builder
	for _, name := range slices.Sorted(maps.Keys(ours)) {
		said.WriteString(ours[name])
	}
	reasons := refused.FindAllString(said.String(), -1)
	slices.Sort(reasons)
	reasons = slices.Compact(reasons)
	if len(reasons) == 0 {
		reasons = []string{tail(said.String())}
	}
	return []string{fmt.Sprintf("the released version does not run on this schema: %d of its tests fail (%s): %s", len(ours), names(ours), strings.Join(reasons, "; "))}, notes, nil
}

// names are the first of the tests' names.
func names(tests map[string]string) string {
	all := slices.Sorted(maps.Keys(tests))
	for i, name := range all {
		all[i] = name[strings.LastIndex(name, " ")+1:]
	}
	if len(all) > 5 {
		return strings.Join(all[:5], ", ") + ", …"
	}
	return strings.Join(all, ", ")
}

// runSuite runs the suites of a checkout and returns what those of their tests said that fail, by package and test. A package
// that fails without a test, because it does not compile or ends, counts as one.
func runSuite(ctx context.Context, dir string) (failed map[string]string, err error) {
	out, err := run(ctx, dir, "go", append([]string{"test", "-json", "-count=1", "-skip", aboutMigrations}, suites...)...)
	var exit *exec.ExitError
	if err == nil {
		return nil, nil
	}
	if !errors.As(err, &exit) || ctx.Err() != nil {
		return nil, fmt.Errorf("run the base's suite: %w", err)
	}
	failed = failures(out)
	if len(failed) == 0 {
		return nil, fmt.Errorf("run the base's suite: %w\n%s", err, tail(out))
	}
	return failed, nil
}

// failures reads the events of `go test -json` (go doc test2json). A test that has parts is left to those that fail.
func failures(events string) map[string]string {
	said, failed := map[string]string{}, map[string]string{}
	var red []string
	for line := range strings.Lines(events) {
		var e struct{ Action, Package, ImportPath, Test, Output string }
		if json.Unmarshal([]byte(line), &e) != nil {
			continue // what the go command says itself
		}
		// "pkg [pkg.test]" is the package as its test is built.
		name, _, _ := strings.Cut(cmp.Or(e.Package, e.ImportPath), " ")
		if e.Test != "" {
			name += " " + e.Test
		}
		switch e.Action {
		case "output", "build-output":
			said[name] += e.Output
		case "fail", "build-fail":
			red = append(red, name)
		}
	}
	for _, name := range red {
		part := func(other string) bool {
			return other != name && (strings.HasPrefix(other, name+"/") || strings.HasPrefix(other, name+" "))
		}
		if !slices.ContainsFunc(red, part) {
			failed[name] = said[name]
		}
	}
	return failed
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
