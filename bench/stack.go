package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"syscall"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/lockstep-dev/lockstep/internal/devdb"
	"github.com/lockstep-dev/lockstep/internal/devissuer"
	"github.com/lockstep-dev/lockstep/internal/migrate"
	"github.com/lockstep-dev/lockstep/internal/subprocess"
	"github.com/lockstep-dev/lockstep/migrations"
)

const database = "bench"

// poolSize is the number of database connections of each server.
const poolSize = 10

// stack is everything that runs beside this process.
type stack struct {
	dir       string
	cluster   *devdb.Cluster
	issuer    *devissuer.Issuer
	issuers   *http.Server
	data      *data
	ours      *server
	reference *server
	postgres  int       // process id of the postmaster
	owner     *pgx.Conn // nil: nobody has asked for it
}

// server is one of the two that are compared.
type server struct {
	name    string
	addr    string
	admin   string // pprof
	process *subprocess.Process
}

// start brings up the database with its data, and both servers.
func start(ctx context.Context, o options) (s *stack, err error) {
	s = &stack{}
	defer func() {
		if err != nil {
			err = errors.Join(err, s.stop())
		}
	}()
	if s.dir, err = os.MkdirTemp("", "bench-"); err != nil {
		return s, err
	}
	built := make(chan error, 2)
	for program, pkg := range map[string]string{"server": "./cmd/server", "reference": "./bench/reference"} {
		go func() { built <- build(ctx, filepath.Join(s.dir, program), pkg) }()
	}
	if err := errors.Join(s.startDatabase(ctx, o), <-built, <-built); err != nil {
		return s, err
	}
	if err := s.startIssuer(o); err != nil {
		return s, err
	}
	if s.ours, err = s.startServer(ctx, unlimited, "server", "serve"); err != nil {
		return s, err
	}
	s.reference, err = s.startServer(ctx, unlimited, "reference")
	return s, err
}

// build compiles a program as for production.
func build(ctx context.Context, out, pkg string) error {
	cmd := exec.CommandContext(ctx, "go", "build", "-buildvcs=false", "-o", out, pkg)
	if text, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("build %s: %w\n%s", pkg, err, text)
	}
	return nil
}

// startDatabase fills a database on a cluster of its own, which does not wait for the disk: how long that takes is the
// disk's doing and the same for both.
func (s *stack) startDatabase(ctx context.Context, o options) (err error) {
	dir := filepath.Join(s.dir, "postgres")
	if err := os.Chmod(s.dir, 0o755); err != nil {
		return err
	}
	if s.cluster, err = devdb.Start(ctx, devdb.Options{Dir: dir, Ephemeral: true, Log: os.Stderr}); err != nil {
		return err
	}
	if s.postgres, err = devdb.Postmaster(dir); err != nil {
		return err
	}
	if err := s.cluster.CreateDatabase(ctx, database); err != nil {
		return err
	}
	owner := s.cluster.OwnerURL(database)
	if _, err := migrate.Up(ctx, migrate.Options{Dir: migrations.FS, URL: owner}); err != nil {
		return err
	}
	s.data, err = fill(ctx, owner, o.tenants, o.users)
	return err
}

func (s *stack) startIssuer(o options) error {
	listener, url, err := devissuer.Listen("127.0.0.1:0")
	if err != nil {
		return err
	}
	if s.issuer, err = devissuer.New(devissuer.Options{IssuerURL: url}); err != nil {
		return errors.Join(err, listener.Close())
	}
	s.issuers = &http.Server{Handler: s.issuer, ReadHeaderTimeout: 5 * time.Second}
	go func() { _ = s.issuers.Serve(listener) }() // ends when the stack closes it
	return s.data.sign(s.issuer)
}

// unlimited are rates that are counted, and never reached.
const unlimited = "1000000000/1s"

// startServer runs one of the servers; both are given the same settings. Rate is how often a principal may ask.
func (s *stack) startServer(ctx context.Context, rate, program string, args ...string) (*server, error) {
	v := &server{name: program}
	var err error
	if v.addr, err = freeAddr(ctx); err != nil {
		return nil, err
	}
	if v.admin, err = freeAddr(ctx); err != nil {
		return nil, err
	}
	log, err := os.Create(filepath.Join(s.dir, program+".log"))
	if err != nil {
		return nil, err
	}
	defer func() { _ = log.Close() }()
	cmd := exec.CommandContext(context.WithoutCancel(ctx), filepath.Join(s.dir, program), args...)
	cmd.Stdout, cmd.Stderr = log, log
	cmd.Env = []string{
		"GOMAXPROCS=" + strconv.Itoa(runtime.NumCPU()),
		"LOCKSTEP_DATABASE_URL=" + s.cluster.AppURL(database),
		"LOCKSTEP_DATABASE_MAX_CONNS=" + strconv.Itoa(poolSize),
		"LOCKSTEP_ADDR=" + v.addr,
		"LOCKSTEP_ADMIN_ADDR=" + v.admin, "LOCKSTEP_ADMIN_PROFILES=true",
		"LOCKSTEP_OIDC_ISSUERS=" + s.issuer.URL(),
		"LOCKSTEP_RATE_LIMIT_PRINCIPAL=" + rate, "LOCKSTEP_RATE_LIMIT_TENANT=" + unlimited,
		"LOCKSTEP_SHUTDOWN_DELAY=0s", // there is no load balancer
	}
	if v.process, err = subprocess.Start(cmd, subprocess.Options{}); err != nil {
		return nil, err
	}
	if err := v.ready(ctx); err != nil {
		said, _ := os.ReadFile(log.Name())
		return v, fmt.Errorf("start the %s: %w\n%s", program, err, said)
	}
	return v, nil
}

func freeAddr(ctx context.Context) (string, error) {
	port, err := devdb.FreePort(ctx)
	return net.JoinHostPort("127.0.0.1", strconv.Itoa(port)), err
}

// ready returns when the server answers that it is.
func (v *server) ready(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, time.Minute)
	defer cancel()
	for {
		text, last := fetch(ctx, "http://"+v.addr+"/readyz")
		if last == nil {
			return nil
		}
		select {
		case <-v.process.Done():
			return errors.New("it ended")
		case <-ctx.Done():
			return fmt.Errorf("%w: %w: %s", ctx.Err(), last, text)
		case <-time.After(20 * time.Millisecond):
		}
	}
}

func fetch(ctx context.Context, url string) ([]byte, error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return nil, err
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return nil, err
	}
	defer func() { _ = response.Body.Close() }()
	text, err := io.ReadAll(response.Body)
	if err == nil && response.StatusCode != http.StatusOK {
		err = errors.New(response.Status)
	}
	return text, err
}

// stop ends everything that was started.
func (s *stack) stop() error {
	var errs []error
	for _, v := range []*server{s.ours, s.reference} {
		if v != nil && v.process != nil {
			_, err := v.process.Stop(10*time.Second, syscall.SIGTERM)
			errs = append(errs, err)
		}
	}
	if s.issuers != nil {
		errs = append(errs, s.issuers.Close())
	}
	if s.owner != nil {
		errs = append(errs, s.owner.Close(context.Background()))
	}
	if s.cluster != nil {
		errs = append(errs, s.cluster.Stop())
	}
	return errors.Join(append(errs, os.RemoveAll(s.dir))...)
}
