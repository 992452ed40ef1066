// Package devdb runs a local Postgres cluster for development and tests, without Docker and without a service on the
// machine. It uses an installed Postgres where there is one and fetches binaries otherwise, works as root (Postgres
// itself then runs as an unprivileged user) and as an ordinary user, listens on 127.0.0.1 only, and stops with the
// process that started it, even when that one is killed.
package devdb

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/url"
	"os"
	"path/filepath"
	"strconv"
	"sync"

	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/lockstep-dev/lockstep/internal/lockfile"
	"github.com/lockstep-dev/lockstep/internal/subprocess"
)

// lockName is the file whose lock says that a process uses the cluster's folder.
const lockName = "lock"

// Options say where a cluster lives and how it behaves.
type Options struct {
	// Dir holds the cluster's data, passwords and log; it is created when missing. One process at a time may use it.
	// May be empty for an ephemeral cluster, which then gets a folder of its own in the temporary directory.
	Dir string
	// Port to listen on. Defaults to 0: any free port.
	Port int
	// Ephemeral trades durability for speed and removes the cluster when it stops. Defaults to false.
	Ephemeral bool
	// Major is the version of Postgres that makes a new cluster, 15 for example, whatever the developer chose for the rest.
	// Defaults to 0: the one that is installed.
	Major int
	// Log receives a line per slow or unusual step. Defaults to nothing.
	Log io.Writer
}

// Cluster is a running Postgres cluster. It has the roles core_owner (LOGIN CREATEDB CREATEROLE BYPASSRLS), who runs
// migrations and owns databases, and core_app (LOGIN), the application's. Methods may be called from any goroutine.
type Cluster struct {
	dir       string
	port      int
	version   string
	madeBy    string
	ephemeral bool
	say       progress
	secrets   credentials
	lock      *os.File
	server    *subprocess.Process
	admin     *pgxpool.Pool
	stop      sync.Once
	stopErr   error
}

// Start starts the cluster of o.Dir, creating it first when there is none, and returns when it accepts connections.
// The context bounds the start only. The error is lockfile.ErrHeld when another process uses the folder, ErrNoPostgres
// when no Postgres is installed and none can be fetched.
func Start(ctx context.Context, o Options) (*Cluster, error) {
	c := &Cluster{ephemeral: o.Ephemeral, say: newProgress(o.Log)}
	if err := c.claim(o.Dir); err != nil {
		return nil, err
	}
	if err := c.start(ctx, o); err != nil {
		return nil, errors.Join(err, c.Stop())
	}
	return c, nil
}

// claim makes the folder and takes its lock.
func (c *Cluster) claim(dir string) (err error) {
	if dir == "" {
		if !c.ephemeral {
			return errors.New("start Postgres: a cluster that is kept needs a folder")
		}
		c.dir, c.lock, err = claimTemporary(c.say)
		return err
	}
	if c.dir, err = filepath.Abs(dir); err != nil {
		return fmt.Errorf("find the cluster's folder: %w", err)
	}
	if err := os.MkdirAll(c.dir, 0o755); err != nil {
		return fmt.Errorf("make the cluster's folder: %w", err)
	}
	if c.dir, err = filepath.EvalSymlinks(c.dir); err != nil {
		return fmt.Errorf("find the cluster's folder: %w", err)
	}
	c.lock, err = lockfile.Take(filepath.Join(c.dir, lockName))
	return err
}

func (c *Cluster) start(ctx context.Context, o Options) error {
	c.removeLeftovers()
	run, err := accountFor(c.dir)
	if err != nil {
		return err
	}
	if err := retirePostmaster(ctx, c.data(), c.say); err != nil {
		return err
	}
	data, err := readOrigin(c.data())
	if err != nil {
		return err
	}
	search, err := newSearch(ctx, data, o.Major, run, c.say)
	if err != nil {
		return err
	}
	bin, err := search.find(ctx)
	if err != nil {
		return err
	}
	data.tellChange(bin, c.say)
	if run, err = run.reaching(c.dir); err != nil {
		return err
	}
	if c.secrets, err = loadCredentials(c.dir); err != nil {
		return err
	}
	if data.major == 0 {
		if err := c.initialise(ctx, bin, run); err != nil {
			return err
		}
	}
	if err := c.launch(ctx, bin, run, o.Port); err != nil {
		return err
	}
	if err := c.prepare(ctx); err != nil {
		return err
	}
	c.version = bin.version
	if data.Made != bin.build {
		c.madeBy = data.Made
	}
	if data.major == 0 || data.Opened == bin.build {
		return nil
	}
	data.Opened = bin.build
	return data.write(c.data(), run)
}

// OwnerURL is the connection URL of a database as core_owner, the role that runs migrations and owns databases.
func (c *Cluster) OwnerURL(database string) string {
	return c.url(ownerRole, c.secrets.Owner, database)
}

// AppURL is the connection URL of a database as core_app, the application's role: no DDL, no way around row-level
// security.
func (c *Cluster) AppURL(database string) string { return c.url(appRole, c.secrets.App, database) }

func (c *Cluster) url(role, password, database string) string {
	u := url.URL{
		Scheme:   "postgres",
		User:     url.UserPassword(role, password),
		Host:     "127.0.0.1:" + strconv.Itoa(c.port),
		Path:     "/" + database,
		RawQuery: "sslmode=disable",
	}
	return u.String()
}

// Port is the port the cluster listens on, on 127.0.0.1.
func (c *Cluster) Port() int { return c.port }

// Version is the server's version, such as 15.18.
func (c *Cluster) Version() string { return c.version }

// MadeBy is the build that made the data, such as 15.18 (Debian 15.18-0+deb12u1), where that is known to be another than the one
// that runs; empty otherwise.
func (c *Cluster) MadeBy() string { return c.madeBy }

// Done is closed when the server has ended, whether stopped or on its own account.
func (c *Cluster) Done() <-chan struct{} { return c.server.Done() }

// LogFile is the path of the server's log.
func (c *Cluster) LogFile() string { return filepath.Join(c.dir, "postgres.log") }

// Stop stops the server and gives the folder free; an ephemeral cluster is removed. Later calls return the first
// call's result.
func (c *Cluster) Stop() error {
	c.stop.Do(func() { c.stopErr = c.halt() })
	return c.stopErr
}

func (c *Cluster) halt() error {
	var errs []error
	if c.admin != nil {
		c.admin.Close()
	}
	if c.server != nil {
		errs = append(errs, c.stopServer())
	}
	if c.ephemeral {
		errs = append(errs, removeCluster(c.dir))
	}
	errs = append(errs, c.lock.Close())
	return errors.Join(errs...)
}

func (c *Cluster) data() string { return filepath.Join(c.dir, "data") }
