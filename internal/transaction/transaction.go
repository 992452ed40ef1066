// Package transaction runs work in a database transaction.
package transaction

import (
	"context"
	"fmt"

	"github.com/lockstep-dev/lockstep/ent"
)

// Run runs work in a transaction, which is rolled back when work fails or panics. Work uses the client it is given.
func Run(ctx context.Context, client *ent.Client, work func(client *ent.Client) error) (err error) {
	tx, err := client.Tx(ctx)
	if err != nil {
		return fmt.Errorf("begin: %w", err)
	}
	done := false
	defer func() {
		if !done {
			// The first error is the one to report; a failed rollback ends with the connection.
			_ = tx.Rollback()
		}
	}()
	if err := work(tx.Client()); err != nil {
		return err
	}
	done = true
	if err := tx.Commit(); err != nil {
		return fmt.Errorf("commit: %w", err)
	}
	return nil
}
