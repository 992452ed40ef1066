package api_test

import (
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"

	"github.com/lockstep-dev/lockstep/internal/api"
	"github.com/lockstep-dev/lockstep/internal/inflight"
	"github.com/lockstep-dev/lockstep/internal/serving"
)

// slowReader is a client that takes nothing until it is told to.
type slowReader struct {
	*httptest.ResponseRecorder
	once     sync.Once
	asked    chan struct{} // closed when there is something to take
	released chan struct{}
}

func newSlowReader() *slowReader {
	return &slowReader{ResponseRecorder: httptest.NewRecorder(), asked: make(chan struct{}), released: make(chan struct{})}
}

func (s *slowReader) Write(p []byte) (int, error) {
	s.once.Do(func() { close(s.asked) })
	<-s.released
	return s.ResponseRecorder.Write(p)
}

// TestBytesOfAnswersAreBounded has callers take nothing of what they have asked for. Users of one tenant fill what is their
// tenant's; others are served until all together have too much. The log tells why.
func TestBytesOfAnswersAreBounded(t *testing.T) {
	t.Parallel()
	s := newStack(t)
	initech := s.addTenant(t, "initech")
	for _, of := range []tenant{s.acme, s.globex, initech} {
		s.exec(t, `INSERT INTO core.users (tenant_id, id, email, display_name, version, created_at, updated_at)
			SELECT $1, gen_random_uuid(), 'many' || n || '@example.com', repeat('x', 250), 1, now(), now() FROM generate_series(1, 190) AS n`, of.id)
	}
	probe := s.check(t, call{path: "/v1/users?limit=200", token: s.acme.admin.token, status: 200})
	size := int64(len(probe.text))
	log := &logged{}
	s = s.replica(t, s.appURL, s.appURL, func(c *api.Config) {
		c.Answers = inflight.Limits{Process: 6*size + size/2, Caller: 2*size + size/2}
		c.Logger = slog.New(slog.NewJSONHandler(log, nil))
	})
	held := func(want int64) {
		t.Helper()
		// Answers of one kind differ by some bytes.
		if _, got := s.handler.(*serving.Server).InFlight(); max(got-want*size, want*size-got) > size/10 {
			t.Errorf("got %d bytes of answers in flight, want about %d times %d", got, want, size)
		}
	}
	var wg sync.WaitGroup
	defer wg.Wait()
	ask := func(token string) *slowReader {
		t.Helper()
		r := httptest.NewRequest(http.MethodGet, "/v1/users?limit=200", nil)
		r.Header.Set("Authorization", "Bearer "+token)
		w := newSlowReader()
		wg.Go(func() { s.handler.ServeHTTP(w, r) })
		<-w.asked
		return w
	}
	list := call{path: "/v1/users?limit=200", token: s.acme.admin.token}
	slow := []*slowReader{ask(s.acme.admin.token), ask(s.acme.admin.token)}
	held(2)
	list.status, list.code = http.StatusTooManyRequests, "rate_limited"
	refused := s.check(t, list)
	if refused.header.Get("Retry-After") == "" || refused.header.Get("ETag") != "" {
		t.Errorf("got headers %v, want Retry-After and none of the answer that is not sent", refused.header)
	}
	s.check(t, call{path: "/v1/users?limit=1", token: s.acme.admin.token, status: 200}) // is not worth counting
	unavailable := func(token, whose string) {
		t.Helper()
		refused := s.check(t, call{path: list.path, token: token, status: http.StatusServiceUnavailable, code: "unavailable"})
		if refused.header.Get("Retry-After") != "1" || !strings.Contains(refused.text, whose+" too many bytes of answers") {
			t.Errorf("got %s, want it to say what %s too much of, and when to try again", refused.text, whose)
		}
		if line := log.request(t, refused.header.Get("X-Request-Id")); line.Cause != "bytes_in_flight" {
			t.Errorf("got cause %q in the log, want bytes_in_flight", line.Cause)
		}
	}
	slow = append(slow, ask(s.acme.member.token))
	held(3)
	unavailable(s.acme.manager.token, "Your tenant has")
	for range 5 {
		s.check(t, call{path: list.path, token: s.globex.admin.token, status: 200})
	}
	slow = append(slow, ask(s.globex.admin.token), ask(s.globex.admin.token), ask(s.globex.member.token))
	held(6)
	unavailable(s.globex.manager.token, "Your tenant has")
	unavailable(initech.admin.token, "The server has")
	for _, w := range slow {
		close(w.released)
	}
	wg.Wait()
	held(0)
	list.status, list.code = 200, ""
	s.check(t, list)
}

// TestAnswersToChangesAreBounded has a caller take nothing of what its changes are answered, each of which has to be. They went
// beyond every limit, and others were refused instead. Now who has no room left changes nothing.
func TestAnswersToChangesAreBounded(t *testing.T) {
	t.Parallel()
	s := newStack(t)
	role := "/v1/roles/" + s.addRole(t, s.acme.id, "Large", "users:read").String()
	patch := func(name string) string {
		return fmt.Sprintf(`{"name": %q, "description": %q}`, name, strings.Repeat("é", 10_000))
	}
	size := int64(len(s.check(t, call{method: "PATCH", path: role, token: s.acme.admin.token, body: patch("Large"), status: 200}).text))
	s = s.replica(t, s.appURL, s.appURL, func(c *api.Config) {
		c.Answers = inflight.Limits{Process: 20 * size, Caller: 2*size + size/2}
	})
	var wg sync.WaitGroup
	defer wg.Wait()
	var slow []*slowReader
	release := sync.OnceFunc(func() {
		for _, w := range slow {
			close(w.released)
		}
	})
	defer release()
	for i := range 3 { // the third begins while there is room for a byte
		r := httptest.NewRequest(http.MethodPatch, role, strings.NewReader(patch(fmt.Sprint("Large ", i))))
		r.Header.Set("Authorization", "Bearer "+s.acme.admin.token)
		r.Header.Set("Content-Type", "application/json")
		w := newSlowReader()
		wg.Go(func() { s.handler.ServeHTTP(w, r) })
		<-w.asked
		slow = append(slow, w)
	}
	refused := s.check(t, call{method: "PATCH", path: role, token: s.acme.admin.token, body: `{"name": "Larger"}`, status: http.StatusTooManyRequests, code: "rate_limited"})
	if refused.header.Get("Retry-After") == "" {
		t.Errorf("got headers %v, want Retry-After", refused.header)
	}
	s.check(t, call{path: role, token: s.globex.admin.token, status: 404})
	s.check(t, call{method: "POST", path: "/v1/roles", token: s.globex.admin.token, body: `{"name": "Other", "permissions": []}`, status: 201})
	release()
	wg.Wait()
	if n := s.count(t, `SELECT count(*) FROM core.roles WHERE name = 'Larger'`); n != 0 {
		t.Error("a change was made that was refused")
	}
	s.check(t, call{method: "PATCH", path: role, token: s.acme.admin.token, body: `{"name": "Larger"}`, status: 200})
}
