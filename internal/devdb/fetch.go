package devdb

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"time"

	embedded "github.com/fergusstrange/embedded-postgres"
)

// fetchedMajor is the version fetched where nothing is installed and no data asks for another.
const fetchedMajor = 15

// fetchPatience bounds the download of about 25 MB, so a network that never answers becomes an error.
const fetchPatience = 5 * time.Minute

var fetchable = map[int]embedded.PostgresVersion{
	14: embedded.V14, 15: embedded.V15, 16: embedded.V16, 17: embedded.V17, 18: embedded.V18,
}

// cacheDir is where fetched programs are kept: the user's cache folder, or, for root, one that the account Postgres runs
// as can enter too. Empty when the user has no home.
func cacheDir() string {
	if os.Geteuid() == 0 {
		return "/var/cache/lockstep"
	}
	dir, err := os.UserCacheDir()
	if err != nil {
		return ""
	}
	return filepath.Join(dir, "lockstep")
}

// fetch returns the folder of the fetched programs of a major version (0: fetchedMajor), downloading them to the cache
// folder when they are not there.
func fetch(ctx context.Context, cache string, major int, say progress) (string, error) {
	if cache == "" {
		return "", errors.New("fetch Postgres: no folder to keep it in: set HOME")
	}
	wanted := "Postgres"
	if major == 0 {
		major = fetchedMajor
	} else {
		wanted = fmt.Sprintf("Postgres %d", major)
	}
	version, ok := fetchable[major]
	if !ok {
		return "", fmt.Errorf("fetch Postgres %d: no binaries of that version are published", major)
	}
	home := filepath.Join(cache, "postgres-"+string(version))
	bin := filepath.Join(home, "bin")
	if _, err := os.Stat(bin); err == nil {
		return bin, nil
	}
	say("No %s installed: fetching version %s, once", wanted, version)
	if err := os.MkdirAll(cache, 0o755); err != nil {
		return "", fmt.Errorf("fetch Postgres: %w", err)
	}
	work, err := os.MkdirTemp(cache, "fetch-*")
	if err != nil {
		return "", fmt.Errorf("fetch Postgres: %w", err)
	}
	defer func() { _ = os.RemoveAll(work) }()
	if err := os.Chmod(work, 0o755); err != nil {
		return "", fmt.Errorf("fetch Postgres: %w", err)
	}
	ctx, cancel := context.WithTimeout(ctx, fetchPatience)
	defer cancel()
	if err := unpack(ctx, work, version); err != nil {
		return "", fmt.Errorf("fetch Postgres %s: %w", version, err)
	}
	// Only a complete unpacking gets the name that is looked for. Another process may have been faster.
	if err := os.Rename(filepath.Join(work, "home"), home); err != nil {
		if _, there := os.Stat(bin); there != nil {
			return "", fmt.Errorf("fetch Postgres %s: %w", version, err)
		}
	}
	return bin, nil
}

// fetched are the programs in the cache folder, of a major version (0: any).
func fetched(ctx context.Context, cache string, major int) []binaries {
	dirs, _ := filepath.Glob(filepath.Join(cache, "postgres-*", "bin"))
	var found []binaries
	for _, dir := range dirs {
		if b, err := inspect(ctx, dir); err == nil && (major == 0 || b.major == major) {
			found = append(found, b)
		}
	}
	return found
}

// unpack downloads the programs to work/home. The library can only fetch as the first step of a start, and cannot start
// as root: it is given a data folder that no server can start on, so it stops after unpacking, always with an error.
func unpack(ctx context.Context, work string, version embedded.PostgresVersion) error {
	home, data := filepath.Join(work, "home"), filepath.Join(work, "data")
	if err := os.Mkdir(data, 0o700); err != nil {
		return err
	}
	if err := os.WriteFile(filepath.Join(data, "PG_VERSION"), fmt.Appendf(nil, "%s\n", string(version)[:2]), 0o600); err != nil {
		return err
	}
	config := embedded.DefaultConfig().
		Version(version).
		Port(0).
		CachePath(filepath.Join(work, "download")).
		RuntimePath(filepath.Join(work, "run")).
		BinariesPath(home).
		DataPath(data).
		Logger(io.Discard)
	if mirror := os.Getenv(repositoryVariable); mirror != "" {
		config = config.BinaryRepositoryURL(mirror)
	}
	fetched := make(chan error, 1)
	go func() { fetched <- embedded.NewDatabase(config).Start() }()
	var err error
	select {
	case err = <-fetched:
	case <-ctx.Done():
		return ctx.Err()
	}
	if _, inspectErr := inspect(ctx, filepath.Join(home, "bin")); inspectErr != nil {
		return errors.Join(err, inspectErr)
	}
	return nil
}
