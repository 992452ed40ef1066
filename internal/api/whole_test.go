package api_test

import (
	"io"
	"net"
	"net/http"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/lockstep-dev/lockstep/internal/api"
	"github.com/lockstep-dev/lockstep/internal/httpio"
	"github.com/lockstep-dev/lockstep/internal/ratelimit"
)

// TestAnswersAreTheSameAsAWhole asks a server that holds its answers back what it asks one that does not. On the way out
// header fields go another way then, and none may get lost, come twice or stand in another answer.
func TestAnswersAreTheSameAsAWhole(t *testing.T) {
	t.Parallel()
	direct := newStack(t)
	s := direct.replica(t, direct.appURL, "", func(c *api.Config) {
		c.Origins = []string{"https://app.example.com"}
		c.RateLimits = ratelimit.Limits{Principal: ratelimit.Policy{Quota: 1_000_000_000, Window: 1_000_000_000}} // what is left stays as it was
	})
	plain, whole := listen(t, s.handler, false), listen(t, s.handler, true)
	get := func(path, token string, header ...string) *http.Request {
		r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, path, nil)
		if err != nil {
			t.Fatal(err)
		}
		r.Header.Set("Authorization", "Bearer "+token)
		r.Header.Set("X-Request-Id", "the-same-for-both")
		for i := 0; i < len(header); i += 2 {
			r.Header.Set(header[i], header[i+1])
		}
		return r
	}
	admin := s.acme.admin
	user := "/v1/users/" + admin.id.String()
	etag := s.check(t, call{path: user, token: admin.token, status: 200}).header.Get("ETag")
	update := get(user, admin.token, "Content-Type", "application/json")
	update.Method, update.Body = http.MethodPatch, io.NopCloser(strings.NewReader(`{}`))
	update.GetBody = func() (io.ReadCloser, error) { return io.NopCloser(strings.NewReader(`{}`)), nil }
	preflight := get("/v1/users", "", "Origin", "https://app.example.com", "Access-Control-Request-Method", "GET")
	preflight.Method = http.MethodOptions
	held := 0
	for name, request := range map[string]*http.Request{
		"get": get(user, admin.token), "list": get("/v1/users", admin.token), "page": get("/v1/users?limit=1", admin.token),
		"not modified": get(user, admin.token, "If-None-Match", etag), "patch": update, "not found": get("/v1/users/"+newID().String(), admin.token),
		"unknown parameter": get("/v1/users?x=1", admin.token), "no token": get("/v1/users", ""), "nothing there": get("/nothing", ""), "live": get("/livez", ""),
		"contract": get("/openapi.json", ""), "documentation": get("/docs", ""), "script": get("/v1/users", admin.token, "Origin", "https://app.example.com"),
		"preflight": preflight,
	} {
		want, got := ask(t, plain, request), ask(t, whole, request)
		if diff := cmp.Diff(want, got, cmp.AllowUnexported(answer{})); diff != "" {
			t.Errorf("%s (-as net/http writes it +as a whole):\n%s", name, diff)
		}
		if len(want.header["X-Content-Type-Options"]) != 1 || len(want.header["X-Request-Id"]) != 1 {
			t.Errorf("%s: got %v, want what every answer carries", name, want.header)
		}
		if want.status < 300 && strings.HasPrefix(request.URL.Path, "/v1/") {
			held++
		}
	}
	if held < 5 {
		t.Errorf("got %d answers that are held back, want 5", held)
	}
}

// listen serves the handler on a connection of its own.
func listen(t *testing.T, handler http.Handler, whole bool) string {
	t.Helper()
	listener, err := net.Listen("tcp4", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	address := listener.Addr().String()
	server := &http.Server{Handler: handler}
	if whole {
		listener = httpio.Whole(server, listener, 0)
	}
	go func() { _ = server.Serve(listener) }() // ends when it is closed
	t.Cleanup(func() { _ = server.Close() })
	return address
}

// ask sends the request to the address and returns all of the answer but its date.
func ask(t *testing.T, address string, request *http.Request) answer {
	t.Helper()
	r := request.Clone(t.Context())
	r.URL.Scheme, r.URL.Host = "http", address
	if r.GetBody != nil {
		r.Body, _ = r.GetBody()
	}
	response, err := http.DefaultTransport.RoundTrip(r)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = response.Body.Close() }()
	text, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	response.Header.Del("Date")
	return answer{status: response.StatusCode, header: response.Header, text: string(text)}
}
