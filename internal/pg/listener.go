package pg

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"sync/atomic"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
)

const (
	// lease is how long a listener counts as hearing everything after the server has last answered it.
	lease = 1500 * time.Millisecond
	// beat is how often it asks.
	beat = lease / 4
	// listenTimeout bounds one question, and an attempt to connect.
	listenTimeout = 2 * lease
	// maxPause is the longest wait between attempts to connect.
	maxPause = 2 * time.Second
)

// ListenerConfig is what NewListener needs to know.
type ListenerConfig struct {
	// URL leads to Postgres itself: a pooler in transaction mode cannot listen. Required.
	URL string
	// Channel is what is listened on. Required.
	Channel string
	// Heard is called with the payload of each notification, in the order of their commits. Required.
	Heard func(payload string)
	// Connected is called when a connection has begun to listen: notifications before that may have been missed, also
	// on the first call. Required.
	Connected func()
	// Logger is told when the connection is lost and found. Required.
	Logger *slog.Logger
}

// Listener hears the notifications of a channel on a connection of its own, named lockstep-listener, which it opens anew
// when it breaks and also when the server just stops answering.
type Listener struct {
	config ListenerConfig
	conn   *pgx.ConnConfig
	base   time.Time
	// answered is when the last question that was answered was asked, in nanoseconds after base; 0 is never.
	answered atomic.Int64
}

// NewListener returns a listener for c. It connects in Run.
func NewListener(c ListenerConfig) (*Listener, error) {
	if c.Channel == "" || c.Heard == nil || c.Connected == nil || c.Logger == nil {
		return nil, errors.New("postgres: a listener needs a channel, its two functions and a logger")
	}
	conn, err := pgx.ParseConfig(c.URL)
	if err != nil {
		return nil, fmt.Errorf("postgres: read the URL to listen on: %w", err)
	}
	conn.ConnectTimeout = listenTimeout
	conn.RuntimeParams["application_name"] = "lockstep-listener"
	conn.DefaultQueryExecMode = pgx.QueryExecModeSimpleProtocol
	conn.OnNotification = func(_ *pgconn.PgConn, n *pgconn.Notification) {
		if n.Channel == c.Channel {
			c.Heard(n.Payload)
		}
	}
	return &Listener{config: c, conn: conn, base: time.Now()}, nil
}

// Healthy reports whether every notification that was sent more than 1.5 s ago has been heard.
func (l *Listener) Healthy() bool {
	answered := l.answered.Load()
	return answered != 0 && time.Since(l.base)-time.Duration(answered) < lease
}

// Run listens until ctx ends.
func (l *Listener) Run(ctx context.Context) {
	pause := beat
	for lost := false; ; {
		err := l.listen(ctx, func() {
			if lost {
				l.config.Logger.InfoContext(ctx, "listening again", "channel", l.config.Channel)
			}
			pause, lost = beat, false
		})
		l.answered.Store(0)
		if ctx.Err() != nil {
			return
		}
		if !lost {
			l.config.Logger.WarnContext(ctx, "not listening", "channel", l.config.Channel, "error", err)
			lost = true
		}
		if errors.Is(err, errPooler) {
			pause = time.Minute // nobody mends that in a moment
		}
		timer := time.NewTimer(pause/2 + rand.N(pause/2))
		select {
		case <-timer.C:
		case <-ctx.Done():
			timer.Stop()
			return
		}
		pause = min(2*pause, maxPause)
	}
}

// errPooler is what a listener meets where it is given a pooler's address. Its notifications would be lost without a
// sign: the connection that listens on the server is not kept for it.
var errPooler = errors.New("this address is a pooler's, which cannot listen: set LOCKSTEP_DATABASE_LISTEN_URL to Postgres' own")

// listen connects and returns the error that ends the connection.
func (l *Listener) listen(ctx context.Context, connected func()) error {
	attempt, cancel := context.WithTimeout(ctx, listenTimeout)
	defer cancel()
	conn, err := pgx.ConnectConfig(attempt, l.conn)
	if err != nil {
		return fmt.Errorf("connect: %w", err)
	}
	defer func() {
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), beat)
		defer cancel()
		_ = conn.Close(ctx)
	}()
	var pid uint32
	if err := conn.QueryRow(attempt, "select pg_backend_pid()").Scan(&pid); err != nil {
		return fmt.Errorf("ask for the server process: %w", err)
	}
	if pid != conn.PgConn().PID() {
		return errPooler
	}
	asked := l.now()
	if _, err := conn.Exec(attempt, "listen "+pgx.Identifier{l.config.Channel}.Sanitize()); err != nil {
		return fmt.Errorf("listen: %w", err)
	}
	l.config.Connected()
	l.answered.Store(asked)
	connected()
	for {
		if err := l.wait(ctx, conn); err != nil {
			return err
		}
		if err := l.ask(ctx, conn); err != nil {
			return err
		}
	}
}

// wait hears notifications until it is time to ask again.
func (l *Listener) wait(ctx context.Context, conn *pgx.Conn) error {
	pause, cancel := context.WithTimeout(ctx, beat)
	defer cancel()
	for {
		err := conn.PgConn().WaitForNotification(pause)
		switch {
		case ctx.Err() != nil:
			return ctx.Err()
		case pause.Err() != nil:
			return nil
		case err != nil:
			return fmt.Errorf("wait for notifications: %w", err)
		}
	}
}

// ask has the server answer. Whatever it had to tell by then came before the answer.
func (l *Listener) ask(ctx context.Context, conn *pgx.Conn) error {
	ctx, cancel := context.WithTimeout(ctx, listenTimeout)
	defer cancel()
	asked := l.now()
	if err := conn.Ping(ctx); err != nil {
		return fmt.Errorf("the server does not answer: %w", err)
	}
	l.answered.Store(asked)
	return nil
}

// now is the time since base, never 0.
func (l *Listener) now() int64 { return int64(max(1, time.Since(l.base))) }
