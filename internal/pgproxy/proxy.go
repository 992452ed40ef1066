// Package pgproxy is a proxy in front of Postgres for tests that care about the wire: it counts round trips, breaks
// connections, and lets them hang.
package pgproxy

import (
	"bufio"
	"bytes"
	"context"
	"encoding/binary"
	"io"
	"net"
	"net/url"
	"sync"
	"sync/atomic"
	"testing"
)

// Proxy may be used from any goroutine.
type Proxy struct {
	// URL leads to the database through the proxy.
	URL string

	server     string
	roundTrips atomic.Int64
	breakNext  atomic.Int32
	hole       atomic.Bool
	rewrite    atomic.Pointer[func(string) string]
	down       atomic.Bool
	open       sync.Map // of net.Conn, the clients'
}

// Where a connection is broken.
const (
	BeforeServer = 1 + iota // the server does not get the statement
	AfterServer             // the server gets it, the client no answer
)

// New starts a proxy to the database of the URL. It ends with the test.
func New(t testing.TB, databaseURL string) *Proxy {
	t.Helper()
	u, err := url.Parse(databaseURL)
	if err != nil {
		t.Fatal(err)
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	w := &Proxy{server: u.Host}
	u.Host = l.Addr().String()
	q := u.Query()
	q.Set("sslmode", "disable") // or there would be nothing to read
	u.RawQuery = q.Encode()
	w.URL = u.String()
	var wg sync.WaitGroup
	t.Cleanup(func() {
		_ = l.Close()
		w.closeAll()
		wg.Wait()
	})
	wg.Go(func() {
		for {
			client, err := l.Accept()
			if err != nil {
				return
			}
			if w.down.Load() {
				_ = client.Close()
				continue
			}
			w.open.Store(client, nil)
			wg.Go(func() {
				defer w.open.Delete(client)
				w.serve(client)
			})
		}
	})
	return w
}

// Down closes every connection and accepts no new ones, like a server that was stopped.
func (w *Proxy) Down() {
	w.down.Store(true)
	w.closeAll()
}

// Up accepts connections again.
func (w *Proxy) Up() { w.down.Store(false) }

func (w *Proxy) closeAll() {
	w.open.Range(func(c, _ any) bool { _ = c.(net.Conn).Close(); return true })
}

// Counted returns how often a client has waited for the server in do, which it does after a Sync or a simple Query (PostgreSQL
// manual, 55.7 "Message Formats"), once everything is prepared: those of its second run.
func (w *Proxy) Counted(do func()) int64 {
	do()
	before := w.roundTrips.Load()
	do()
	return w.roundTrips.Load() - before
}

// Break closes the connection on which the next statement is sent.
func (w *Proxy) Break(where int32) { w.breakNext.Store(where) }

// Hang makes every connection silent without closing it, like a network that lost its way: bytes go nowhere in either
// direction. New connections are accepted and hang too.
func (w *Proxy) Hang() { w.hole.Store(true) }

// Resume lets new connections through again. Those that hung stay lost.
func (w *Proxy) Resume() { w.hole.Store(false) }

// Rewrite has statements that are prepared from now on reach the server as change makes them.
func (w *Proxy) Rewrite(change func(sql string) string) { w.rewrite.Store(&change) }

// rewritten is a message as the server gets it. A Parse message holds the statement's name, its text and its parameters'
// types, the first two ended by a zero byte (PostgreSQL manual, 55.7 "Message Formats").
func (w *Proxy) rewritten(m []byte) []byte {
	change := w.rewrite.Load()
	if change == nil || m[0] != 'P' {
		return m
	}
	name, rest, _ := bytes.Cut(m[5:], []byte{0})
	sql, types, _ := bytes.Cut(rest, []byte{0})
	out := append([]byte{'P', 0, 0, 0, 0}, name...)
	out = append(append(out, 0), (*change)(string(sql))...)
	out = append(append(out, 0), types...)
	binary.BigEndian.PutUint32(out[1:], uint32(len(out)-1))
	return out
}

// lost reports whether the connection with this mark hangs, now or since earlier.
func (w *Proxy) lost(mark *atomic.Bool) bool {
	if w.hole.Load() {
		mark.Store(true)
	}
	return mark.Load()
}

func (w *Proxy) serve(client net.Conn) {
	defer func() { _ = client.Close() }()
	server, err := new(net.Dialer).DialContext(context.Background(), "tcp", w.server)
	if err != nil {
		return
	}
	defer func() { _ = server.Close() }()
	var silent, lost atomic.Bool
	answered := make(chan struct{})
	go func() {
		defer close(answered)
		buf := make([]byte, 64<<10)
		for {
			n, err := server.Read(buf)
			if n > 0 && !silent.Load() && !w.lost(&lost) {
				_, _ = client.Write(buf[:n])
			}
			if err != nil {
				if !w.lost(&lost) {
					_ = client.Close()
				}
				return
			}
		}
	}()
	in := bufio.NewReader(client)
	startup, err := message(in, 0)
	if err != nil {
		return
	}
	if !w.lost(&lost) {
		_, _ = server.Write(startup)
	}
	// A cancel request is a startup packet of its own and ends the connection.
	for {
		m, err := message(in, 1)
		if err != nil {
			return
		}
		if w.lost(&lost) {
			continue
		}
		waits := m[0] == 'S' || m[0] == 'Q'
		if waits {
			w.roundTrips.Add(1)
			if w.breakNext.CompareAndSwap(BeforeServer, 0) {
				return
			}
		}
		broken := waits && w.breakNext.CompareAndSwap(AfterServer, 0)
		silent.Store(broken)
		if _, err := server.Write(w.rewritten(m)); err != nil {
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
