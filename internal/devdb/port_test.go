package devdb

import (
	"net"
	"strconv"
	"testing"
)

// TestFreePort wants ports that can be listened on, and none of those that are handed out to whoever asks for any: such a
// one was somebody else's by the time that the program it was chosen for started, or started again.
func TestFreePort(t *testing.T) {
	t.Parallel()
	for range 50 {
		port, err := FreePort(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		l, err := net.Listen("tcp4", net.JoinHostPort("127.0.0.1", strconv.Itoa(port)))
		if err != nil {
			t.Fatalf("port %d: %v", port, err)
		}
		defer func() { _ = l.Close() }()
		if port < lowestPort || port > highestPort {
			t.Errorf("got port %d, want one from %d to %d", port, lowestPort, highestPort)
		}
	}
}
