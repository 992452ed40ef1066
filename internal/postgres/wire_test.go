package postgres_test

import (
	"bufio"
	"context"
	"encoding/binary"
	"errors"
	"io"
	"net"
	"net/url"
	"sync"
	"sync/atomic"
	"testing"

	"entgo.io/ent/dialect"
	"github.com/google/uuid"

	"github.com/lockstep-dev/lockstep/internal/postgres"
)

// wire is a proxy in front of Postgres that counts round trips: how often a client waits for the server,
// which it does after a Sync or a simple Query (PostgreSQL manual, 55.7 "Message Formats").
type wire struct {
	url        string
	roundTrips atomic.Int64
	// breakNext closes the connection when the next statement is sent, before (1) or after (2) the
	// server gets it.
	breakNext atomic.Int32
}

func newWire(t *testing.T, databaseURL string) *wire {
	t.Helper()
	u, err := url.Parse(databaseURL)
	if err != nil {
		t.Fatal(err)
	}
	server := u.Host
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	u.Host = l.Addr().String()
	q := u.Query()
	q.Set("sslmode", "disable")
	u.RawQuery = q.Encode()
	w := &wire{url: u.String()}
	var wg sync.WaitGroup
	t.Cleanup(func() { _ = l.Close(); wg.Wait() })
	wg.Go(func() {
		for {
			client, err := l.Accept()
			if err != nil {
				return
			}
			wg.Go(func() { w.serve(client, server) })
		}
	})
	return w
}

func (w *wire) serve(client net.Conn, address string) {
	defer func() { _ = client.Close() }()
	server, err := net.Dial("tcp", address)
	if err != nil {
		return
	}
	defer func() { _ = server.Close() }()
	var silent atomic.Bool
	answered := make(chan struct{})
	go func() {
		defer close(answered)
		defer func() { _ = client.Close() }()
		buf := make([]byte, 64<<10)
		for {
			n, err := server.Read(buf)
			if n > 0 && !silent.Load() {
				_, _ = client.Write(buf[:n])
			}
			if err != nil {
				return
			}
		}
	}()
	in := bufio.NewReader(client)
	startup, err := message(in, 0)
	if err != nil {
		return
	}
	_, _ = server.Write(startup)
	// A cancel request is a startup packet of its own and ends the connection.
	for {
		m, err := message(in, 1)
		if err != nil {
			return
		}
		waits := m[0] == 'S' || m[0] == 'Q'
		if waits {
			w.roundTrips.Add(1)
			if w.breakNext.CompareAndSwap(1, 0) {
				return
			}
		}
		broken := waits && w.breakNext.CompareAndSwap(2, 0)
		silent.Store(broken)
		if _, err := server.Write(m); err != nil {
			return
		}
		if broken {
			// Closing at once would discard what the server has not read yet.
			_ = server.(*net.TCPConn).CloseWrite()
			<-answered
			return
		}
	}
}

// message reads one message with its tag of so many bytes.
func message(in *bufio.Reader, tag int) ([]byte, error) {
	head, err := in.Peek(tag + 4)
	if err != nil {
		return nil, err
	}
	m := make([]byte, tag+int(binary.BigEndian.Uint32(head[tag:])))
	_, err = io.ReadFull(in, m)
	return m, err
}

// overWire makes a world whose pool goes through a wire.
func overWire(t *testing.T) (*world, *wire) {
	t.Helper()
	w := newWorld(t)
	wire := newWire(t, w.appURL)
	w.db = open(t, wire.url)
	w.driver = w.db.Driver()
	return w, wire
}

// counted returns the round trips of do once everything is prepared: that of its second run.
func (w *wire) counted(do func()) int64 {
	do()
	before := w.roundTrips.Load()
	do()
	return w.roundTrips.Load() - before
}

func TestRoundTrips(t *testing.T) {
	t.Parallel()
	w, wire := overWire(t)
	ctx := w.as(t, w.a)
	transaction := func(statements int) func() {
		return func() {
			tx := begin(t, ctx, w.driver)
			for range statements {
				count(t, ctx, tx, "true")
			}
			if err := tx.Commit(); err != nil {
				t.Fatal(err)
			}
		}
	}
	cases := []struct {
		name string
		want int64
		do   func()
	}{
		{"a read", 1, func() { count(t, ctx, w.driver, "true") }},
		{"a write", 1, func() { mustExec(t, ctx, w.driver, insertThing, w.a, uuid.New(), uuid.NewString()[:8]) }},
		{"a transaction of nothing", 0, transaction(0)},
		{"a transaction of one", 2, transaction(1)},
		{"a transaction of three", 4, transaction(3)},
		{"three reads pipelined", 1, func() { pipelinedCounts(t, ctx, w, 1, 1, 1) }},
		{"two and three reads pipelined", 3, func() { pipelinedCounts(t, ctx, w, 2, 3) }},
	}
	for _, c := range cases {
		if got := wire.counted(c.do); got != c.want {
			t.Errorf("%s: got %d round trips, want %d", c.name, got, c.want)
		}
	}
}

// pipelinedCounts runs a function for each n that counts things n times.
func pipelinedCounts(t *testing.T, ctx context.Context, w *world, ns ...int) {
	t.Helper()
	var fns []func(context.Context) error
	for _, n := range ns {
		fns = append(fns, func(ctx context.Context) error {
			for range n {
				if _, err := tryCount(ctx, w.driver, "true"); err != nil {
					return err
				}
			}
			return nil
		})
	}
	if err := w.db.Pipelined(ctx, fns...); err != nil {
		t.Fatal(err)
	}
}

// TestLostConnection breaks the connection under a statement.
func TestLostConnection(t *testing.T) {
	t.Parallel()
	const beforeServer, afterServer = 1, 2
	insert := func(t *testing.T, w *world, on dialect.ExecQuerier) error {
		return on.Exec(w.as(t, w.a), insertThing, []any{w.a, uuid.New(), "new"}, nil)
	}
	for name, where := range map[string]int32{"before the server has it": beforeServer, "after the server has it": afterServer} {
		t.Run("a read is repeated "+name, func(t *testing.T) {
			t.Parallel()
			w, wire := overWire(t)
			count(t, w.as(t, w.a), w.driver, "true")
			wire.breakNext.Store(where)
			if n := count(t, w.as(t, w.a), w.driver, "true"); n != 1 {
				t.Errorf("got %d things, want 1", n)
			}
		})
		t.Run("a write is not repeated "+name, func(t *testing.T) {
			t.Parallel()
			w, wire := overWire(t)
			count(t, w.as(t, w.a), w.driver, "true")
			prepareInsert(t, w)
			wire.breakNext.Store(where)
			if err := insert(t, w, w.driver); !errors.Is(err, postgres.ErrUnavailable) {
				t.Errorf("got %v, want ErrUnavailable", err)
			}
		})
		t.Run("the first write of a transaction is repeated "+name, func(t *testing.T) {
			t.Parallel()
			w, wire := overWire(t)
			count(t, w.as(t, w.a), w.driver, "true")
			tx := begin(t, w.as(t, w.a), w.driver)
			wire.breakNext.Store(where)
			if err := insert(t, w, tx); err != nil {
				t.Fatal(err)
			}
			if err := tx.Commit(); err != nil {
				t.Fatal(err)
			}
			if n := count(t, w.as(t, w.a), w.driver, "name = 'new'"); n != 1 {
				t.Errorf("got %d rows, want 1", n)
			}
		})
		t.Run("a later one ends it "+name, func(t *testing.T) {
			t.Parallel()
			w, wire := overWire(t)
			tx := begin(t, w.as(t, w.a), w.driver)
			if err := insert(t, w, tx); err != nil {
				t.Fatal(err)
			}
			wire.breakNext.Store(where)
			if _, err := tryCount(w.as(t, w.a), tx, "true"); !errors.Is(err, postgres.ErrUnavailable) {
				t.Errorf("statement: got %v, want ErrUnavailable", err)
			}
			wantError(t, tx.Commit())
			if n := count(t, w.as(t, w.a), w.driver, "name = 'new'"); n != 0 {
				t.Errorf("got %d rows, want 0", n)
			}
		})
	}
}

// prepareInsert makes the next insert one round trip, so that it is the insert that is broken.
func prepareInsert(t *testing.T, w *world) {
	t.Helper()
	mustExec(t, w.as(t, w.a), w.driver, insertThing, w.a, uuid.New(), "prepared")
}
