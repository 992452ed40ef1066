package httpio

import (
	"bytes"
	"context"
	"net"
	"net/http"
	"sync"
	"sync/atomic"
	"time"
)

// maxHeld is how much of an answer is held back, in bytes. A longer one leaves as net/http writes it.
const maxHeld = 128 << 10

// Conn is a server's connection that can hold back what is written to it. net/http writes an answer through a buffer of
// 4 KiB: one that is longer, with its head, leaves in two or three pieces, each a system call here, and a wake-up and a
// read at the client's. Held back, it leaves in one.
//
// Hold and Release belong to the goroutine that serves the request; Close, of any goroutine, loses what is held.
type Conn struct {
	tcp

	window   time.Duration // over which a reader is measured
	deadline atomic.Int64  // of the whole answer, in nanoseconds since 1970; 0: none

	mu     sync.Mutex
	due    time.Time // the deadline that writes have now
	held   *[]byte   // nil: nothing is held back
	fields int       // bytes at the start of held that are fields waiting for the status line
}

// tcp is a *net.TCPConn, which net/http closes in halves.
type tcp interface {
	net.Conn
	CloseWrite() error
}

// buffers lends what answers are held in: there are more connections than answers at a time.
var buffers = sync.Pool{New: func() any { return new([]byte) }}

type connKey struct{}

// Whole has the server send each answer that Write writes, and the handler then calls Release for, as a whole, on the
// connections of the listener that it returns. It takes the server's ConnContext for itself. The listener must not be one of
// TLS, which net/http recognizes by its connections. A client that takes less than 1 KiB a second of an answer, over a window,
// is cut; 0: none is.
func Whole(server *http.Server, listener net.Listener, window time.Duration) net.Listener {
	server.ConnContext = func(ctx context.Context, c net.Conn) context.Context {
		if conn, ok := c.(*Conn); ok {
			return context.WithValue(ctx, connKey{}, conn)
		}
		return ctx
	}
	return wholeListener{listener, window}
}

type wholeListener struct {
	net.Listener
	window time.Duration
}

func (l wholeListener) Accept() (net.Conn, error) {
	accepted, err := l.Listener.Accept()
	if conn, ok := accepted.(tcp); ok && err == nil {
		return &Conn{tcp: conn, window: l.window}, nil
	}
	return accepted, err
}

// ConnOf is the connection of a request's context; nil where answers are not held back, which Hold and Release take.
func ConnOf(ctx context.Context) *Conn {
	c, _ := ctx.Value(connKey{}).(*Conn)
	return c
}

// Hold has what is written from now on wait for Release, and reports whether it will.
func (c *Conn) Hold() bool {
	if c == nil {
		return false
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.held == nil {
		c.held, c.fields = buffers.Get().(*[]byte), 0
		*c.held = (*c.held)[:0]
	}
	return true
}

// Field adds a header field to the answer that is held back, before its head is written. The value must not hold a line
// break (RFC 9112, section 5).
func (c *Conn) Field(name, value string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.held == nil || len(*c.held) > c.fields {
		return // sent already: the answer was longer than what is held
	}
	*c.held = append(append(append(append(*c.held, name...), ": "...), value...), "\r\n"...)
	c.fields = len(*c.held)
}

// headLocked begins the answer with its status line, behind which the fields go.
func (c *Conn) headLocked(p []byte) {
	line := bytes.Index(p, []byte("\r\n")) + len("\r\n") // net/http writes it in one piece
	held := append(*c.held, p[:line]...)
	copy(held[line:], held[:c.fields])
	copy(held, p[:line])
	*c.held, c.fields = append(held, p[line:]...), 0
}

// Release sends what was held back. What cannot be sent, for example because the time for the answer is over, ends the
// connection.
func (c *Conn) Release() {
	if c == nil {
		return
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	_ = c.sendLocked()
}

func (c *Conn) sendLocked() error {
	if c.held == nil {
		return nil
	}
	held := c.held
	c.held = nil
	var err error
	if c.fields == 0 && len(*held) > 0 { // fields alone are no answer
		if _, err = c.send(*held); err != nil {
			// As far as net/http knows the answer is out: it would wait for the next request, and the client for this answer.
			_ = c.Close()
		}
	}
	buffers.Put(held)
	return err
}

// Write implements net.Conn.
func (c *Conn) Write(p []byte) (int, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	switch {
	case c.held == nil:
		return c.send(p)
	case c.fields > 0:
		c.headLocked(p)
		return len(p), nil
	case len(*c.held)+len(p) <= maxHeld:
		*c.held = append(*c.held, p...)
		return len(p), nil
	}
	if err := c.sendLocked(); err != nil {
		return 0, err
	}
	return c.send(p)
}
