package pg

import (
	"context"
	"errors"
	"strings"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
)

// Pooled reports whether the database is used through a pooler, as configured or as found out: settings travel with each
// transaction then, and no statement is prepared.
func (db *DB) Pooled() bool { return db.pooled.Load() }

// connected looks at a connection that was just opened: its role must be bound by row-level security, and who answers may
// be a pooler. A pooler makes up the process number it gives to clients, so that it is not that of the server process.
func (db *DB) connected(ctx context.Context, conn *pgx.Conn) error {
	// Unprepared: whether statements can be prepared is what this is about to find out.
	pid, err := checkRole(ctx, unprepared{conn})
	if err == nil && pid != int64(conn.PgConn().PID()) {
		db.recognisePooler(ctx, "its process numbers are not the server's")
	}
	return err
}

// refusesSettings reports whether err is a pooler's refusal of the settings that a connection to Postgres itself begins
// with, and recognises the pooler then. Poolers word it as PgBouncer does.
func (db *DB) refusesSettings(ctx context.Context, err error) bool {
	var pg *pgconn.PgError
	if !errors.As(err, &pg) || pg.Code != "08P01" || !strings.Contains(pg.Message, "unsupported startup parameter") {
		return false
	}
	db.recognisePooler(ctx, "it refuses the settings of a session")
	return true
}

func (db *DB) recognisePooler(ctx context.Context, by string) {
	if db.pooled.CompareAndSwap(false, true) {
		db.config.Logger.WarnContext(ctx, "the database is behind a pooler: statements are not prepared, which costs half of the throughput; set LOCKSTEP_DATABASE_PGBOUNCER=true to say that it is meant",
			"recognised", by)
	}
}

// unprepared runs queries without preparing them.
type unprepared struct{ *pgx.Conn }

// Query implements Querier.
func (u unprepared) Query(ctx context.Context, sql string, args ...any) (pgx.Rows, error) {
	return u.Conn.Query(ctx, sql, append([]any{pgx.QueryExecModeExec}, args...)...)
}
