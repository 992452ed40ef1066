package main

import (
	"bufio"
	"encoding/json"
	"errors"
	"io"
	"log/slog"
	"net"
	"net/http"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/lockstep-dev/lockstep/internal/config"
)

// TestSlowClientsAreCutOff leaves requests unfinished: the server has to end each connection by itself.
func TestSlowClientsAreCutOff(t *testing.T) {
	t.Parallel()
	received := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if _, err := io.Copy(io.Discard, r.Body); err != nil {
			http.Error(w, "unfinished", http.StatusBadRequest)
		}
	})
	server := newHTTPServer(t.Context(), received, 200*time.Millisecond, slog.New(slog.NewTextHandler(t.Output(), nil)))
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	go func() { _ = server.Serve(l) }() // ends with the test
	t.Cleanup(func() { _ = server.Close() })
	for name, sent := range map[string]string{
		"nothing":          "",
		"half a line":      "GET /v1/us",
		"half the headers": "GET / HTTP/1.1\r\nHost: localhost\r\nX-Slow: ",
		"half the body":    "POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 100\r\n\r\nhalf",
		"half a chunk":     "POST / HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n64\r\nhalf",
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			conn, err := net.Dial("tcp", l.Addr().String())
			if err != nil {
				t.Fatal(err)
			}
			defer func() { _ = conn.Close() }()
			// The client waits for longer than the server may.
			if err := conn.SetDeadline(time.Now().Add(patience)); err != nil {
				t.Fatal(err)
			}
			_, err = io.WriteString(conn, sent)
			if err == nil {
				_, err = io.Copy(io.Discard, conn)
			}
			// Where the client is so late that the server has hung up before it wrote, the end is a reset.
			if err != nil && !errors.Is(err, syscall.ECONNRESET) && !errors.Is(err, syscall.EPIPE) {
				t.Errorf("got %v, want the connection closed by the server", err)
			}
		})
	}
}

// TestHugeHeadersAreRefused sends headers over the API's limit, which has a problem, and over net/http's, which has its own
// words: there is no request then that could be answered, and the connection ends.
func TestHugeHeadersAreRefused(t *testing.T) {
	t.Parallel()
	s := startServer(t, nil)
	// As much as the server reads before it gives up, of what is left unread it would tell by a reset: 4 KiB more than its limit.
	for name, test := range map[string]struct {
		size    int
		problem bool
	}{"over the API's limit": {17 << 10, true}, "over net/http's": {32<<10 + 4<<10, false}} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			conn, err := net.Dial("tcp", strings.TrimPrefix(s.api, "http://"))
			if err != nil {
				t.Fatal(err)
			}
			defer func() { _ = conn.Close() }()
			head, end := "GET /v1/users HTTP/1.1\r\nHost: localhost\r\nX-Long: ", ""
			if test.problem {
				end = "\r\n\r\n"
			}
			if _, err := io.WriteString(conn, head+strings.Repeat("x", test.size-len(head))+end); err != nil {
				t.Fatal(err)
			}
			response, err := http.ReadResponse(bufio.NewReader(conn), nil)
			if err != nil {
				t.Fatal(err)
			}
			text, err := io.ReadAll(response.Body)
			if err := errors.Join(err, response.Body.Close()); err != nil {
				t.Fatal(err)
			}
			var body struct{ Code string }
			isProblem := json.Unmarshal(text, &body) == nil && body.Code == "headers_too_large"
			if response.StatusCode != http.StatusRequestHeaderFieldsTooLarge || isProblem != test.problem {
				t.Errorf("got %s %s", response.Status, text)
			}
			if !test.problem && !response.Close {
				t.Error("the connection lives on, with unread headers in it")
			}
		})
	}
}

// TestMistakesDoNotShowSecrets configures a server wrongly around a password.
func TestMistakesDoNotShowSecrets(t *testing.T) {
	t.Parallel()
	for name, url := range map[string]string{
		"no such port":   "postgres://core_app:s3cret@127.0.0.1:99999/app",
		"a bad escape":   "postgres://core_app:s3cret%zz@127.0.0.1/app",
		"a bad setting":  "postgres://core_app:s3cret@127.0.0.1/app?sslmode=maybe",
		"keyword form":   "host=127.0.0.1 user=core_app password=s3cret sslmode=maybe",
		"nobody there":   "postgres://core_app:s3cret@127.0.0.1:1/app?connect_timeout=1",
		"a bad issuer":   "postgres://core_app:s3cret@127.0.0.1:1/app",
		"to listen with": "postgres://core_app:s3cret@127.0.0.1:1/app",
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			set := config.Environment{
				"LOCKSTEP_DATABASE_URL": url, "LOCKSTEP_OIDC_ISSUERS": "http://not-allowed.example", "LOCKSTEP_ADDR": "127.0.0.1:0", "LOCKSTEP_ADMIN_ADDR": "127.0.0.1:0",
			}
			if name == "to listen with" {
				set["LOCKSTEP_DATABASE_LISTEN_URL"] = "postgres://core_app:s3cret@127.0.0.1/app?sslmode=maybe"
				set["LOCKSTEP_OIDC_ISSUERS"] = "http://127.0.0.1:1"
			}
			var said strings.Builder
			code := run(t.Context(), []string{"serve"}, set, &said, &said)
			if code == 0 {
				t.Error("got exit code 0, want a refusal")
			}
			if strings.Contains(said.String(), "s3cret") {
				t.Errorf("the password is shown:\n%s", said.String())
			}
		})
	}
}
