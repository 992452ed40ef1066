package devdb

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
	"strconv"
	"syscall"
)

// Ports below those that systems hand out by themselves (Linux from 32768, others from 49152), and above the well-known.
const lowestPort, highestPort = 20000, 31999

// FreePort returns a port of 127.0.0.1 that nobody listens on, for a program that has to be told one, or is to have the same
// one again after a restart. It is none that the kernel gives to whoever asks for any port: one of those is soon somebody
// else's.
func FreePort(ctx context.Context) (int, error) {
	var config net.ListenConfig
	for range 1000 {
		port := lowestPort + rand.IntN(highestPort-lowestPort+1)
		l, err := config.Listen(ctx, "tcp4", net.JoinHostPort("127.0.0.1", strconv.Itoa(port)))
		switch {
		case err == nil:
			return port, l.Close()
		case !errors.Is(err, syscall.EADDRINUSE):
			return 0, fmt.Errorf("find a free port: %w", err)
		}
	}
	return 0, fmt.Errorf("find a free port: none from %d to %d", lowestPort, highestPort)
}
