package pg

import (
	"context"
	"errors"
	"fmt"
	"sync/atomic"
	"time"

	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgxpool"
)

// refusalLasts is how long the server is not asked for another connection after it has refused one.
const refusalLasts = 250 * time.Millisecond

// scarcity lets statements share the connections there are while the server refuses more of them (SQLSTATE 53300).
type scarcity struct {
	refused atomic.Pointer[refusal] // the last; nil: none
	waiting atomic.Int64
	freed   chan struct{} // gets one for each connection that is given back while somebody waits
}

type refusal struct {
	at  time.Time
	err error
}

func newScarcity(conns int32) scarcity { return scarcity{freed: make(chan struct{}, conns)} }

// released tells those who wait that a connection was given back.
func (s *scarcity) released() {
	if s.waiting.Load() > 0 {
		select {
		case s.freed <- struct{}{}:
		default: // as many are told of as can be free
		}
	}
}

// fromPool takes a connection that is idle, or opens one. While the server takes no more connections it waits for one of
// those that are there, up to MaxWait; the error is ErrBusy then.
func (db *DB) fromPool(ctx context.Context) (*pgxpool.Conn, error) {
	if last := db.scarce.refused.Load(); last != nil && time.Since(last.at) < refusalLasts {
		if conn, err := db.shareIdle(ctx, last.err); !errors.Is(err, errNoneToShare) {
			return conn, err
		}
	}
	conn, err := db.pool.Acquire(ctx)
	switch {
	case err == nil:
		return conn, nil
	case db.refusesSettings(ctx, err):
		return db.pool.Acquire(ctx)
	case tooManyConnections(err):
		db.noteRefusal(ctx, err)
		if conn, err := db.shareIdle(ctx, err); !errors.Is(err, errNoneToShare) {
			return conn, err
		}
	}
	return nil, err
}

var errNoneToShare = errors.New("postgres: there is no connection to wait for")

// shareIdle waits for a connection that others give back. Its error is errNoneToShare where there are none.
func (db *DB) shareIdle(ctx context.Context, refused error) (*pgxpool.Conn, error) {
	ctx, cancel := context.WithTimeout(ctx, db.config.MaxWait)
	defer cancel()
	db.scarce.waiting.Add(1)
	defer db.scarce.waiting.Add(-1)
	// Nobody tells of a connection that is being opened.
	tick := time.NewTicker(10 * time.Millisecond)
	defer tick.Stop()
	for {
		stat := db.pool.Stat()
		if stat.IdleConns() > 0 {
			conn, err := db.pool.Acquire(ctx)
			if err == nil || !tooManyConnections(err) {
				return conn, err
			}
			db.noteRefusal(ctx, err) // another statement was faster
		} else if stat.AcquiredConns() == 0 && stat.ConstructingConns() == 0 {
			return nil, errNoneToShare
		}
		select {
		case <-db.scarce.freed:
		case <-tick.C:
		case <-ctx.Done():
			return nil, fmt.Errorf("%w: %w", ErrBusy, refused)
		}
	}
}

func (db *DB) noteRefusal(ctx context.Context, err error) {
	now := &refusal{time.Now(), err}
	if last := db.scarce.refused.Swap(now); last == nil || now.at.Sub(last.at) > time.Minute {
		stat := db.pool.Stat()
		db.config.Logger.WarnContext(ctx, "the server takes no more connections, so requests share those there are: raise max_connections or the role's CONNECTION LIMIT, or lower LOCKSTEP_DATABASE_MAX_CONNS",
			"connections", stat.TotalConns(), "wanted", db.config.MaxConns, "error", err)
	}
}

func tooManyConnections(err error) bool {
	var pg *pgconn.PgError
	return errors.As(err, &pg) && pg.Code == "53300"
}
