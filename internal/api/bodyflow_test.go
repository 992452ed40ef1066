package api_test

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/lockstep-dev/lockstep/internal/api"
	"github.com/lockstep-dev/lockstep/internal/httpio"
	"github.com/lockstep-dev/lockstep/internal/inflight"
	"github.com/lockstep-dev/lockstep/internal/serving"
)

// listening is a stack whose handler serves a socket.
type listening struct {
	*stack
	server *httptest.Server
}

func serveStack(t *testing.T, options ...func(*api.Config)) *listening {
	t.Helper()
	first := newStack(t)
	s := first.replica(t, first.appURL, first.appURL, append([]func(*api.Config){func(c *api.Config) { c.RequestTimeout = time.Hour }}, options...)...)
	server := httptest.NewUnstartedServer(s.handler)
	server.Listener = httpio.Whole(server.Config, server.Listener, time.Hour)
	server.Start()
	t.Cleanup(server.Close)
	return &listening{s, server}
}

// inFlight is how many bytes the server holds.
func (l *listening) inFlight() (bodies, answers int64) { return l.handler.(*serving.Server).InFlight() }

// dialogue is a connection on which a test says what it wants to.
type dialogue struct {
	t    *testing.T
	conn net.Conn
	from *bufio.Reader
}

func (l *listening) dial(t *testing.T) *dialogue {
	t.Helper()
	conn, err := net.Dial("tcp", l.server.Listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close() })
	return &dialogue{t, conn, bufio.NewReader(conn)}
}

func (e *dialogue) send(text string) {
	e.t.Helper()
	if _, err := io.WriteString(e.conn, text); err != nil {
		e.t.Fatal(err)
	}
}

// answer is the next one on the connection.
func (e *dialogue) answer() (*http.Response, map[string]any) {
	e.t.Helper()
	response, err := http.ReadResponse(e.from, nil)
	if err != nil {
		e.t.Fatalf("got no answer: %v", err)
	}
	defer func() { _ = response.Body.Close() }()
	text, err := io.ReadAll(response.Body)
	if err != nil {
		e.t.Fatal(err)
	}
	var body map[string]any
	if len(text) > 0 {
		if err := json.Unmarshal(text, &body); err != nil {
			e.t.Fatalf("got %q", text)
		}
	}
	return response, body
}

// head is that of a request whose body is so long, or chunked if that is negative.
func head(method, path, token string, length int, more ...string) string {
	out := method + " " + path + " HTTP/1.1\r\nHost: localhost\r\n"
	if token != "" {
		out += "Authorization: Bearer " + token + "\r\n"
	}
	if length < 0 {
		out += "Transfer-Encoding: chunked\r\n"
	} else {
		out += fmt.Sprintf("Content-Length: %d\r\n", length)
	}
	if !strings.Contains(strings.Join(more, ""), "Content-Type") {
		more = append(more, "Content-Type: application/json\r\n")
	}
	return out + strings.Join(more, "") + "\r\n"
}

// TestAnswersDoNotWaitForBodies sends requests whose bodies never come to their end: each is answered at once, and the
// connection closed. "300 half-sent 1 MB bodies of a user without any permission held 330 MB for 30 s."
func TestAnswersDoNotWaitForBodies(t *testing.T) {
	t.Parallel()
	s := serveStack(t)
	nobody := s.addUser(t, s.acme.id, "nobody@example.com", "Nobody", nil)
	someone := "/v1/users/" + s.acme.member.id.String()
	for _, test := range []struct {
		name, head string
		status     int
	}{
		{"no token", head("POST", "/v1/users", "", 100_000), 401},
		{"a bad token", head("POST", "/v1/users", "nonsense", 100_000), 401},
		{"no permission to create", head("POST", "/v1/users", nobody.token, 100_000), 403},
		{"no permission to change", head("PATCH", someone, nobody.token, 100_000), 403},
		{"an operation of the platform", head("POST", "/v1/tenants", s.acme.admin.token, 100_000), 403},
		{"one of ours", head("POST", someone+"/deactivate", nobody.token, 100_000), 403},
		{"in chunks", head("POST", "/v1/users", nobody.token, -1), 403},
		{"that wants to be asked", head("POST", "/v1/users", nobody.token, 100_000, "Expect: 100-continue\r\n"), 403},
		{"no such path", head("POST", "/v1/nothing", s.acme.admin.token, 100_000), 404},
		{"no such method", head("PUT", "/v1/users", s.acme.admin.token, 100_000), 405},
		{"no such parameter", head("POST", "/v1/users?nothing=1", s.acme.admin.token, 100_000), 400},
		{"another media type", head("POST", "/v1/users", s.acme.admin.token, 100_000, "Content-Type: text/plain\r\n"), 415},
		{"announced too long", head("POST", "/v1/users", s.acme.admin.token, 1_000_000), 413},
		{"where none is read", head("GET", "/v1/users", s.acme.admin.token, 100_000), 200},
		{"a page", head("GET", "/livez", "", 100_000), 200},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			e := s.dial(t)
			e.send(test.head)
			if !strings.Contains(test.head, "Expect") {
				e.send("1\r\n")
			}
			response, body := e.answer()
			if response.StatusCode != test.status || !response.Close {
				t.Errorf("got %s %v, close %v; want %d and the connection closed", response.Status, body, response.Close, test.status)
			}
			if rest, err := io.ReadAll(e.from); err != nil || len(rest) > 0 {
				t.Errorf("got %q and %v behind the answer, want the end", rest, err)
			}
		})
	}
}

// TestRefusedRequestsKeepTheirConnection sends requests whole, one behind the other without waiting: what has come is not
// waited for.
func TestRefusedRequestsKeepTheirConnection(t *testing.T) {
	t.Parallel()
	s := serveStack(t)
	e := s.dial(t)
	body := `{"email": "x@example.com", "displayName": "X"}`
	refused := head("POST", "/v1/users", s.acme.member.token, len(body)) + body
	e.send(refused + refused + head("POST", "/v1/users", s.acme.admin.token, len(body)) + body)
	for _, want := range []int{403, 403, 201} {
		if response, body := e.answer(); response.StatusCode != want || response.Close {
			t.Fatalf("got %s %v, close %v; want %d on a connection that stays", response.Status, body, response.Close, want)
		}
	}
}

// TestBytesOfBodiesAreBounded has callers send parts of bodies: what has been read counts, what is announced does not. Users of
// one tenant fill what is their tenant's; others are served until all together have too much. The log tells why.
func TestBytesOfBodiesAreBounded(t *testing.T) {
	t.Parallel()
	log := &logged{}
	s := serveStack(t, func(c *api.Config) {
		c.MaxBody, c.Bodies = 1<<20, inflight.Limits{Process: 600_000, Caller: 250_000}
		c.Logger = slog.New(slog.NewJSONHandler(log, nil))
	})
	second := s.addUser(t, s.acme.id, "second@example.com", "Sam Second", nil, s.acme.adminRole)
	third := s.addUser(t, s.globex.id, "third@example.com", "Tess Third", nil, s.globex.adminRole)
	held := func(want int64) {
		t.Helper()
		for got, _ := s.inFlight(); got != want; got, _ = s.inFlight() {
			if t.Context().Err() != nil {
				t.Fatalf("got %d bytes in flight, want %d", got, want)
			}
			time.Sleep(time.Millisecond)
		}
	}
	part := func(token string, n int) *dialogue {
		t.Helper()
		e := s.dial(t)
		e.send(head("POST", "/v1/users", token, 1_000_000))
		e.send(strings.Repeat(" ", n))
		return e
	}
	refused := func(e *dialogue, status int, code, whose, cause string) {
		t.Helper()
		response, body := e.answer()
		if response.StatusCode != status || body["code"] != code || response.Header.Get("Retry-After") != "1" || !response.Close {
			t.Errorf("got %s %v, want %d %s with Retry-After and the connection closed", response.Status, body, status, code)
		}
		if detail, _ := body["detail"].(string); !strings.HasPrefix(detail, whose+" too many bytes of bodies") {
			t.Errorf("got %q, want it to say that %s too many bytes of bodies", detail, whose)
		}
		if status != http.StatusServiceUnavailable {
			return
		}
		var got line
		id := response.Header.Get("X-Request-Id")
		eventually(t, "the request is logged", func() bool {
			for _, one := range log.lines(t, "request") {
				if one.RequestID == id {
					got = one
				}
			}
			return got.RequestID != ""
		})
		if got.Cause != cause {
			t.Errorf("got cause %q in the log, want %q", got.Cause, cause)
		}
	}
	passes := func(token, email string) {
		t.Helper()
		whole := `{"email": "` + email + `", "displayName": "X"}`
		e := s.dial(t)
		e.send(head("POST", "/v1/users", token, len(whole)) + whole)
		if response, body := e.answer(); response.StatusCode != http.StatusCreated {
			t.Errorf("another tenant: got %s %v, want 201", response.Status, body)
		}
	}
	for range 20 {
		part(s.acme.admin.token, 1) // announces much
	}
	held(20)
	first := part(s.acme.admin.token, 200_000)
	held(200_020)
	refused(part(s.acme.admin.token, 100_000), http.StatusTooManyRequests, "rate_limited", "You have", "")
	held(200_020)
	part(second.token, 99_980)
	held(300_000)
	for i := range 5 {
		refused(part(second.token, 70_000), http.StatusServiceUnavailable, "unavailable", "Your tenant has", "bytes_in_flight")
		passes(s.globex.admin.token, fmt.Sprintf("x%d@example.com", i))
	}
	held(300_000)
	part(s.globex.admin.token, 200_000)
	held(500_000)
	part(third.token, 100_000)
	held(600_000)
	e := s.dial(t)
	e.send(head("POST", "/v1/tenants", s.platform, 1_000_000) + strings.Repeat(" ", 70_000))
	refused(e, http.StatusServiceUnavailable, "unavailable", "The server has", "bytes_in_flight")
	held(600_000)
	_ = first.conn.Close()
	held(400_000)
}

// TestSlowSendersAreCut sends the beginning of a body and then nothing.
func TestSlowSendersAreCut(t *testing.T) {
	t.Parallel()
	s := serveStack(t, func(c *api.Config) { c.SlowWindow = 50 * time.Millisecond })
	for _, length := range []int{1000, 60_000, -1} {
		e := s.dial(t)
		e.send(head("POST", "/v1/users", s.acme.admin.token, length) + "1\r\n")
		if response, body := e.answer(); response.StatusCode != http.StatusRequestTimeout || body["code"] != "request_timeout" || !response.Close {
			t.Errorf("got %s %v, want 408 and the connection closed", response.Status, body)
		}
	}
	if bodies, _ := s.inFlight(); bodies != 0 {
		t.Errorf("got %d bytes in flight, want none", bodies)
	}
}
