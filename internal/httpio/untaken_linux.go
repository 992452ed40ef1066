package httpio

import (
	"syscall"

	"golang.org/x/sys/unix"
)

// untaken is how many bytes the client has not acknowledged yet, of those that the system has been given (tcp(7), SIOCOUTQ);
// 0 where nobody knows.
func (c *Conn) untaken() int {
	socket, ok := c.tcp.(syscall.Conn)
	if !ok {
		return 0
	}
	raw, err := socket.SyscallConn()
	if err != nil {
		return 0
	}
	n := 0
	if err := raw.Control(func(fd uintptr) { n, _ = unix.IoctlGetInt(int(fd), unix.SIOCOUTQ) }); err != nil {
		return 0
	}
	return n
}
