// Package devstack assembles what `lockstep dev` runs: a local Postgres, the repository's migrations, a seed, an OpenID
// Connect issuer, the server built from the working tree and, when asked for, the front end.
package devstack

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"syscall"
	"time"

	"github.com/lockstep-dev/lockstep/internal/devdb"
	"github.com/lockstep-dev/lockstep/internal/devissuer"
	"github.com/lockstep-dev/lockstep/internal/devseed"
	"github.com/lockstep-dev/lockstep/internal/lockfile"
	"github.com/lockstep-dev/lockstep/internal/subprocess"
)

// Config says what to run and where.
type Config struct {
	// Root is the checkout.
	Root string
	// Dir is where everything the stack keeps lives. Defaults to .lockstep in Root, which git ignores.
	Dir string
	// Getenv reads the variables listed by Variables.
	Getenv func(string) string
	// Web also runs the front end. Defaults to false.
	Web bool
	// Database is the name of the developer's database; one for each branch lets branches have migrations of their own.
	// Defaults to what LOCKSTEP_DEV_DATABASE says, or core.
	Database string
	// Reset starts from an empty database. Defaults to false.
	Reset bool
	// In is where the developer answers after a migration has failed. Nil is nobody; files that change are noticed anyway.
	In io.Reader
	// Out receives the steps, URLs and tokens.
	Out io.Writer
	// Logs receives what the server and the front end print.
	Logs *os.File
}

// defaultDatabase is the name of the developer's database, where no other is named.
const defaultDatabase = "core"

// stack is what runs, in the order it was started.
type stack struct {
	Config
	report   *report
	cluster  *devdb.Cluster
	accounts []devseed.Account
	issuer   *devissuer.Issuer
	issuers  *http.Server
	server   *subprocess.Process
	api      string
	web      *subprocess.Process
	webAddr  string // where the front end is, or is expected
	webNote  string // why it is not the preferred address
	webURL   string

	said  chan string // lines from In
	asked bool        // whether anybody reads In
}

// Run starts the stack, prints how to use it and returns when the context ends, which is no error, or when a part of it
// fails. Whatever was started has been stopped by then. If this process is killed its children end too, and the next Run
// carries on with the data. The error is lockfile.ErrHeld while another process runs a stack in the same folder.
func Run(ctx context.Context, c Config) (err error) {
	if c.Dir == "" {
		c.Dir = filepath.Join(c.Root, ".lockstep")
	}
	if c.Database == "" {
		c.Database = cmp.Or(c.Getenv(databaseVariable), defaultDatabase)
	}
	if err := checkDatabase(c.Database); err != nil {
		return err
	}
	s := &stack{Config: c, report: newReport(c.Out)}
	if err := os.MkdirAll(s.Dir, 0o755); err != nil {
		return fmt.Errorf("make the stack's folder: %w", err)
	}
	lock, err := lockfile.Take(filepath.Join(s.Dir, "dev.lock"))
	if err != nil {
		return err
	}
	defer func() { _ = lock.Close() }()
	// What the last run said is no longer so.
	if err := removeFile(s.Dir); err != nil {
		return err
	}
	ctx, cancel := untilParentEnds(ctx)
	defer cancel()
	err = s.start(ctx)
	if err == nil {
		err = s.wait(ctx)
	}
	if ctx.Err() != nil {
		// Asked to stop; what broke on the way was the stopping.
		err = nil
	}
	return errors.Join(err, s.stop())
}

func (s *stack) start(ctx context.Context) error {
	// The compiler and Postgres wait for different things most of the time.
	built := s.buildServer(ctx)
	if err := s.startDatabase(ctx); err != nil {
		return errors.Join(err, built.abandon())
	}
	if err := s.startIssuer(ctx); err != nil {
		return errors.Join(err, built.abandon())
	}
	if err := s.startServer(ctx, built); err != nil {
		return err
	}
	if s.Web {
		if err := s.startWeb(ctx); err != nil {
			return err
		}
	}
	return s.publish()
}

// wait returns when the context ends or a part of the stack has ended by itself.
func (s *stack) wait(ctx context.Context) error {
	var web <-chan struct{}
	if s.web != nil {
		web = s.web.Done()
	}
	select {
	case <-ctx.Done():
		return nil
	case <-s.cluster.Done():
		return fmt.Errorf("the database server has ended by itself; its log is %s", s.cluster.LogFile())
	case <-s.server.Done():
		return ended("the server", s.server)
	case <-web:
		return ended("the front end", s.web)
	}
}

// ended describes a child that was not meant to end.
func ended(name string, p *subprocess.Process) error {
	if err := p.Err(); err != nil {
		return fmt.Errorf("%s has ended by itself: %w", name, err)
	}
	return fmt.Errorf("%s has ended by itself", name)
}

// grace is how long a part may take to finish what it is doing.
const grace = 8 * time.Second

// stop stops the parts in the reverse order of their start, each after those that need it.
func (s *stack) stop() error {
	begin := time.Now()
	errs := []error{removeFile(s.Dir)}
	if s.web != nil {
		_, err := s.web.Stop(grace, syscall.SIGTERM)
		errs = append(errs, err)
	}
	if s.server != nil {
		_, err := s.server.Stop(grace, syscall.SIGTERM)
		errs = append(errs, err)
	}
	if s.issuers != nil {
		errs = append(errs, s.issuers.Close())
	}
	if s.cluster != nil {
		errs = append(errs, s.cluster.Stop())
	}
	err := errors.Join(errs...)
	if err == nil {
		s.report.line("Stopped", "the data is kept in "+s.shown("postgres"), begin)
	}
	return err
}

// shown is how a path below the stack's folder is printed: short when the folder is in the checkout.
func (s *stack) shown(name string) string {
	path := filepath.Join(s.Dir, name)
	if short, err := filepath.Rel(s.Root, path); err == nil && filepath.IsLocal(short) {
		return short
	}
	return path
}
