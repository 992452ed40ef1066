package devdb

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"slices"
	"strconv"
	"strings"
)

// ErrNoPostgres is the reason Start fails when no usable Postgres is installed and none can be fetched. The error says
// what to install.
var ErrNoPostgres = errors.New("no Postgres found")

// oldestMajor is the first Postgres version the generated schema runs on.
const oldestMajor = 14

// binDirVariable names a folder with postgres and initdb to use instead of looking for one.
const binDirVariable = "LOCKSTEP_POSTGRES_BIN"

// binaries are the programs of one Postgres installation.
type binaries struct {
	dir     string
	version string
	major   int
}

func (b binaries) program(name string) string { return filepath.Join(b.dir, name) }

// findBinaries returns an installed Postgres, or one fetched to the cache folder when there is none. A cluster can only be opened by the
// major version that made it: want is that version, 0 when there is no cluster yet. The programs check with access(2)
// that they can be reached, so the account must really be allowed to: a pass does not help.
func findBinaries(ctx context.Context, want int, run account, cache string, say progress) (binaries, error) {
	var refused []string
	for _, dir := range candidateDirs(ctx, want) {
		b, err := inspect(ctx, dir)
		closed, closedErr := run.closedParent(dir)
		switch {
		case closed != "" || closedErr != nil:
			refused = append(refused, fmt.Sprintf("%s: user id %d, which runs Postgres, cannot enter %s", dir, run.uid, closed))
		case err != nil:
			refused = append(refused, err.Error())
		case want != 0 && b.major != want:
			refused = append(refused, fmt.Sprintf("%s: is version %s, version %d is needed", dir, b.version, want))
		case b.major < oldestMajor:
			refused = append(refused, fmt.Sprintf("%s: version %s is too old, %d or newer is needed", dir, b.version, oldestMajor))
		default:
			return b, nil
		}
	}
	dir, err := fetch(ctx, cache, want, say)
	if err == nil {
		var b binaries
		if b, err = inspect(ctx, dir); err == nil {
			return b, nil
		}
	}
	return binaries{}, noPostgres(want, append(refused, err.Error()))
}

// Provide makes sure that this machine has a Postgres of a major version, 0 for any, to run: an installed one, or one that is
// fetched now, which it tells log. The error is ErrNoPostgres when none can be had. Start does the same where nobody has called
// this.
func Provide(ctx context.Context, major int, log io.Writer) error {
	run, err := accountFor(os.DevNull) // no cluster yet
	if err != nil {
		return err
	}
	_, err = findBinaries(ctx, major, run, cacheDir(), newProgress(log))
	return err
}

// candidateDirs are the folders that may hold an installed Postgres, most deliberate first, each once. The folder that the
// environment names is the only one, unless its programs are of another version than the one wanted.
func candidateDirs(ctx context.Context, want int) []string {
	var dirs []string
	if dir := os.Getenv(binDirVariable); dir != "" {
		if b, err := inspect(ctx, dir); err != nil || want == 0 || b.major == want {
			return []string{dir}
		}
		dirs = append(dirs, dir)
	}
	if path, err := exec.LookPath("postgres"); err == nil {
		// A link in PATH stands beside no initdb and no share folder: follow it home.
		if path, err = filepath.EvalSymlinks(path); err == nil {
			dirs = append(dirs, filepath.Dir(path))
		}
	}
	if out, err := exec.CommandContext(ctx, "pg_config", "--bindir").Output(); err == nil {
		dirs = append(dirs, strings.TrimSpace(string(out)))
	}
	for _, pattern := range []string{
		"/usr/lib/postgresql/*/bin",         // Debian, Ubuntu
		"/usr/pgsql-*/bin",                  // Red Hat, the project's own packages
		"/usr/libexec/postgresql*",          // Alpine
		"/opt/homebrew/opt/postgresql*/bin", // Homebrew on Apple silicon
		"/usr/local/opt/postgresql*/bin",    // Homebrew on Intel
		"/home/linuxbrew/.linuxbrew/opt/postgresql*/bin",
		"/Applications/Postgres.app/Contents/Versions/*/bin",
	} {
		found, _ := filepath.Glob(pattern)
		slices.SortFunc(found, newestFirst)
		dirs = append(dirs, found...)
	}
	var distinct []string
	for _, dir := range dirs {
		if _, err := os.Stat(filepath.Join(dir, "initdb")); err == nil && !slices.Contains(distinct, dir) {
			distinct = append(distinct, dir)
		}
	}
	return distinct
}

var number = regexp.MustCompile(`\d+`)

// newestFirst orders folders by the version number in their names; one without a number (latest) comes last.
func newestFirst(a, b string) int {
	version := func(dir string) int {
		n, err := strconv.Atoi(number.FindString(dir))
		if err != nil {
			return 0
		}
		return n
	}
	return version(b) - version(a)
}

var versionLine = regexp.MustCompile(`\(PostgreSQL\) ((\d+)\S*)`)

// inspect checks that the folder's programs are there and run, and reads their version.
func inspect(ctx context.Context, dir string) (binaries, error) {
	for _, name := range []string{"initdb", "postgres"} {
		if _, err := exec.LookPath(filepath.Join(dir, name)); err != nil {
			return binaries{}, fmt.Errorf("%s: no runnable %s", dir, name)
		}
	}
	cmd := exec.CommandContext(ctx, filepath.Join(dir, "postgres"), "--version")
	cmd.Env = environment()
	out, err := cmd.CombinedOutput()
	if err != nil {
		return binaries{}, fmt.Errorf("%s: postgres --version: %w: %s", dir, err, strings.TrimSpace(string(out)))
	}
	m := versionLine.FindStringSubmatch(string(out))
	if m == nil {
		return binaries{}, fmt.Errorf("%s: postgres --version says %q", dir, strings.TrimSpace(string(out)))
	}
	major, err := strconv.Atoi(m[2])
	if err != nil {
		return binaries{}, fmt.Errorf("%s: read the version %q: %w", dir, m[1], err)
	}
	return binaries{dir: dir, version: m[1], major: major}, nil
}

// noPostgres says what to install, and what was tried.
func noPostgres(want int, refused []string) error {
	major := fetchedMajor
	if want != 0 {
		major = want
	}
	install := fmt.Sprintf("sudo apt-get install postgresql-%d (Debian, Ubuntu) or brew install postgresql@%d (macOS)", major, major)
	if runtime.GOOS == "darwin" {
		install = fmt.Sprintf("brew install postgresql@%d", major)
	}
	return fmt.Errorf("%w: install it with %s, or name the folder of its programs in %s\ntried:\n  %s",
		ErrNoPostgres, install, binDirVariable, strings.Join(refused, "\n  "))
}

// environment is what Postgres' programs see: none of the developer's PG* settings, messages in English.
func environment() []string {
	return []string{"PATH=" + os.Getenv("PATH"), "LC_ALL=C", "TZ=UTC"}
}
