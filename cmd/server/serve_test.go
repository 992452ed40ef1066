package main

import (
	"bufio"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"strings"
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
			if _, err := io.WriteString(conn, sent); err != nil {
				t.Fatal(err)
			}
			// The client waits for longer than the server may.
			if err := conn.SetReadDeadline(time.Now().Add(30 * time.Second)); err != nil {
				t.Fatal(err)
			}
			if _, err := io.Copy(io.Discard, conn); err != nil {
				t.Errorf("got %v, want the connection closed by the server", err)
			}
		})
	}
}

func TestHugeHeadersAreRefused(t *testing.T) {
	t.Parallel()
	reached := false
	server := newHTTPServer(t.Context(), http.HandlerFunc(func(http.ResponseWriter, *http.Request) { reached = true }), time.Minute, slog.New(slog.NewTextHandler(t.Output(), nil)))
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	go func() { _ = server.Serve(l) }() // ends with the test
	t.Cleanup(func() { _ = server.Close() })
	conn, err := net.Dial("tcp", l.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = conn.Close() }()
	go func() {
		_, _ = fmt.Fprintf(conn, "GET / HTTP/1.1\r\nHost: localhost\r\nX-Long: %s\r\n\r\n", strings.Repeat("x", 64<<10))
	}()
	response, err := http.ReadResponse(bufio.NewReader(conn), nil)
	if err != nil {
		t.Fatal(err)
	}
	_ = response.Body.Close()
	if response.StatusCode != http.StatusRequestHeaderFieldsTooLarge || reached {
		t.Errorf("got status %d and reached %t, want 431 without reaching the handler", response.StatusCode, reached)
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
