package httpio_test

import (
	"bufio"
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"os"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/go-faster/jx"

	"github.com/lockstep-dev/lockstep/internal/httpio"
)

// counted is a listener that counts what its connections write, and in how many pieces.
type counted struct {
	net.Listener
	writes, bytes atomic.Int64
}

type countedConn struct {
	*net.TCPConn
	of *counted
}

func (l *counted) Accept() (net.Conn, error) {
	c, err := l.Listener.Accept()
	if err != nil {
		return nil, err
	}
	return countedConn{c.(*net.TCPConn), l}, nil
}

func (c countedConn) Write(p []byte) (int, error) {
	c.of.writes.Add(1)
	n, err := c.TCPConn.Write(p)
	c.of.bytes.Add(int64(n))
	return n, err
}

// text is a body of the contract.
type text string

func (t text) Encode(e *jx.Encoder) { e.Str(string(t)) }

// holding is the writer of a handler whose answers are held back, with one more field.
type holding struct {
	http.ResponseWriter
	conn *httpio.Conn
}

func (h holding) Hold() bool                  { return h.conn.Hold() }
func (h holding) Unwrap() http.ResponseWriter { return h.ResponseWriter }

func (h holding) WriteHeader(code int) {
	h.conn.Field("X-One", "1")
	h.conn.Field("X-Two", "2")
	h.ResponseWriter.WriteHeader(code)
}

// serve runs a server whose answers are as long as the path says: httpio.Write's under /held, net/http's elsewhere.
func serve(t *testing.T) *counted {
	t.Helper()
	inner, err := net.Listen("tcp4", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	l := &counted{Listener: inner}
	server := &http.Server{Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		kind, length, _ := strings.Cut(strings.TrimPrefix(r.URL.Path, "/"), "/")
		n, _ := strconv.Atoi(length)
		body := text(strings.Repeat("x", n))
		conn := httpio.ConnOf(r.Context())
		if conn == nil {
			t.Error("got a request without its connection")
			return
		}
		defer conn.Release()
		switch kind {
		case "held":
			httpio.JSON(w)
			if err := httpio.Write(holding{w, conn}, http.StatusOK, body); err != nil {
				t.Error(err)
			}
		case "given-up": // before anything is written
			conn.Hold()
			conn.Field("X-One", "1")
			panic(http.ErrAbortHandler)
		default:
			w.Header().Set("X-One", "1")
			w.Header().Set("X-Two", "2")
			httpio.JSON(w)
			if err := httpio.Write(w, http.StatusOK, body); err != nil {
				t.Error(err)
			}
		}
	})}
	listener := httpio.Whole(server, l, time.Hour)
	go func() { _ = server.Serve(listener) }()
	t.Cleanup(func() { _ = server.Close() })
	return l
}

func TestAnswersAreSentAsAWhole(t *testing.T) {
	t.Parallel()
	l := serve(t)
	conn, err := net.Dial("tcp4", l.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = conn.Close() }()
	from := bufio.NewReader(conn)
	get := func(path string) (*http.Response, string, int64) {
		before := l.writes.Load()
		if _, err := io.WriteString(conn, "GET "+path+" HTTP/1.1\r\nHost: here\r\n\r\n"); err != nil {
			t.Fatal(err)
		}
		response, err := http.ReadResponse(from, nil)
		if err != nil {
			t.Fatalf("%s: %v", path, err)
		}
		body, err := io.ReadAll(response.Body)
		if err != nil {
			t.Fatalf("%s: %v", path, err)
		}
		return response, string(body), l.writes.Load() - before
	}
	pieces := int64(0)
	for _, length := range []int{0, 10, 2000, 4000, 5000, 20_000, 100_000, 1_000_000} {
		want, wantBody, inPieces := get("/plain/" + strconv.Itoa(length))
		got, body, writes := get("/held/" + strconv.Itoa(length))
		pieces = max(pieces, inPieces)
		if body != wantBody || len(body) != length+len(`""`) {
			t.Errorf("%d bytes: got another body than without holding, of %d bytes", length, len(body))
		}
		for name := range want.Header {
			if name != "Date" && got.Header.Get(name) != want.Header.Get(name) {
				t.Errorf("%d bytes: got %s: %s, want %s", length, name, got.Header.Get(name), want.Header.Get(name))
			}
		}
		if len(got.Header) != len(want.Header) {
			t.Errorf("%d bytes: got %v, want %v", length, got.Header, want.Header)
		}
		if writes != 1 && length <= 100_000 {
			t.Errorf("%d bytes: got %d writes, want 1", length, writes)
		}
	}
	if pieces < 2 {
		t.Error("net/http writes every answer in one piece as well: holding them back has lost its reason")
	}
}

func TestNothingIsSentOfAnAnswerThatWasGivenUp(t *testing.T) {
	t.Parallel()
	l := serve(t)
	request, err := http.NewRequestWithContext(context.Background(), http.MethodGet, "http://"+l.Addr().String()+"/given-up/1", nil)
	if err != nil {
		t.Fatal(err)
	}
	response, err := http.DefaultTransport.RoundTrip(request)
	if err == nil {
		_ = response.Body.Close()
		t.Errorf("got %s, want the connection closed", response.Status)
	}
	if n := l.bytes.Load(); n != 0 {
		t.Errorf("got %d bytes, want none", n)
	}
}

// TestAnswerThatCannotBeSentEndsTheConnection answers when the time for that is over: the client waited until the connection
// had been idle for too long.
func TestAnswerThatCannotBeSentEndsTheConnection(t *testing.T) {
	t.Parallel()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	server := &http.Server{Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		conn := httpio.ConnOf(r.Context())
		defer conn.Release()
		if err := http.NewResponseController(w).SetWriteDeadline(time.Unix(1, 0)); err != nil {
			t.Error(err)
		}
		if err := httpio.Write(holding{w, conn}, http.StatusOK, text("late")); err != nil {
			t.Error(err)
		}
	})}
	go func() { _ = server.Serve(httpio.Whole(server, listener, time.Hour)) }()
	t.Cleanup(func() { _ = server.Close() })
	client := &http.Client{Timeout: time.Minute, Transport: &http.Transport{}}
	response, err := client.Get("http://" + listener.Addr().String())
	if err == nil {
		_ = response.Body.Close()
	}
	if !errors.Is(err, io.EOF) {
		t.Errorf("got %v, want the end of the connection at once", err)
	}
}

// TestReadersThatTakeNothingAreCut asks for a long answer and reads none of it: the server is done with it long before the
// time for an answer is over, and holds nothing of it any more.
func TestReadersThatTakeNothingAreCut(t *testing.T) {
	t.Parallel()
	for _, path := range []string{"held", "plain"} {
		t.Run(path, func(t *testing.T) {
			t.Parallel()
			listener, err := net.Listen("tcp", "127.0.0.1:0")
			if err != nil {
				t.Fatal(err)
			}
			outcome := make(chan error, 1)
			server := &http.Server{WriteTimeout: time.Hour, Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				conn := httpio.ConnOf(r.Context())
				defer conn.Release()
				if path == "held" {
					w = holding{w, conn}
				}
				outcome <- httpio.Write(w, http.StatusOK, text(strings.Repeat("x", 64<<20)))
			})}
			go func() { _ = server.Serve(httpio.Whole(server, listener, 20*time.Millisecond)) }()
			t.Cleanup(func() { _ = server.Close() })
			conn, err := net.Dial("tcp", listener.Addr().String())
			if err != nil {
				t.Fatal(err)
			}
			defer func() { _ = conn.Close() }()
			if _, err := io.WriteString(conn, "GET / HTTP/1.1\r\nHost: here\r\n\r\n"); err != nil {
				t.Fatal(err)
			}
			if err := <-outcome; !errors.Is(err, os.ErrDeadlineExceeded) {
				t.Errorf("got %v, want the reader to be too slow", err)
			}
			if n, err := io.Copy(io.Discard, conn); err == nil {
				t.Errorf("got the end of an answer after %d bytes, want the connection reset", n)
			}
		})
	}
}
