package postgres

import (
	"context"
	"errors"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
)

// ErrBusy says that all connections are in use and that too many statements wait for one already, or that this one has
// waited for too long. Nothing was sent to the server.
var ErrBusy = errors.New("postgres: all connections are in use, and the queue for them is full or slow")

// acquire takes a connection for a request's statement, and counts those that are refused one. Give the connection back
// with release.
func (db *DB) acquire(ctx context.Context) (*pgxpool.Conn, error) {
	conn, err := db.take(ctx)
	if errors.Is(err, ErrBusy) {
		db.shed.Add(1)
	}
	return conn, err
}

// acquireAgain is acquire for a statement whose connection broke: others may have broken with it, so it takes one whose
// server has not hung up.
func (db *DB) acquireAgain(ctx context.Context) (*pgxpool.Conn, error) {
	for {
		conn, err := db.acquire(ctx)
		if err != nil || !hungUp(conn.Conn()) {
			return conn, err
		}
		closing, cancel := context.WithCancel(ctx)
		cancel() // there is nobody to say goodbye to
		_ = conn.Conn().Close(closing)
		db.release(conn)
	}
}

// take takes a connection from the pool. As long as there are fewer takers than connections it waits for no other; of
// those beyond, MaxWaiting wait, for MaxWait and until their own deadline, so that a server that cannot keep up says so at
// once instead of letting every caller wait for ever longer.
func (db *DB) take(ctx context.Context) (*pgxpool.Conn, error) {
	takers := db.takers.Add(1)
	queued := takers > int64(db.config.MaxConns)
	if queued {
		if takers > int64(db.config.MaxConns)+int64(db.config.MaxWaiting) {
			db.takers.Add(-1)
			return nil, ErrBusy
		}
		// Made only here: a connection that is free needs no clock.
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, db.config.MaxWait)
		defer cancel()
	}
	conn, err := db.fromPool(ctx)
	if err != nil {
		db.takers.Add(-1)
		if queued && errors.Is(ctx.Err(), context.DeadlineExceeded) {
			return nil, ErrBusy
		}
		return nil, err
	}
	return conn, nil
}

func (db *DB) release(conn *pgxpool.Conn) {
	if !conn.Conn().IsClosed() {
		db.answered.Add(1)
	}
	conn.Release()
	db.scarce.released()
	db.takers.Add(-1)
}

// Querier runs a query.
type Querier interface {
	Query(ctx context.Context, sql string, args ...any) (pgx.Rows, error)
}

// Unscoped runs fn on a connection, for what belongs to no tenant, such as reading the schema's revision: row-level
// security shows it no tenant's rows. Its error may be ErrBusy or ErrUnavailable.
func (db *DB) Unscoped(ctx context.Context, fn func(Querier) error) error {
	conn, err := db.take(ctx)
	if err != nil {
		return translate(ctx, err)
	}
	defer db.release(conn)
	if db.pooled.Load() {
		return translate(ctx, fn(unprepared{conn.Conn()}))
	}
	return translate(ctx, fn(conn.Conn()))
}

// shouldPing has a connection tried before it is used when it may be gone: one that has been idle for long, because a
// firewall may have dropped it, and one whose server has hung up, which the operating system knows without asking. A ping
// is a round trip; connections that were used a moment ago go without, and run repeats what it safely can.
func shouldPing(_ context.Context, p pgxpool.ShouldPingParams) bool {
	return p.IdleDuration > 5*time.Second || p.IdleDuration > 10*time.Millisecond && hungUp(p.Conn)
}
