package api_test

import (
	"encoding/json"
	"maps"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// call is one request and what its answer must and must not be.
type call struct {
	name   string
	method string // defaults to GET
	path   string
	// rawQuery is sent as it is, also what url.Parse would not take; it replaces the path's.
	rawQuery string
	token    string
	body     string
	header   map[string]string
	// headers are set after the others, several lines of one as well; nil takes one away.
	headers http.Header

	status  int
	code    string // of the problem
	pointer string // of the problem's only violation; ?name for a parameter, Name: for a header
	want    string // JSON object whose members the answer must have
	absent  []string
}

// answer is a decoded response.
type answer struct {
	status int
	header http.Header
	text   string
	body   map[string]any
}

func (s *stack) do(t *testing.T, c call) answer {
	t.Helper()
	method := c.method
	if method == "" {
		method = http.MethodGet
	}
	r := httptest.NewRequest(method, c.path, strings.NewReader(c.body))
	if c.rawQuery != "" {
		r.URL.RawQuery = c.rawQuery
	}
	if c.body != "" {
		r.Header.Set("Content-Type", "application/json")
	}
	if c.token != "" {
		r.Header.Set("Authorization", "Bearer "+c.token)
	}
	for name, value := range c.header {
		r.Header.Set(name, value)
	}
	for name, values := range c.headers {
		if r.Header[name] = values; values == nil {
			delete(r.Header, name)
		}
	}
	recorder := httptest.NewRecorder()
	s.handler.ServeHTTP(recorder, r)
	out := answer{status: recorder.Code, header: received(recorder.Header()), text: recorder.Body.String()}
	if out.text != "" && strings.Contains(out.header.Get("Content-Type"), "json") {
		if err := json.Unmarshal([]byte(out.text), &out.body); err != nil {
			t.Fatalf("answer is no JSON object: %v\n%s", err, out.text)
		}
	}
	return out
}

// received are the headers as a Go client has them, which reads ETag as Etag.
func received(sent http.Header) http.Header {
	header := http.Header{}
	for name, values := range sent {
		for _, v := range values {
			header.Add(name, v)
		}
	}
	return header
}

// check does the call and compares the answer.
func (s *stack) check(t *testing.T, c call) answer {
	t.Helper()
	got := s.do(t, c)
	if got.status != c.status {
		t.Fatalf("%s %s: got status %d, want %d\n%s", c.method, c.path, got.status, c.status, got.text)
	}
	if got.status >= 400 {
		checkProblem(t, c, got)
	}
	if c.want != "" {
		var want map[string]any
		if err := json.Unmarshal([]byte(c.want), &want); err != nil {
			t.Fatalf("scenario's want is no JSON: %v", err)
		}
		for name, value := range want {
			if diff := cmp.Diff(value, got.body[name]); diff != "" {
				t.Errorf("member %s (-want +got):\n%s", name, diff)
			}
		}
	}
	for _, text := range c.absent {
		if strings.Contains(got.text, text) {
			t.Errorf("answer contains %q:\n%s", text, got.text)
		}
	}
	return got
}

// checkProblem holds every failure to the one shape of RFC 9457.
func checkProblem(t *testing.T, c call, got answer) {
	t.Helper()
	if !strings.HasPrefix(got.header.Get("Content-Type"), "application/problem+json") {
		t.Errorf("got content type %q, want application/problem+json", got.header.Get("Content-Type"))
	}
	for _, name := range []string{"type", "title", "detail", "code", "requestId"} {
		if text, _ := got.body[name].(string); text == "" {
			t.Errorf("problem has no %s:\n%s", name, got.text)
		}
	}
	if got.body["status"] != float64(got.status) {
		t.Errorf("problem says status %v, the answer %d", got.body["status"], got.status)
	}
	if got.body["requestId"] != got.header.Get("X-Request-Id") {
		t.Errorf("problem's requestId %v is not the header's %q", got.body["requestId"], got.header.Get("X-Request-Id"))
	}
	if c.code != "" && got.body["code"] != c.code {
		t.Errorf("got code %v, want %s\n%s", got.body["code"], c.code, got.text)
	}
	if c.pointer == "" {
		return
	}
	want := map[string]any{"pointer": c.pointer}
	if name, ok := strings.CutPrefix(c.pointer, "?"); ok {
		want = map[string]any{"parameter": name}
	} else if name, ok := strings.CutSuffix(c.pointer, ":"); ok {
		want = map[string]any{"header": name}
	}
	violations, _ := got.body["errors"].([]any)
	if len(violations) == 1 {
		where := maps.Clone(violations[0].(map[string]any))
		delete(where, "code")
		delete(where, "detail")
		if cmp.Equal(want, where) {
			return
		}
	}
	t.Errorf("got violations %v, want one at %v", violations, want)
}
