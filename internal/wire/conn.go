package wire

import (
	"context"
	"net"
	"net/http"
	"sync"
)

// maxHeld is how much of an answer is held back, in bytes. A longer one leaves as net/http writes it.
const maxHeld = 128 << 10

// Conn is a server's connection that can hold back what is written to it. net/http writes an answer through a buffer of
// 4 KiB: one that is longer, with its head, leaves in two or three pieces, each a system call here, and a wake-up and a
// read at the client's. Held back, it leaves in one.
//
// Hold and Release belong to the goroutine that serves the request; Close, of any goroutine, loses what is held.
type Conn struct {
	*net.TCPConn

	mu   sync.Mutex
	held *[]byte // nil: nothing is held back
}

// buffers lends what answers are held in: there are more connections than answers at a time.
var buffers = sync.Pool{New: func() any { return new([]byte) }}

type connKey struct{}

// Whole has the server send each answer that Write writes, and the handler then calls Release for, as a whole, on the
// connections of the listener that it returns.
func Whole(server *http.Server, listener net.Listener) net.Listener {
	server.ConnContext = func(ctx context.Context, c net.Conn) context.Context {
		if conn, ok := c.(*Conn); ok {
			return context.WithValue(ctx, connKey{}, conn)
		}
		return ctx
	}
	return wholeListener{listener}
}

type wholeListener struct{ net.Listener }

func (l wholeListener) Accept() (net.Conn, error) {
	accepted, err := l.Listener.Accept()
	if tcp, ok := accepted.(*net.TCPConn); ok && err == nil {
		return &Conn{TCPConn: tcp}, nil
	}
	return accepted, err
}

// ConnOf is the connection of a request's context; nil where answers are not held back, which all methods of holding take.
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
		c.held = buffers.Get().(*[]byte)
		*c.held = (*c.held)[:0]
	}
	return true
}

// Release sends what was held back. An error of it is one of the connection, which net/http finds out when it uses it next.
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
	if len(*held) > 0 {
		_, err = c.TCPConn.Write(*held)
	}
	buffers.Put(held)
	return err
}

// Write implements net.Conn.
func (c *Conn) Write(p []byte) (int, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.held != nil && len(*c.held)+len(p) <= maxHeld {
		*c.held = append(*c.held, p...)
		return len(p), nil
	}
	if err := c.sendLocked(); err != nil {
		return 0, err
	}
	return c.TCPConn.Write(p)
}
