// Package transaction runs work in a database transaction.
package transaction

import (
	"context"
	"fmt"

	"github.com/lockstep-dev/lockstep/internal/pg"
)

// Client begins transactions: a client that Ent generates, *ent.Client, whose transaction T is *ent.Tx.
type Client[T any] interface {
	Tx(ctx context.Context) (T, error)
}

// Tx is a transaction of the client C: *ent.Tx.
type Tx[C any] interface {
	// Client returns a client whose statements run in the transaction.
	Client() C
	Commit() error
	Rollback() error
}

// maxAttempts bounds how often the work of one transaction is done in all.
const maxAttempts = 3

// Run runs work in a transaction, which is rolled back when work fails or panics. Work uses the client it is given. It has
// no other effect that doing it again would repeat: a transaction of which nothing was committed, because the server rolled
// it back by chance or its connection broke, is run again from its start.
func Run[C Client[T], T Tx[C]](ctx context.Context, client C, work func(client C) error) error {
	for attempt := 1; ; attempt++ {
		committing, err := once(ctx, client, work)
		if err == nil || attempt == maxAttempts || ctx.Err() != nil {
			return err
		}
		// A COMMIT whose answer was lost may have been carried out.
		if !pg.RolledBack(err) && (committing || !pg.ConnectionBroke(err)) {
			return err
		}
		if err := pg.BackOff(ctx, attempt); err != nil {
			return err
		}
	}
}

// once is one attempt. Committing says that the work was done and that its COMMIT was sent.
func once[C Client[T], T Tx[C]](ctx context.Context, client C, work func(client C) error) (committing bool, err error) {
	tx, err := client.Tx(ctx)
	if err != nil {
		return false, fmt.Errorf("begin: %w", err)
	}
	defer func() {
		if !committing {
			// The first error is the one to report; a failed rollback ends with the connection.
			_ = tx.Rollback()
		}
	}()
	if err := work(tx.Client()); err != nil {
		return false, err
	}
	committing = true
	if err := tx.Commit(); err != nil {
		return true, fmt.Errorf("commit: %w", err)
	}
	return true, nil
}
