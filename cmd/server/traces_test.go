package main

import (
	"bytes"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	collector "go.opentelemetry.io/proto/otlp/collector/trace/v1"
	tracepb "go.opentelemetry.io/proto/otlp/trace/v1"
	"google.golang.org/protobuf/proto"

	"github.com/lockstep-dev/lockstep/internal/config"
	"github.com/lockstep-dev/lockstep/internal/devissuer"
)

// receiver takes traces by OTLP over HTTP.
type receiver struct {
	*httptest.Server
	mu       sync.Mutex
	raw      bytes.Buffer
	spans    []*tracepb.Span
	resource string
	tokens   map[string]bool // Authorization headers
}

func newReceiver(t *testing.T) *receiver {
	t.Helper()
	r := &receiver{tokens: map[string]bool{}}
	r.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, request *http.Request) {
		body, err := io.ReadAll(request.Body)
		var export collector.ExportTraceServiceRequest
		if err != nil || request.URL.Path != "/v1/traces" || request.Header.Get("Content-Type") != "application/x-protobuf" || proto.Unmarshal(body, &export) != nil {
			t.Errorf("got %s %s, which is no export of traces", request.Method, request.URL)
			w.WriteHeader(http.StatusBadRequest)
			return
		}
		r.mu.Lock()
		defer r.mu.Unlock()
		r.raw.Write(body)
		r.tokens[request.Header.Get("Authorization")] = true
		for _, resource := range export.ResourceSpans {
			r.resource = resource.Resource.String()
			for _, scope := range resource.ScopeSpans {
				r.spans = append(r.spans, scope.Spans...)
			}
		}
	}))
	t.Cleanup(r.Close)
	return r
}

// trace returns the spans of a trace.
func (r *receiver) trace(id string) (spans []*tracepb.Span) {
	for _, s := range r.spans {
		if hex.EncodeToString(s.TraceId) == id {
			spans = append(spans, s)
		}
	}
	return spans
}

func attribute(s *tracepb.Span, name string) string {
	for _, a := range s.Attributes {
		if a.Key == name {
			if v := a.Value.GetStringValue(); v != "" {
				return v
			}
			return strconv.FormatInt(a.Value.GetIntValue(), 10)
		}
	}
	return ""
}

// TestTracesMetricsAndLogs sends requests with personal data wherever a request can hold it, and looks at all that the
// process says of them afterwards.
func TestTracesMetricsAndLogs(t *testing.T) {
	t.Parallel()
	out := newReceiver(t)
	s := startServer(t, config.Environment{
		"OTEL_EXPORTER_OTLP_ENDPOINT": out.URL, "OTEL_EXPORTER_OTLP_HEADERS": "authorization=Bearer%20s3cret",
		"OTEL_SERVICE_NAME": "core", "OTEL_RESOURCE_ATTRIBUTES": "deployment.environment.name=test",
	})
	const email = "grace.hopper@example.org"
	expired := s.signed(t, devissuer.TokenRequest{TenantID: s.tenant, UserID: s.user, Lifetime: -time.Hour})
	platform := s.signed(t, devissuer.TokenRequest{ClientID: "operator@example.net", Scopes: []string{"platform"}})
	user := "/v1/users/" + s.user.String()
	body := fmt.Sprintf(`{"email": %q, "displayName": "Grace Hopper"}`, email)
	calls := []struct {
		status                              int
		method, path, body, token, flags    string
		name, operation, code, tenant, kind string // of the span
	}{
		{200, "GET", user, "", "", "01", "GET /v1/users/{id}", "users.get", "", s.tenant.String(), "user"},
		{201, "POST", "/v1/users", body, "", "01", "POST /v1/users", "users.create", "", s.tenant.String(), "user"},
		{409, "POST", "/v1/users", body, "", "01", "POST /v1/users", "users.create", "conflict", s.tenant.String(), "user"},
		{200, "PATCH", user, `{"displayName": "Ada King"}`, "", "01", "PATCH /v1/users/{id}", "users.update", "", s.tenant.String(), "user"},
		{200, "GET", "/v1/users?q=" + email, "", "", "01", "GET /v1/users", "users.list", "", s.tenant.String(), "user"},
		{400, "GET", "/v1/users/" + email, "", "", "01", "GET /v1/users/{id}", "users.get", "invalid_parameter", s.tenant.String(), "user"},
		{404, "GET", "/v1/" + email + "?access_token=" + s.token, "", "", "01", "GET", "unmatched", "route_not_found", "", ""},
		{422, "POST", "/v1/users", `{"email": "` + email + `", "displayName": ""}`, "", "01", "POST /v1/users", "users.create", "validation_failed", s.tenant.String(), "user"},
		{401, "GET", user, "", expired, "01", "GET /v1/users/{id}", "users.get", "unauthenticated", "", ""},
		{200, "GET", "/v1/tenants", "", platform, "01", "GET /v1/tenants", "tenants.list", "", "", "platform"},
		{200, "GET", user, "", "", "00", "", "", "", "", ""}, // the caller does not want it traced
	}
	for i, c := range calls {
		token := c.token
		if token == "" {
			token = s.token
		}
		s.call(t, c.status, c.method, c.path, c.body, "Authorization", "Bearer "+token, "Traceparent", fmt.Sprintf("00-%s-00000000000000aa-%s", traceID(i), c.flags),
			"User-Agent", "agent of "+email, "X-Forwarded-For", "203.0.113.7")
	}
	s.call(t, 200, "GET", "/v1/me", "")
	s.call(t, 200, "GET", "/livez", "")
	metrics := s.scrape(t)
	if code := s.stop(); code != 0 {
		t.Errorf("got exit code %d", code)
	}

	out.mu.Lock()
	defer out.mu.Unlock()
	for i, c := range calls {
		spans := out.trace(traceID(i))
		if c.name == "" {
			if len(spans) > 0 {
				t.Errorf("call %d: got %d spans, want none of a trace that is not sampled", i, len(spans))
			}
			continue
		}
		root := checkTree(t, spans)
		if root == nil {
			t.Errorf("call %d, %s: got %d spans, want one tree below the caller's span", i, c.name, len(spans))
			continue
		}
		for attr, want := range map[string]string{
			"http.response.status_code": strconv.Itoa(c.status), "http.request.method": c.method, "lockstep.operation": c.operation,
			"lockstep.problem.code": c.code, "lockstep.tenant.id": c.tenant, "lockstep.principal.type": c.kind,
		} {
			if got := attribute(root, attr); got != want {
				t.Errorf("call %d, %s: got %s %q, want %q", i, c.name, attr, got, want)
			}
		}
		if c.kind == "user" && attribute(root, "lockstep.principal.id") != s.user.String() {
			t.Errorf("call %d: got principal %q, want the user's id", i, attribute(root, "lockstep.principal.id"))
		}
		if root.Name != c.name || root.Kind != tracepb.Span_SPAN_KIND_SERVER {
			t.Errorf("call %d: got %s span %q, want the server's %q", i, root.Kind, root.Name, c.name)
		}
		if c.status < 400 && len(spans) < 2 {
			t.Errorf("call %d, %s: got no span of a statement", i, c.name)
		}
	}
	checkStatements(t, out.trace(traceID(0)), "SELECT core.users")
	checkStatements(t, out.trace(traceID(1)), "INSERT core.users")
	checkStatements(t, out.trace(traceID(3)), "UPDATE core.users")
	roots := map[string]int{}
	for _, span := range out.spans {
		if len(span.ParentSpanId) == 0 {
			roots[span.Name]++
		}
	}
	if roots["GET /v1/me"] != 1 || roots["GET /livez"] != 0 {
		t.Errorf("got traces %v, want one of the request that came without, and none of probes", roots)
	}
	if !out.tokens["Bearer s3cret"] || len(out.tokens) != 1 {
		t.Errorf("got the headers %v with exports, want the one that was set", out.tokens)
	}
	for _, attr := range []string{"core", "deployment.environment.name", "service.version"} {
		if !strings.Contains(out.resource, attr) {
			t.Errorf("got resource %s, want %s in it", out.resource, attr)
		}
	}
	if parent, _ := s.issuerHeard.Load().(string); len(parent) != 55 {
		t.Errorf("the issuer was called with traceparent %q, want one", parent)
	}

	s.checkLog(t)
	said := said{"traces": out.raw.String(), "metrics": metrics, "log": s.log.String()}
	secrets := append(tokenParts(s.token, expired, platform),
		adminEmail, "lovelace", email, "hopper", adminName, "Ada King", "operator@", "s3cret", "203.0.113.7", "agent of")
	for _, leak := range said.leaks(secrets) {
		t.Error(leak)
	}
	checkLeaksAreFound(t, said, secrets, email, s.token)
	if strings.Contains(metrics, s.tenant.String()) {
		t.Error("metrics are told apart by tenant, of which there are too many")
	}
}

// traceID is the trace of a call.
func traceID(call int) string { return fmt.Sprintf("%032x", 0xc0ffee00+call) }

// checkTree returns the one span of the caller's span aa if all others descend from it, and lie within it.
func checkTree(t *testing.T, spans []*tracepb.Span) (root *tracepb.Span) {
	t.Helper()
	known := map[string]bool{}
	for _, s := range spans {
		known[string(s.SpanId)] = true
	}
	for _, s := range spans {
		switch {
		case hex.EncodeToString(s.ParentSpanId) == "00000000000000aa":
			if root != nil {
				return nil
			}
			root = s
		case !known[string(s.ParentSpanId)]:
			t.Errorf("span %q has no parent in its trace", s.Name)
		}
	}
	for _, s := range spans {
		if s.StartTimeUnixNano > s.EndTimeUnixNano || root != nil && s.StartTimeUnixNano < root.StartTimeUnixNano {
			t.Errorf("span %q: got %d to %d", s.Name, s.StartTimeUnixNano, s.EndTimeUnixNano)
		}
	}
	return root
}

// checkStatements wants a span of the statement, and below each batch as many as it says.
func checkStatements(t *testing.T, spans []*tracepb.Span, want string) {
	t.Helper()
	found := false
	below := map[string]int{}
	for _, s := range spans {
		if s.Kind != tracepb.Span_SPAN_KIND_CLIENT {
			continue
		}
		below[string(s.ParentSpanId)]++
		if s.Name == want {
			found = true
			operation, table, _ := strings.Cut(want, " ")
			text := attribute(s, "db.query.text")
			if attribute(s, "db.operation.name") != operation || attribute(s, "db.collection.name") != table || !strings.HasPrefix(text, operation) || !strings.Contains(text, "$1") {
				t.Errorf("got %v", s.Attributes)
			}
		}
		if attribute(s, "db.system.name") != "postgresql" || attribute(s, "server.port") == "" {
			t.Errorf("span %q does not say which database: %v", s.Name, s.Attributes)
		}
	}
	for _, s := range spans {
		if size := attribute(s, "db.operation.batch.size"); size != "" && size != strconv.Itoa(below[string(s.SpanId)]) {
			t.Errorf("span %q: got %d statements below it, want %s", s.Name, below[string(s.SpanId)], size)
		}
	}
	if !found {
		t.Errorf("got no span %q of %d", want, len(spans))
	}
}

// checkLog wants one line for each request, that says whose it is.
func (s *running) checkLog(t *testing.T) {
	t.Helper()
	requests := 0
	for text := range strings.Lines(s.log.String()) {
		var line map[string]any
		if err := json.Unmarshal([]byte(text), &line); err != nil {
			t.Errorf("not JSON: %s", text)
			continue
		}
		if line["requestId"] == nil {
			continue // of the process
		}
		id, _ := line["trace_id"].(string)
		if line["path"] == "/livez" {
			requests++
			continue
		}
		if len(id) != 32 || line["span_id"] == nil {
			t.Errorf("this line does not say its trace: %s", text)
		}
		if line["principalType"] == "user" && (line["tenantId"] != s.tenant.String() || line["principalId"] != s.user.String()) {
			t.Errorf("this line does not say whose it is: %s", text)
		}
		if line["msg"] == "request" {
			requests++
		}
	}
	if requests != 13 {
		t.Errorf("got %d request lines, want 13:\n%s", requests, s.log)
	}
}

// TestUnreachableReceiverHurtsNobody exports to a port where nobody listens.
func TestUnreachableReceiverHurtsNobody(t *testing.T) {
	t.Parallel()
	s := startServer(t, config.Environment{"OTEL_EXPORTER_OTLP_TRACES_ENDPOINT": nobody})
	for range 300 { // more than the queue holds: see exportSoon
		s.call(t, 200, "GET", "/v1/me", "")
	}
	begun := time.Now()
	if code := s.stop(); code != 0 {
		t.Errorf("got exit code %d, want 0", code)
	}
	if took := time.Since(begun); took > 30*time.Second {
		t.Errorf("stopping took %s: it has to end within the grace period", took)
	}
	if n := strings.Count(s.log.String(), `"spans cannot be sent`); n != 1 {
		t.Errorf("got %d lines about it, want 1", n)
	}
}

// TestTraceSettings looks at mistakes, and at where a secret is shown.
func TestTraceSettings(t *testing.T) {
	t.Parallel()
	env := config.Environment{
		"LOCKSTEP_DATABASE_URL": "postgres://core_app@127.0.0.1/app", "LOCKSTEP_OIDC_ISSUERS": "https://issuer.example",
		"OTEL_EXPORTER_OTLP_ENDPOINT": "localhost:4318", "OTEL_EXPORTER_OTLP_HEADERS": "s3cret", "OTEL_TRACES_SAMPLER": "always",
		"OTEL_TRACES_SAMPLER_ARG": "5", "OTEL_RESOURCE_ATTRIBUTES": "production",
	}
	var out, errs strings.Builder
	if code := run(t.Context(), []string{"config"}, env, &out, &errs); code == 0 {
		t.Error("got exit code 0, want mistakes")
	}
	for _, mistake := range []string{
		`OTEL_EXPORTER_OTLP_ENDPOINT is "localhost:4318": give the URL`, "OTEL_EXPORTER_OTLP_HEADERS: give name=value pairs",
		`OTEL_TRACES_SAMPLER is "always": give always_on`, `OTEL_TRACES_SAMPLER_ARG is "5": give the share`, `OTEL_RESOURCE_ATTRIBUTES is "production": give name=value`,
	} {
		if !strings.Contains(errs.String(), mistake) {
			t.Errorf("%q is not said:\n%s", mistake, errs.String())
		}
	}
	if strings.Contains(out.String()+errs.String(), "s3cret") {
		t.Errorf("the headers are shown:\n%s%s", out.String(), errs.String())
	}
	var traces config.Traces
	for _, test := range [][3]string{
		{"", "", ""}, {"http://c:4318", "", "http://c:4318/v1/traces"}, {"http://c:4318/", "", "http://c:4318/v1/traces"}, {"http://c:4318", "http://d/x", "http://d/x"},
	} {
		if traces.Endpoint, traces.TracesEndpoint = test[0], test[1]; traces.URL() != test[2] {
			t.Errorf("%q and %q: got %q, want %q", test[0], test[1], traces.URL(), test[2])
		}
	}
}
