package postgres

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"slices"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
)

// maxAttempts bounds how often a statement is sent in all.
const maxAttempts = 3

// statement is one statement on its way to the server, and its outcome.
type statement struct {
	sql  string
	args []any
	// notify goes out in the same transaction.
	notify []Notification
	// columns are those of the result when it was last read, if it was.
	columns []column

	rows *rows
	tag  pgconn.CommandTag
}

// newStatement checks the arguments Ent passes as any.
func newStatement(sql string, args any) (*statement, error) {
	argv, ok := args.([]any)
	if !ok && args != nil {
		return nil, fmt.Errorf("postgres: arguments are %T: pass []any", args)
	}
	return &statement{sql: sql, args: argv}, nil
}

// read takes the result of s from r completely. Reading all of it at once frees the connection before
// the caller scans, lets the error of a commit surface, and makes a retry invisible.
func (s *statement) read(r pgx.Rows, err error) error {
	if err != nil {
		r.Close()
		return err
	}
	s.rows, err = readRows(r, s.columns)
	s.tag = r.CommandTag()
	return err
}

// run sends the statements as one implicit transaction bound to scope, in one round trip once they are
// prepared.
func (db *DB) run(ctx context.Context, scope Scope, statements ...*statement) error {
	for attempt := 1; ; attempt++ {
		err := db.runOnce(ctx, scope, statements)
		if err == nil || attempt == maxAttempts || !mayRepeat(ctx, err, statements) {
			return translate(ctx, err)
		}
		if err := backOff(ctx, attempt); err != nil {
			return err
		}
	}
}

func (db *DB) runOnce(ctx context.Context, scope Scope, statements []*statement) error {
	conn, err := db.acquire(ctx)
	if err != nil {
		return err
	}
	defer db.release(conn)
	batch := &pgx.Batch{}
	db.queueScope(batch, scope)
	var notify []Notification
	for _, s := range statements {
		notify = append(notify, s.notify...)
	}
	return sendBatch(ctx, conn.Conn(), batch, 1, statements, notify)
}

func (db *DB) queueScope(batch *pgx.Batch, scope Scope) {
	tenant, platform := scope.settings()
	if db.tenantSQL != "" && platform == "" {
		batch.Queue(db.tenantSQL, tenant)
		return
	}
	batch.Queue(db.scopeSQL, append([]any{tenant, platform}, db.scopeArgs...)...)
}

// sendBatch sends what is queued, of which the first skip results are of no interest, then the statements
// and the notifications, and reads everything up to the server's "ready for query".
func sendBatch(ctx context.Context, conn *pgx.Conn, batch *pgx.Batch, skip int, statements []*statement, notify []Notification) error {
	queries := make([]pgx.QueuedQuery, len(statements)) // what batch.Queue does, in one piece
	batch.QueuedQueries = slices.Grow(batch.QueuedQueries, len(statements)+len(notify))
	for i, s := range statements {
		queries[i].SQL, queries[i].Arguments = s.sql, s.args
		batch.QueuedQueries = append(batch.QueuedQueries, &queries[i])
	}
	queueNotifications(batch, notify)
	closed := conn.IsClosed()
	results := conn.SendBatch(ctx, batch)
	err := func() error {
		for range skip {
			if _, err := results.Exec(); err != nil {
				return err
			}
		}
		for _, s := range statements {
			if err := s.read(results.Query()); err != nil {
				return err
			}
		}
		for range notify {
			if _, err := results.Exec(); err != nil {
				return err
			}
		}
		return nil
	}()
	// The server commits at the end of the batch: a deferred constraint fails there.
	if closing := results.Close(); err == nil {
		err = closing
	}
	if !closed && errors.Is(err, pgconn.ErrConnClosed) {
		// Where statements are not prepared, pgx calls a connection that breaks under a batch one that was closed
		// before it, and the batch safe to repeat (pgconn, MultiResultReader.NextResult). It may have been done.
		return fmt.Errorf("the connection broke: %w", io.ErrUnexpectedEOF)
	}
	return err
}

// mayRepeat reports whether the failed statements can be sent again without doing anything twice.
func mayRepeat(ctx context.Context, err error, statements []*statement) bool {
	if ctx.Err() != nil {
		return false
	}
	if pgconn.SafeToRetry(err) {
		return true
	}
	var pg *pgconn.PgError
	if errors.As(err, &pg) && rolledBackByChance(pg) {
		return true
	}
	// The connection broke on the way: a write may have been committed, a read has left nothing.
	return brokenConnection(err) && onlyReads(statements)
}

// brokenConnection reports whether the statement's connection is gone, rather than none to be had.
func brokenConnection(err error) bool {
	var connect *pgconn.ConnectError
	if errors.As(err, &connect) {
		return false
	}
	var pg *pgconn.PgError
	if errors.As(err, &pg) {
		// A server that shuts down says so, and so does a pooler that has lost its server.
		return pg.SeverityUnlocalized == "FATAL" || pg.Severity == "FATAL"
	}
	return lostConnection(err)
}

// rolledBackByChance reports whether the server undid the implicit transaction for a reason that need
// not come back.
func rolledBackByChance(pg *pgconn.PgError) bool {
	switch pg.Code {
	case "40001", "40P01": // serialization_failure, deadlock_detected
		return true
	case "0A000": // a prepared statement's result changed its type in a migration (utils/cache/plancache.c)
		return pg.Routine == "RevalidateCachedQuery"
	case "26000": // a prepared statement is gone, after DISCARD or behind a pooler
		return true
	}
	return false
}

// onlyReads reports whether all statements are plain SELECTs, as Ent writes them: without functions that
// write.
func onlyReads(statements []*statement) bool {
	for _, s := range statements {
		if len(s.sql) < 7 || !strings.EqualFold(s.sql[:7], "select ") {
			return false
		}
	}
	return true
}

// backOff waits a random few milliseconds, so that two transactions that met once do not meet again.
func backOff(ctx context.Context, attempt int) error {
	timer := time.NewTimer(time.Duration(1+rand.IntN(10*attempt)) * time.Millisecond)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
