//go:build unix

package pg

import (
	"net"
	"syscall"

	"github.com/jackc/pgx/v5"
)

// hungUp reports whether something is waiting to be read on a connection that nobody has asked anything: the end of the
// stream, an error, or a server's last words. It costs one system call.
func hungUp(conn *pgx.Conn) bool {
	c := conn.PgConn().Conn()
	if tls, ok := c.(interface{ NetConn() net.Conn }); ok {
		c = tls.NetConn()
	}
	socket, ok := c.(syscall.Conn)
	if !ok {
		return false
	}
	raw, err := socket.SyscallConn()
	if err != nil {
		return true
	}
	waiting := false
	// Not raw.Read: that waits for a read that is under way, and pgx leaves one behind when a write has been slow
	// (pgconn/internal/bgreader).
	err = raw.Control(func(fd uintptr) {
		var one [1]byte
		_, _, err := syscall.Recvfrom(int(fd), one[:], syscall.MSG_PEEK|syscall.MSG_DONTWAIT)
		waiting = err != syscall.EAGAIN && err != syscall.EWOULDBLOCK && err != syscall.EINTR
	})
	return waiting || err != nil
}
