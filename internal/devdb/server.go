package devdb

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/lockstep-dev/lockstep/internal/subprocess"
)

const (
	// attempts bounds the starts that lose their port to another process, or wait for a dead server's memory.
	attempts = 10
	// pause is how often a starting server is asked whether it is ready.
	pause = 10 * time.Millisecond
	// grace is how long a server may take to shut down in order.
	grace = 15 * time.Second
)

// launch starts the server and connects to it as the administrator.
func (c *Cluster) launch(ctx context.Context, bin binaries, run account, port int) (err error) {
	for try := range attempts {
		c.port = port
		if port == 0 {
			if c.port, err = FreePort(ctx); err != nil {
				return err
			}
		}
		if err = c.launchOnce(ctx, bin, run); err == nil {
			return nil
		}
		lost := errors.Is(err, syscall.EADDRINUSE) && port == 0
		if !lost && !errors.Is(err, errEnding) {
			return err
		}
		select {
		case <-ctx.Done():
			return errors.Join(err, ctx.Err())
		case <-time.After(time.Duration(try) * 100 * time.Millisecond):
		}
	}
	return err
}

func (c *Cluster) launchOnce(ctx context.Context, bin binaries, run account) error {
	// The log of the run before is kept: it may tell why that one ended.
	_ = os.Rename(c.LogFile(), c.LogFile()+".previous")
	log, err := os.OpenFile(c.LogFile(), os.O_CREATE|os.O_WRONLY|os.O_TRUNC|os.O_APPEND, 0o600)
	if err != nil {
		return fmt.Errorf("start Postgres: %w", err)
	}
	defer func() { _ = log.Close() }()

	cmd := run.command(bin.program("postgres"), "-D", c.data())
	for name, value := range c.settings() {
		cmd.Args = append(cmd.Args, "-c", name+"="+value)
	}
	cmd.Stdout, cmd.Stderr = log, log
	// Fast shutdown writes everything out. Data that nobody keeps is dropped at once.
	onDeath := syscall.SIGINT
	if c.ephemeral {
		onDeath = syscall.SIGQUIT
	}
	server, err := subprocess.Start(cmd, subprocess.Options{OnParentDeath: onDeath})
	if err != nil {
		return fmt.Errorf("start Postgres: %w%s", err, run.hint(err))
	}
	admin, err := c.connect(ctx, server)
	if err != nil {
		_, stopErr := server.Stop(grace, syscall.SIGINT, syscall.SIGQUIT)
		return errors.Join(c.explain(err), stopErr)
	}
	c.server, c.admin = server, admin
	return nil
}

// settings are the server's parameters (Postgres manual, chapter "Server Configuration").
func (c *Cluster) settings() map[string]string {
	s := map[string]string{
		"port":                    strconv.Itoa(c.port),
		"listen_addresses":        "127.0.0.1",
		"unix_socket_directories": "",
		"max_connections":         "200",
		"timezone":                "UTC",
		"log_timezone":            "UTC",
		// The data sits in memory or on an SSD; at the default of 4 joins read whole tables instead of indexes.
		"random_page_cost":  "1.1",
		"logging_collector": "off",
	}
	if c.ephemeral {
		for _, name := range []string{"fsync", "synchronous_commit", "full_page_writes", "autovacuum"} {
			s[name] = "off"
		}
		s["wal_level"] = "minimal"
		s["max_wal_senders"] = "0"
	}
	return s
}

// connect waits until the server answers, or has ended.
func (c *Cluster) connect(ctx context.Context, server *subprocess.Process) (*pgxpool.Pool, error) {
	config, err := pgxpool.ParseConfig(c.url(adminRole, c.secrets.Admin, "postgres"))
	if err != nil {
		return nil, fmt.Errorf("connect to Postgres: %w", err)
	}
	config.MaxConns = 4
	config.ConnConfig.ConnectTimeout = 5 * time.Second
	pool, err := pgxpool.NewWithConfig(ctx, config)
	if err != nil {
		return nil, fmt.Errorf("connect to Postgres: %w", err)
	}
	for {
		err := pool.Ping(ctx)
		if err == nil {
			return pool, nil
		}
		select {
		case <-server.Done():
			pool.Close()
			return nil, errEnded
		case <-ctx.Done():
			pool.Close()
			return nil, errors.Join(ctx.Err(), err)
		case <-time.After(pause):
		}
	}
}

var (
	errEnded  = errors.New("the server ended while starting")
	errEnding = errors.New("processes of the last server are still ending")
)

// explain adds the server's own words to the error of a failed start, and names the reasons that may pass.
func (c *Cluster) explain(err error) error {
	raw, readErr := os.ReadFile(c.LogFile())
	if readErr != nil {
		return errors.Join(err, readErr)
	}
	said := string(raw)
	if len(said) > 4096 {
		said = said[len(said)-4096:]
	}
	switch {
	case strings.Contains(said, "could not bind"):
		err = fmt.Errorf("port %d on 127.0.0.1: %w", c.port, syscall.EADDRINUSE)
	case strings.Contains(said, "pre-existing shared memory block"), strings.Contains(said, "lock file \"postmaster.pid\" already exists"):
		err = errEnding
	}
	return fmt.Errorf("start Postgres: %w; its log says:\n%s", err, strings.TrimSpace(said))
}

// stopServer ends the server: in order when its data is kept, at once when it is not.
func (c *Cluster) stopServer() error {
	signals := []syscall.Signal{syscall.SIGINT, syscall.SIGQUIT}
	if c.ephemeral {
		signals = []syscall.Signal{syscall.SIGQUIT}
	}
	killed, err := c.server.Stop(grace, signals...)
	if err != nil {
		return fmt.Errorf("stop Postgres: %w", err)
	}
	if killed {
		c.say("Postgres did not stop within %s and was killed; it recovers at the next start", grace)
	}
	return nil
}
