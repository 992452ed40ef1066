package devstack

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"strconv"
	"syscall"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/lockstep-dev/lockstep/internal/devdb"
	"github.com/lockstep-dev/lockstep/internal/devseed"
)

// startDatabase brings up Postgres with a database that is migrated and seeded.
func (s *stack) startDatabase(ctx context.Context) error {
	if err := s.startCluster(ctx); err != nil {
		return err
	}
	exists, err := s.cluster.HasDatabase(ctx, s.Database)
	if err != nil {
		return err
	}
	if exists && s.Reset || !exists {
		if err := s.resetDatabase(ctx); err != nil {
			return err
		}
	}
	if err := s.migrate(ctx); err != nil {
		return err
	}
	return s.seed(ctx)
}

func (s *stack) startCluster(ctx context.Context) error {
	begin := time.Now()
	port, given, err := s.databasePort()
	if err != nil {
		return err
	}
	options := devdb.Options{Dir: filepath.Join(s.Dir, "postgres"), Port: port, Log: s.report.details()}
	s.cluster, err = devdb.Start(ctx, options)
	if errors.Is(err, syscall.EADDRINUSE) && !given {
		options.Port = 0
		s.cluster, err = devdb.Start(ctx, options)
	}
	if err != nil {
		return err
	}
	said := fmt.Sprintf("127.0.0.1:%d, version %s", s.cluster.Port(), s.cluster.Version())
	if s.cluster.Port() != port {
		said += fmt.Sprintf(" (%d is taken)", port)
	}
	if made := s.cluster.MadeBy(); made != "" {
		said += ", data made by " + made
	}
	s.report.line("Postgres", said, begin)
	return nil
}

// databasePort is the port to prefer, and whether the developer insists on it.
func (s *stack) databasePort() (port int, given bool, err error) {
	value := s.Getenv(portVariable)
	if value == "" {
		return preferredDatabasePort, false, nil
	}
	port, err = strconv.Atoi(value)
	if err != nil || port < 1 || port > 65535 {
		return 0, false, fmt.Errorf("%s: %q is no port number", portVariable, value)
	}
	return port, true, nil
}

func (s *stack) seed(ctx context.Context) error {
	begin := time.Now()
	conn, err := pgx.Connect(ctx, s.cluster.OwnerURL(s.Database))
	if err != nil {
		return fmt.Errorf("seed the database: %w", err)
	}
	defer func() { _ = conn.Close(context.WithoutCancel(ctx)) }()
	summary, err := devseed.Apply(ctx, conn)
	if err != nil {
		return err
	}
	if s.accounts, err = devseed.Accounts(ctx, conn); err != nil {
		return err
	}
	said := fmt.Sprintf("%d tenants, %d users", summary.Tenants, summary.Users)
	if !summary.Applied {
		said += " (kept)"
	}
	s.report.line("Seed", said, begin)
	return nil
}
