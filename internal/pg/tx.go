package pg

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	"entgo.io/ent/dialect"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgxpool"
)

// endTimeout bounds COMMIT and ROLLBACK, which run although the request may be over.
const endTimeout = 10 * time.Second

// tx is a transaction bound to one scope. BEGIN and the scope travel with the first statement, so an
// empty transaction costs nothing and one of n statements n+1 round trips. Like a *sql.Tx it is rolled
// back when the context it began with ends, and its statements queue up if used concurrently.
type tx struct {
	db    *DB
	ctx   context.Context
	scope Scope
	begin string

	mu     sync.Mutex
	conn   *pgxpool.Conn // nil until the first statement
	forget func() bool   // stops watching ctx
	failed bool          // the first statement failed: nothing was begun
	done   error         // what further use is answered with
	notify []Notification
	after  []func() // called after COMMIT
}

var errTxFailed = errors.New("postgres: the transaction had failed and was rolled back")

var _ dialect.Tx = (*tx)(nil)

func (db *DB) begin(ctx context.Context, opts *sql.TxOptions) (*tx, error) {
	scope, err := requireScope(ctx)
	if err != nil {
		return nil, err
	}
	begin, err := beginSQL(opts)
	if err != nil {
		return nil, err
	}
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	return &tx{db: db, ctx: ctx, scope: scope, begin: begin}, nil
}

func beginSQL(opts *sql.TxOptions) (string, error) {
	if opts == nil {
		return "begin", nil
	}
	begin := "begin"
	switch opts.Isolation {
	case sql.LevelDefault:
	case sql.LevelReadUncommitted, sql.LevelReadCommitted:
		begin += " isolation level read committed"
	case sql.LevelRepeatableRead, sql.LevelSnapshot:
		begin += " isolation level repeatable read"
	case sql.LevelSerializable:
		begin += " isolation level serializable"
	default:
		return "", fmt.Errorf("postgres: isolation level %s does not exist in Postgres: use serializable or below", opts.Isolation)
	}
	if opts.ReadOnly {
		begin += " read only"
	}
	return begin, nil
}

// Exec implements dialect.Tx like entDriver.Exec.
func (t *tx) Exec(ctx context.Context, query string, args, v any) error {
	return execute(ctx, t.do, query, args, v)
}

// Query implements dialect.Tx like entDriver.Query.
func (t *tx) Query(ctx context.Context, query string, args, v any) error {
	return fetch(ctx, t.do, query, args, v)
}

func (t *tx) do(ctx context.Context, s *statement) error {
	t.db.observe(ctx, s)
	scope, err := requireScope(ctx)
	if err != nil {
		return err
	}
	if scope != t.scope {
		return ErrScopeChanged
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.done != nil {
		return t.done
	}
	if t.failed {
		return errTxFailed
	}
	asked := termsOf(ctx)
	for _, n := range asked.notify {
		if !slices.Contains(t.notify, n) {
			t.notify = append(t.notify, n)
		}
	}
	t.after = append(t.after, asked.after...)
	if t.conn == nil {
		return t.first(ctx, s)
	}
	err = t.db.exchange(ctx, t.conn.Conn(), s)
	t.db.replaceDemoted(err)
	return translate(ctx, err)
}

// first opens the transaction with s in it. Until a COMMIT is sent nothing lasts, so a broken connection
// is safe to replace. If s fails there is no transaction: Postgres would refuse to go on in it, and one
// whose scope did not arrive must not be used.
func (t *tx) first(ctx context.Context, s *statement) error {
	for attempt := 1; ; attempt++ {
		err := t.firstOnce(ctx, s, attempt > 1)
		if err == nil {
			return nil
		}
		t.db.replaceDemoted(err)
		if attempt == maxAttempts || !mayReopen(ctx, err) {
			t.failed = true
			return translate(ctx, err)
		}
		if err := BackOff(ctx, attempt); err != nil {
			t.failed = true
			return err
		}
	}
}

func (t *tx) firstOnce(ctx context.Context, s *statement, again bool) error {
	acquire := t.db.acquire
	if again {
		acquire = t.db.acquireAgain
	}
	conn, err := acquire(ctx)
	if err != nil {
		return err
	}
	if err := t.db.exchange(ctx, conn.Conn(), &statement{sql: t.begin}, t.db.binding(t.scope), s); err != nil {
		t.release(conn)
		return err
	}
	t.conn = conn
	t.forget = context.AfterFunc(t.ctx, t.abandon)
	return nil
}

// release gives back a connection that may be inside a transaction; the pool would close it then.
func (t *tx) release(conn *pgxpool.Conn) {
	defer t.db.release(conn)
	if conn.Conn().IsClosed() || conn.Conn().PgConn().TxStatus() == 'I' {
		return
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(t.ctx), endTimeout)
	defer cancel()
	_, _ = conn.Exec(ctx, "rollback")
}

// mayReopen reports whether a transaction that failed with its first statement may be begun again.
func mayReopen(ctx context.Context, err error) bool {
	var pg *pgconn.PgError
	return ctx.Err() == nil && (brokenConnection(err) || errors.As(err, &pg) && rolledBackByChance(pg))
}

// abandon rolls back because the context has ended.
func (t *tx) abandon() {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.done == nil {
		_, _ = t.end("rollback")
		t.done = t.ctx.Err()
	}
}

// Commit makes the transaction last. An error other than one of the server may mean that it did all the
// same.
func (t *tx) Commit() error {
	err := t.commit()
	callAll(t.after) // without the lock, and of a transaction that takes no more statements
	return err
}

func (t *tx) commit() error {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.done != nil {
		return t.done
	}
	if t.conn == nil {
		t.done = sql.ErrTxDone
		if t.failed {
			return errTxFailed
		}
		return nil
	}
	if err := t.ctx.Err(); err != nil {
		_, _ = t.end("rollback")
		return err
	}
	tag, err := t.end("commit")
	if err != nil {
		return translate(t.ctx, err)
	}
	if tag.String() == "ROLLBACK" {
		return errTxFailed
	}
	return nil
}

// Rollback undoes the transaction.
func (t *tx) Rollback() error {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.done != nil {
		return t.done
	}
	if t.conn == nil {
		t.done = sql.ErrTxDone
		return nil
	}
	_, err := t.end("rollback")
	return translate(t.ctx, err)
}

// end sends the last statement and gives the connection back, which closes it if that failed.
func (t *tx) end(sqlText string) (pgconn.CommandTag, error) {
	t.done = sql.ErrTxDone
	t.forget()
	defer t.db.release(t.conn)
	ctx, cancel := context.WithTimeout(context.WithoutCancel(t.ctx), endTimeout)
	defer cancel()
	if sqlText != "commit" || len(t.notify) == 0 || t.conn.Conn().PgConn().TxStatus() != 'T' {
		return t.conn.Exec(ctx, sqlText)
	}
	commit := &statement{sql: sqlText}
	err := t.db.exchange(ctx, t.conn.Conn(), append(notifying(t.notify), commit)...)
	return commit.tag, err
}
