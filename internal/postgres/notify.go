package postgres

import (
	"context"
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

type notificationKey struct{}

// WithNotification returns a context whose statements send n in their own transaction: together with its COMMIT, or
// with the statement where that is a transaction of its own. It costs no round trip. Equal ones are sent once.
func WithNotification(ctx context.Context, n Notification) context.Context {
	return context.WithValue(ctx, notificationKey{}, append(slices.Clip(notifications(ctx)), n))
}

func notifications(ctx context.Context) []Notification {
	n, _ := ctx.Value(notificationKey{}).([]Notification)
	return n
}

type commitKey struct{}

// WithAfterCommit returns a context whose statements have f called once their transaction is committed: before its Commit
// returns, or before the statement does where that is a transaction of its own. It is called after a failure as well, because
// a COMMIT whose answer got lost may have happened, and not after a rollback. It may be called more than once.
func WithAfterCommit(ctx context.Context, f func()) context.Context {
	return context.WithValue(ctx, commitKey{}, append(slices.Clip(afterCommit(ctx)), f))
}

func afterCommit(ctx context.Context) []func() {
	all, _ := ctx.Value(commitKey{}).([]func())
	return all
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
