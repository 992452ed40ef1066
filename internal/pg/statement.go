package pg

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"reflect"
	"strings"
	"time"

	"github.com/jackc/pgx/v5/pgconn"
)

// maxAttempts bounds how often a statement is sent in all.
const maxAttempts = 3

// statement is one statement on its way to the server, and its outcome.
type statement struct {
	sql  string
	args []any
	// bound is the same statement with the binding of its transaction to a tenant in it, whose id is one argument more; see
	// entDriver.Insert. Empty: none.
	bound string
	// notify goes out in the same transaction.
	notify []Notification
	// own says that it is this package's and not the caller's: nobody wants its result.
	own bool
	// budget bounds the rows that are kept, nil for none: to one of so many shares of what is left.
	budget *Budget
	shares int64

	plan *prepared // nil: sent without being prepared
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

// observe shows a statement that is about to be sent to whoever wants to know.
func (db *DB) observe(ctx context.Context, s *statement) {
	if db.config.Observe == nil {
		return
	}
	values := make([]any, len(s.args))
	for i, arg := range s.args {
		values[i] = arg
		if v := reflect.ValueOf(arg); v.Kind() == reflect.Pointer && !v.IsNil() { // how the values of a new row come
			values[i] = v.Elem().Interface()
		}
	}
	db.config.Observe(ctx, s.sql, values)
}

// read takes the result of s from r completely. Reading all of it at once frees the connection before
// the caller scans, lets the error of a commit surface, and makes a retry invisible.
func (s *statement) read(r *pgconn.ResultReader) (err error) {
	if !s.own {
		s.rows, err = readRows(r, s)
	}
	tag, closing := r.Close()
	if s.tag = tag; err == nil {
		err = closing
	}
	return err
}

// run sends the statements as one implicit transaction bound to scope, in one round trip once they are
// prepared.
func (db *DB) run(ctx context.Context, scope Scope, statements ...*statement) error {
	for attempt := 1; ; attempt++ {
		err := db.runOnce(ctx, scope, statements, attempt > 1)
		db.replaceDemoted(err)
		if err == nil || attempt == maxAttempts || !mayRepeat(ctx, err, statements) {
			return translate(ctx, err)
		}
		if err := BackOff(ctx, attempt); err != nil {
			return err
		}
	}
}

func (db *DB) runOnce(ctx context.Context, scope Scope, statements []*statement, again bool) error {
	acquire := db.acquire
	if again {
		acquire = db.acquireAgain
	}
	conn, err := acquire(ctx)
	if err != nil {
		return err
	}
	defer db.release(conn)
	all := make([]*statement, 0, len(statements)+1)
	if one := db.bound(scope, statements); one != nil {
		defer func() { statements[0].tag = one.tag }()
		all = append(all, one)
	} else {
		all = append(append(all, db.binding(scope)), statements...)
	}
	for _, s := range statements {
		all = append(all, notifying(s.notify)...)
	}
	return db.exchange(ctx, conn.Conn(), all...)
}

// bound is a statement that is sent alone and binds its transaction itself, which saves Postgres the work of another; nil: it
// takes one more.
func (db *DB) bound(scope Scope, statements []*statement) *statement {
	if len(statements) > 1 || statements[0].bound == "" || scope.Platform || db.pooled.Load() {
		return nil
	}
	s := statements[0]
	return &statement{sql: s.bound, args: append(s.args, scope.TenantID)}
}

// binding is the statement that binds the transaction it is part of to a scope.
func (db *DB) binding(scope Scope) *statement {
	pooled := db.pooled.Load()
	if !pooled && !scope.Platform {
		return &statement{sql: tenantSQL, args: []any{scope.TenantID}, own: true}
	}
	tenant, platform := scope.settings()
	if !pooled {
		return &statement{sql: scopeSQL, args: []any{tenant, platform}, own: true}
	}
	return &statement{sql: db.pooledSQL, args: append([]any{tenant, platform}, db.pooledArgs...), own: true}
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
	case "25006": // the server is a standby now; the connections that are opened next may reach the one that is not
		return true
	}
	return stale(pg)
}

// stale reports whether a prepared statement is not what it was when it was prepared.
func stale(pg *pgconn.PgError) bool {
	switch pg.Code {
	case "0A000": // its result changed its type in a migration (utils/cache/plancache.c)
		return pg.Routine == "RevalidateCachedQuery"
	case "26000": // it is gone, after DISCARD or behind a pooler
		return true
	}
	return false
}

// RolledBack reports whether err says that the server has undone the transaction for a reason that need not come back, so
// that the transaction may be run again from its start.
func RolledBack(err error) bool {
	var pg *pgconn.PgError
	return errors.As(err, &pg) && rolledBackByChance(pg)
}

// ConnectionBroke reports whether err says that the connection broke under a statement. A transaction whose COMMIT was not
// sent is undone then.
func ConnectionBroke(err error) bool { return err != nil && brokenConnection(err) }

// onlyReads reports whether all statements are plain SELECTs, as Ent writes them: without functions that
// write.
func onlyReads(statements []*statement) bool {
	for _, s := range statements {
		text := strings.TrimLeft(s.sql, " \n\t")
		if len(text) < 7 || !strings.EqualFold(text[:7], "select ") {
			return false
		}
	}
	return true
}

// BackOff waits a random few milliseconds, so that two transactions that met once do not meet again. Its error is that of
// the context.
func BackOff(ctx context.Context, attempt int) error {
	timer := time.NewTimer(time.Duration(1+rand.IntN(10*attempt)) * time.Millisecond)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
