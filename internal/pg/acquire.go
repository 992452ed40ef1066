package pg

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

type backgroundKey struct{}

// Background returns a context whose statements are of no request: when they get no connection, no load was shed.
func Background(ctx context.Context) context.Context {
	return context.WithValue(ctx, backgroundKey{}, true)
}

// acquire takes a connection for a request's statement out of the share of the scope of ctx, and counts those that are
// refused one. Give the connection back with release.
func (db *DB) acquire(ctx context.Context) (*pgxpool.Conn, error) {
	scope, err := requireScope(ctx)
	if err != nil {
		return nil, err
	}
	conn, err := db.take(ctx, partyOf(scope))
	if errors.Is(err, ErrBusy) && ctx.Value(backgroundKey{}) == nil {
		db.shed.Add(1)
		if errors.Is(err, ErrShare) {
			db.shareShed.Add(1)
		}
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

// take takes a connection from the pool, which is there once p has its turn. Waiting for that is bounded by MaxWaiting,
// MaxWait and the caller's own deadline, so that a server that cannot keep up says so at once instead of letting every
// caller wait for ever longer.
func (db *DB) take(ctx context.Context, p party) (*pgxpool.Conn, error) {
	since, queued, err := db.shares.take(ctx, p)
	if queued {
		db.tracer.waited(ctx, since, err)
	}
	if err != nil {
		return nil, err
	}
	if queued && db.pool.Stat().IdleConns() == 0 {
		// One is to be opened, which may take its time too. Made only here: a connection that is free needs no clock.
		var cancel context.CancelFunc
		ctx, cancel = context.WithDeadline(ctx, since.Add(db.config.MaxWait))
		defer cancel()
	}
	conn, err := db.fromPool(ctx)
	if err != nil {
		db.shares.give(p)
		if queued && errors.Is(ctx.Err(), context.DeadlineExceeded) {
			return nil, ErrBusy
		}
		return nil, err
	}
	sessionOf(conn.Conn()).holder = p
	return conn, nil
}

func (db *DB) release(conn *pgxpool.Conn) {
	p := sessionOf(conn.Conn()).holder
	if !conn.Conn().IsClosed() {
		db.answered.Add(1)
	}
	conn.Release()
	db.scarce.released()
	db.shares.give(p)
}

// Querier runs a query.
type Querier interface {
	Query(ctx context.Context, sql string, args ...any) (pgx.Rows, error)
}

// Unscoped runs fn on a connection, for what belongs to no tenant, such as reading the schema's revision: row-level
// security shows it no tenant's rows. Its error may be ErrBusy or ErrUnavailable.
func (db *DB) Unscoped(ctx context.Context, fn func(Querier) error) error {
	conn, err := db.take(ctx, party{kind: ofServer})
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
