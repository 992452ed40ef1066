package pg

import (
	"context"
	"errors"
	"slices"
)

// Notification is sent with NOTIFY to everyone who listens on its channel in the same database, as soon as the
// transaction it belongs to has been committed, and not at all if that is rolled back.
type Notification struct {
	// Channel is an identifier of at most 63 bytes.
	Channel string
	// Payload is at most 7999 bytes.
	Payload string
}

const notifySQL = "select pg_notify($1, $2)"

// terms are what a context asks of its statements besides their scope.
type terms struct {
	notify   []Notification
	after    []func() // called after COMMIT
	requires bool     // a transaction
}

type termsKey struct{}

func termsOf(ctx context.Context) terms {
	t, _ := ctx.Value(termsKey{}).(*terms)
	if t == nil {
		return terms{}
	}
	return *t
}

func (t terms) in(ctx context.Context) context.Context {
	return context.WithValue(ctx, termsKey{}, &t)
}

// WithNotification returns a context whose statements send n in their own transaction: together with its COMMIT, or
// with the statement where that is a transaction of its own. It costs no round trip. Equal ones are sent once.
func WithNotification(ctx context.Context, n Notification) context.Context {
	t := termsOf(ctx)
	t.notify = append(slices.Clip(t.notify), n)
	return t.in(ctx)
}

// WithAfterCommit returns a context whose statements have f called once their transaction is committed: before its Commit
// returns, or before the statement does where that is a transaction of its own. It is called after a failure as well, because
// a COMMIT whose answer got lost may have happened, and not after a rollback. It may be called more than once.
func WithAfterCommit(ctx context.Context, f func()) context.Context {
	t := termsOf(ctx)
	t.after = append(slices.Clip(t.after), f)
	return t.in(ctx)
}

// ErrNoTransaction is returned for a statement that needs a transaction and runs in none. Nothing was sent to the server.
var ErrNoTransaction = errors.New("postgres: the statement needs a transaction: what it locks or finds has to hold until the COMMIT")

// RequireTransaction returns a context whose statements return ErrNoTransaction unless they run in a transaction that was
// begun.
func RequireTransaction(ctx context.Context) context.Context {
	t := termsOf(ctx)
	t.requires = true
	return t.in(ctx)
}

// callAll calls what waits for a commit.
func callAll(all []func()) {
	for _, f := range all {
		f()
	}
}

// notifying are the statements that send them.
func notifying(all []Notification) []*statement {
	statements := make([]*statement, len(all))
	for i, n := range all {
		statements[i] = &statement{sql: notifySQL, args: []any{n.Channel, n.Payload}, own: true}
	}
	return statements
}
