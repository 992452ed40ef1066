package pg

import (
	"context"
	"time"

	"github.com/jackc/pgx/v5/pgconn"
)

const (
	// cancelPatience is how long a connection waits for a cancelled statement to end before it is given
	// up.
	cancelPatience = 2 * time.Second
	// cancelDelivery is how long a cancel request may be on its way inside the server once that has
	// taken it. The connection is not used before: the request would hit the next statement.
	cancelDelivery = 100 * time.Millisecond
)

// canceller cancels a statement on the server when its context ends and keeps the connection. pgx closes
// it by default, so each client that goes away would cost a reconnect; pgx's own alternative hangs up on
// the cancel request once the statement has ended, which crashes PgBouncer 1.18
// (github.com/pgbouncer/pgbouncer/issues/801).
type canceller struct {
	conn  *pgconn.PgConn
	ended chan struct{} // closed when the statement has ended
	done  chan struct{} // closed when the connection may be used again
}

// HandleCancel implements ctxwatch.Handler.
func (c *canceller) HandleCancel(context.Context) {
	c.ended, c.done = make(chan struct{}), make(chan struct{})
	_ = c.conn.Conn().SetDeadline(time.Now().Add(cancelPatience))
	go func(ended, done chan struct{}) {
		defer close(done)
		select {
		case <-ended:
			return
		default:
		}
		ctx, cancel := context.WithTimeout(context.Background(), cancelPatience)
		defer cancel()
		if c.conn.CancelRequest(ctx) == nil {
			time.Sleep(cancelDelivery)
		}
	}(c.ended, c.done)
}

// HandleUnwatchAfterCancel implements ctxwatch.Handler.
func (c *canceller) HandleUnwatchAfterCancel() {
	close(c.ended)
	<-c.done
	_ = c.conn.Conn().SetDeadline(time.Time{})
}
