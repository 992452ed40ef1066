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

// binaries are the programs of one Postgres installation.
type binaries struct {
	dir     string
	version string // 15.18
	build   string // with what the packager adds: 15.18 (Debian 15.18-0+deb12u1)
	major   int
}

func (b binaries) program(name string) string { return filepath.Join(b.dir, name) }

// search says which Postgres is looked for, and where.
type search struct {
	wish  wish
	data  origin  // of the cluster, zero when there is none yet
	run   account // that runs the programs
	dirs  []string
	cache string
	say   progress
}

// newSearch looks where the environment says, for what it asks for; or for a major version that somebody needs whatever the
// environment asks for, which is 0 for any.
func newSearch(ctx context.Context, data origin, major int, run account, say progress) (search, error) {
	wish, err := wished(os.Getenv)
	if err != nil {
		return search{}, err
	}
	if major != 0 {
		wish.major = major
		if b, err := inspect(ctx, wish.dir); err != nil || b.major != major {
			wish.dir = ""
		}
	}
	return search{wish, data, run, candidateDirs(ctx, wish.dir), cacheDir(), say}, nil
}

// find returns an installed Postgres, or one fetched to the cache folder when there is none. A cluster can only be opened by the
// major version that made it, and is opened by the build that made it, or else had it last, where that is still there. A folder that
// the environment names is the one or none. The programs check with access(2) that they can be reached, so the account must really be
// allowed to: a pass does not help.
func (s search) find(ctx context.Context) (binaries, error) {
	if err := s.wish.agrees(s.data); err != nil {
		return binaries{}, err
	}
	want := s.data.major
	if want == 0 {
		want = s.wish.major
	}
	var refused []string
	var usable []binaries
	for _, dir := range s.dirs {
		b, err := inspect(ctx, dir)
		closed, closedErr := s.run.closedParent(dir)
		switch {
		case closed != "" || closedErr != nil:
			refused = append(refused, fmt.Sprintf("%s: user id %d, which runs Postgres, cannot enter %s", dir, s.run.uid, closed))
		case err != nil:
			refused = append(refused, err.Error())
		case b.major < oldestMajor:
			refused = append(refused, fmt.Sprintf("%s: version %s is too old, %d or newer is needed", dir, b.version, oldestMajor))
		case s.data.major != 0 && b.major != want && s.wish.dir != "":
			return binaries{}, s.data.refuse(binDirVariable, b.build)
		case want != 0 && b.major != want:
			refused = append(refused, fmt.Sprintf("%s: is version %s, %s", dir, b.version, s.why(want)))
		default:
			usable = append(usable, b)
		}
	}
	if s.wish.dir != "" {
		if len(usable) == 0 {
			return binaries{}, fmt.Errorf("%w in %s=%s: name the folder of postgres and initdb, or unset it\ntried:\n  %s", ErrNoPostgres, binDirVariable, s.wish.dir, strings.Join(refused, "\n  "))
		}
		return usable[0], nil
	}
	if b, ok := s.data.familiar(func() []binaries { return slices.Concat(usable, fetched(ctx, s.cache, want)) }); ok {
		return b, nil
	}
	if len(usable) > 0 {
		return usable[0], nil
	}
	dir, err := fetch(ctx, s.cache, want, s.say)
	if err == nil {
		var b binaries
		if b, err = inspect(ctx, dir); err == nil {
			return b, nil
		}
	}
	return binaries{}, noPostgres(want, append(refused, err.Error()))
}

// why says who wants a major version.
func (s search) why(want int) string {
	if s.data.major != 0 {
		return fmt.Sprintf("the data was made by version %d", want)
	}
	return fmt.Sprintf("%s asks for %d", majorVariable, want)
}

// Provide makes sure that this machine has a Postgres of a major version, 0 for the one that the environment asks for: an
// installed one, or one that is fetched now, which it tells log. The error is ErrNoPostgres when none can be had. Start does the
// same where nobody has called this.
func Provide(ctx context.Context, major int, log io.Writer) error {
	run, err := accountFor(os.DevNull) // no cluster yet
	if err != nil {
		return err
	}
	s, err := newSearch(ctx, origin{}, major, run, newProgress(log))
	if err != nil {
		return err
	}
	_, err = s.find(ctx)
	return err
}

// candidateDirs are the folders that may hold an installed Postgres, most deliberate first, each once; only the named one, if any.
func candidateDirs(ctx context.Context, named string) []string {
	if named != "" {
		return []string{named}
	}
	var dirs []string
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

var versionLine = regexp.MustCompile(`\(PostgreSQL\) (((\d+)\S*).*)`)

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
	major, err := strconv.Atoi(m[3])
	if err != nil {
		return binaries{}, fmt.Errorf("%s: read the version %q: %w", dir, m[1], err)
	}
	return binaries{dir: dir, version: m[2], build: m[1], major: major}, nil
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
