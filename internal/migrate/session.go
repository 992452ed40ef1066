package migrate

import (
	"context"
	"errors"
	"fmt"
	"hash/fnv"
	"math/rand/v2"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"github.com/lockstep-dev/lockstep/internal/pgcatalog"
)

// lockName is the name the Atlas CLI locks while it applies, so that it and we exclude each other.
const lockName = "atlas_migrate_execute"

// lockKey derives the advisory lock's key as Atlas' Postgres driver does (sql/postgres, Driver.Lock): FNV-1, 32 bits.
func lockKey() int64 {
	h := fnv.New32()
	h.Write([]byte(lockName))
	return int64(h.Sum32())
}

// session is one connection that runs migrations.
type session struct {
	conn *pgx.Conn
	o    Options
}

func connect(ctx context.Context, o Options) (*session, error) {
	config, err := pgx.ParseConfig(o.URL)
	if err != nil {
		return nil, fmt.Errorf("read database URL: %w", err)
	}
	if config.RuntimeParams["application_name"] == "" {
		config.RuntimeParams["application_name"] = "lockstep migrate"
	}
	config.OnNotice = func(_ *pgconn.PgConn, n *pgconn.Notice) {
		if n.Severity == "WARNING" {
			o.Log("         warning: %s", n.Message)
		}
	}
	conn, err := pgx.ConnectConfig(ctx, config)
	if err != nil {
		return nil, fmt.Errorf("connect to the database to migrate: %w", err)
	}
	return &session{conn: conn, o: o}, nil
}

func (s *session) close() { _ = s.conn.Close(context.Background()) }

// lock takes the advisory lock, waiting while another runner has it. It asks again and again instead of queueing: a queued
// request is a running statement, and CREATE INDEX CONCURRENTLY of the runner ahead would wait for it for ever.
func (s *session) lock(ctx context.Context) error {
	deadline := time.Now().Add(s.o.Wait)
	pause := 25 * time.Millisecond
	for said := false; ; {
		var ok bool
		if err := s.conn.QueryRow(ctx, "SELECT pg_try_advisory_lock($1)", lockKey()).Scan(&ok); err != nil {
			return fmt.Errorf("take the migration lock: %w", err)
		}
		if ok {
			return nil
		}
		if !said {
			s.o.Log("another runner is migrating this database, waiting for it")
			said = true
		}
		if time.Now().After(deadline) {
			return problem("locked", "", "another runner has been migrating this database for more than %s: see pg_stat_activity for application_name 'lockstep migrate', then run this again", s.o.Wait)
		}
		if err := sleep(ctx, pause); err != nil {
			return fmt.Errorf("wait for the migration lock: %w", err)
		}
		pause = min(2*pause, time.Second)
	}
}

// searchPath of every migration. Files name the schema; what extensions bring lies here.
const searchPath = "public"

// reset undoes whatever a file set for the session. Limits that operators put on roles or databases do not apply to
// migrations, except how long they may block others. Neither does what they set of zones and forms: a file does the same to
// every database.
func (s *session) reset(ctx context.Context) error {
	_, err := s.conn.Exec(ctx, fmt.Sprintf(`RESET SESSION AUTHORIZATION;
RESET ROLE;
RESET ALL;
SET statement_timeout = 0;
SET idle_in_transaction_session_timeout = 0;
SET lock_timeout = %d;
%s`, s.o.LockTimeout.Milliseconds(), pgcatalog.Pin(searchPath, false)))
	if err != nil {
		return fmt.Errorf("prepare the session: %w", err)
	}
	// A runner that was killed must not hold its locks until a long statement ends. Not every platform has this.
	_, _ = s.conn.Exec(ctx, "SET client_connection_check_interval = '1s'")
	return nil
}

// checkRole refuses a role that row-level security binds: the policies are forced on owners, so its data migrations would
// silently change no rows and its new foreign keys would not see the rows they are to check.
func (s *session) checkRole(ctx context.Context) error {
	var role string
	var bypass bool
	err := s.conn.QueryRow(ctx, "SELECT rolname, rolsuper OR rolbypassrls FROM pg_roles WHERE rolname = current_user").Scan(&role, &bypass)
	if err != nil {
		return fmt.Errorf("read the migration role's rights: %w", err)
	}
	if !bypass {
		return problem("role", "", "role %s is bound by row-level security and would migrate no rows: run `ALTER ROLE %s BYPASSRLS` as a superuser, or connect as the role that owns the schema",
			role, pgx.Identifier{role}.Sanitize())
	}
	return nil
}

// retry runs f again, after a growing pause, while it fails because a lock was not to be had.
func (s *session) retry(ctx context.Context, what string, f func() error) error {
	pause := s.o.Backoff
	for try := 0; ; try++ {
		err := f()
		if err == nil || !lockFailure(err) {
			return err
		}
		if try >= s.o.Retries {
			return problem("locked", "", "%s: gave up after %d tries of %s each behind a lock: find who holds it (pg_blocking_pids, pg_stat_activity), then run this again", what, try+1, s.o.LockTimeout)
		}
		delay := pause/2 + rand.N(pause)
		s.o.Log("         a lock was not free within %s; rolled back, trying again in %s (%d of %d)", s.o.LockTimeout, delay.Round(time.Millisecond), try+1, s.o.Retries)
		if err := sleep(ctx, delay); err != nil {
			return err
		}
		pause = min(2*pause, 16*s.o.Backoff)
	}
}

// lockFailure recognises lock_not_available and deadlock_detected (Postgres manual, appendix A).
func lockFailure(err error) bool {
	var pg *pgconn.PgError
	return errors.As(err, &pg) && (pg.Code == "55P03" || pg.Code == "40P01")
}

func sleep(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return context.Cause(ctx)
	case <-timer.C:
		return nil
	}
}
