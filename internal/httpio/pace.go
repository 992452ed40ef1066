package httpio

import (
	"errors"
	"os"
	"time"

	"github.com/lockstep-dev/lockstep/internal/inflight"
)

// SetDeadline implements net.Conn.
func (c *Conn) SetDeadline(t time.Time) error {
	if err := c.SetReadDeadline(t); err != nil {
		return err
	}
	return c.SetWriteDeadline(t)
}

// SetWriteDeadline implements net.Conn. It holds for what is written from then on.
func (c *Conn) SetWriteDeadline(t time.Time) error {
	if c.window <= 0 {
		return c.tcp.SetWriteDeadline(t)
	}
	var nanos int64
	if !t.IsZero() {
		nanos = t.UnixNano()
	}
	c.deadline.Store(nanos) // each write sets its own
	return nil
}

// send writes to a client that takes at least inflight.Rate of it, measured over a window. From one that does not, the
// connection is taken away, with what the system holds of the answer.
func (c *Conn) send(p []byte) (int, error) {
	if c.window <= 0 {
		return c.tcp.Write(p)
	}
	var overall time.Time
	if nanos := c.deadline.Load(); nanos != 0 {
		overall = time.Unix(0, nanos)
	}
	pace, sent, waiting := inflight.Pace{Window: c.window}, 0, -1
	for {
		due := pace.Due(time.Now)
		last := !overall.IsZero() && overall.Before(due)
		if last {
			due = overall
		}
		if err := c.dueBy(due, sent == 0 && waiting < 0); err != nil {
			return sent, err
		}
		n, err := c.tcp.Write(p[sent:])
		sent += n
		if err == nil || last || !errors.Is(err, os.ErrDeadlineExceeded) {
			return sent, err
		}
		// Taken is what the system has got, less what has piled up there. How much was there before is not known in the first
		// window, which costs nothing that way.
		before := waiting
		if waiting = c.untaken(); before < 0 {
			pace = inflight.Pace{Window: c.window}
			continue
		}
		if !pace.Moved(int64(n+before-waiting), time.Now) {
			c.drop()
			return sent, err
		}
	}
}

// dueBy sets the deadline of the next write. The first of an answer may go by the deadline of the answer before, if that is
// not over soon: most answers are taken at once, and to set it for each is 2 % of a get.
func (c *Conn) dueBy(due time.Time, first bool) error {
	if first && !c.due.After(due) && due.Sub(c.due) < c.window/2 {
		return nil
	}
	c.due = due
	return c.tcp.SetWriteDeadline(due)
}

// drop has the system forget what it holds of an answer: else it would go on offering it for minutes after the end.
func (c *Conn) drop() {
	if conn, ok := c.tcp.(interface{ SetLinger(seconds int) error }); ok {
		_ = conn.SetLinger(0)
	}
}
