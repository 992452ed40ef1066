package main

import (
	"fmt"
	"log/slog"
	"maps"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"

	"github.com/prometheus/client_golang/prometheus"
	otel "go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/trace"

	"github.com/lockstep-dev/lockstep/internal/logging"
	"github.com/lockstep-dev/lockstep/internal/requestlog"
	"github.com/lockstep-dev/lockstep/internal/telemetry"
)

// said is what a process said of itself, by where: "traces" (protobuf), "metrics", "log".
type said map[string]string

// leaks has a sentence for each place that holds a secret, in upper or lower case, or that holds too little to have been
// looked at.
func (s said) leaks(secrets []string) (found []string) {
	for _, where := range slices.Sorted(maps.Keys(s)) {
		text := s[where]
		if len(text) < 1000 {
			found = append(found, fmt.Sprintf("got %d bytes of %s: nothing was looked at", len(text), where))
		}
		lower := strings.ToLower(text)
		for _, secret := range secrets {
			if at := strings.Index(lower, strings.ToLower(secret)); at >= 0 {
				found = append(found, fmt.Sprintf("the %s hold %.30q: …%.200q", where, secret, lower[max(0, at-100):]))
			}
		}
	}
	return found
}

// tokenParts are beginnings of the header, claims and signature of each token: a token cut short is found as well.
func tokenParts(tokens ...string) (parts []string) {
	for _, token := range tokens {
		for part := range strings.SplitSeq(token, ".") {
			parts = append(parts, part[:24])
		}
	}
	return parts
}

// checkLeaksAreFound plants personal data and a token in each place in turn, through what writes there in the server, and
// wants it found there and nowhere else.
func checkLeaksAreFound(t *testing.T, clean said, secrets []string, email, token string) {
	t.Helper()
	for _, plant := range []struct{ what, where, secret, add string }{
		{"an email in a span's attribute", "traces", email, span(t, "GET", otel.String("lockstep.principal.id", email))},
		{"an email in a span's name", "traces", email, span(t, "GET /v1/"+email)},
		{"a token in a span's attribute", "traces", tokenParts(token)[1], span(t, "GET", otel.String("http.request.header.authorization", "Bearer "+token))},
		{"an argument of a statement", "traces", adminName, span(t, "SELECT core.users", otel.String("db.query.parameter.1", adminName))},
		{"a token in a line", "log", tokenParts(token)[2], logged(t, "request", "authorization", "Bearer "+token)},
		{"a token cut short in a line", "log", tokenParts(token)[1], logged(t, "request", "token", token[:strings.Index(token, ".")+40])},
		{"an email in an error", "log", email, logged(t, "request", "error", fmt.Errorf("key (email)=(%s) already exists", email))},
		{"an email in upper case", "log", email, logged(t, "request", "path", "/v1/"+strings.ToUpper(email))},
		{"an email in a label", "metrics", email, counted(t, email)},
		{"a token in a label", "metrics", tokenParts(token)[0], counted(t, token)},
	} {
		planted := maps.Clone(clean)
		planted[plant.where] += plant.add
		want := fmt.Sprintf("the %s hold %.30q", plant.where, plant.secret)
		found := planted.leaks(secrets)
		if !slices.ContainsFunc(found, func(leak string) bool { return strings.HasPrefix(leak, want) }) {
			t.Errorf("%s: got %q, want %q", plant.what, found, want)
		}
		if slices.ContainsFunc(found, func(leak string) bool { return !strings.HasPrefix(leak, "the "+plant.where+" hold") }) {
			t.Errorf("%s: got %q, want a leak in the %s alone", plant.what, found, plant.where)
		}
	}
	for where := range clean {
		silent := maps.Clone(clean)
		silent[where] = ""
		if found := silent.leaks(secrets); len(found) != 1 || !strings.Contains(found[0], "0 bytes of "+where) {
			t.Errorf("no %s: got %q, want that said", where, found)
		}
	}
}

// span is what a receiver of traces gets of one with these attributes.
func span(t *testing.T, name string, attributes ...otel.KeyValue) string {
	t.Helper()
	out := newReceiver(t)
	tracing, err := telemetry.NewTracing(t.Context(), telemetry.TracingConfig{
		Endpoint: out.URL + "/v1/traces", Sampler: "always_on", SamplerArg: "1", ServiceName: "core", Logger: slog.New(slog.NewTextHandler(t.Output(), nil)),
	})
	if err != nil {
		t.Fatal(err)
	}
	_, s := tracing.Tracer().Start(t.Context(), name, trace.WithAttributes(attributes...))
	s.End()
	tracing.Close(t.Context())
	out.mu.Lock()
	defer out.mu.Unlock()
	return out.raw.String()
}

// logged is a line of the server's log.
func logged(t *testing.T, message string, attributes ...any) string {
	t.Helper()
	log := &lines{}
	logger, flush := logging.New(log, slog.LevelDebug)
	slog.New(requestlog.NewHandler(logger.Handler())).Info(message, attributes...)
	if err := flush(); err != nil {
		t.Fatal(err)
	}
	return log.String()
}

// counted is what /metrics serves with a counter that has such a label.
func counted(t *testing.T, value string) string {
	t.Helper()
	metrics := telemetry.NewMetrics(telemetry.Build{}, nil, nil)
	counter := prometheus.NewCounterVec(prometheus.CounterOpts{Name: "planted_total", Help: "A counter by caller."}, []string{"caller"})
	counter.WithLabelValues(value).Inc()
	metrics.Register(counter)
	answer := httptest.NewRecorder()
	metrics.Handler().ServeHTTP(answer, httptest.NewRequestWithContext(t.Context(), "GET", "/metrics", nil))
	return answer.Body.String()
}
