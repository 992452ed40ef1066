package telemetry

import (
	"net/http"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"github.com/lockstep-dev/lockstep/internal/authn"
	"github.com/lockstep-dev/lockstep/internal/problem"
	"github.com/lockstep-dev/lockstep/internal/requestlog"
)

// namespace begins the names of all metrics that are not Go's.
const namespace = "lockstep"

// durations are the buckets of the time a request takes, in seconds: finest where the objectives are (docs/observability.md).
var durations = []float64{.001, .0025, .005, .01, .025, .05, .1, .25, .5, 1, 2.5, 5, 10, 30}

// The classes of answers, which the objectives are about: who is at fault.
const (
	success     = "success"
	clientError = "client_error"
	serverError = "server_error"
)

// The results of fetching keys.
const (
	resultOK    = "ok"
	resultError = "error"
)

// alerting are the classes and codes of answers that alerts count. Their counters are there from the start: the first such
// answer after a start is a step that a rate can see.
var alerting = []struct {
	class string
	code  problem.Code
}{
	{serverError, problem.Internal}, {serverError, problem.Unavailable}, {serverError, problem.Timeout}, {clientError, problem.RateLimited},
}

// Build is what the process is made of.
type Build struct {
	Version, Commit, Go, Contract, Revision string
}

// Metrics counts what the process does. Its labels have few values, none of which callers can make up: no paths, no tenants.
type Metrics struct {
	registry *prometheus.Registry

	inFlight  prometheus.Gauge
	requests  *prometheus.CounterVec
	durations *prometheus.HistogramVec
	replays   *prometheus.CounterVec
	removed   *prometheus.CounterVec
	tokens    *prometheus.CounterVec
	accepted  prometheus.Counter // of tokens, which nearly all are
	keys      *prometheus.CounterVec

	// operations holds what each request needs, found once.
	operations map[string]*operation
	other      *operation
}

// operation is the numbers of one operation.
type operation struct {
	name     string
	ok       prometheus.Counter
	duration prometheus.Observer
}

// NewMetrics returns metrics for a server with these operations, which trusts these issuers.
func NewMetrics(build Build, operations, issuers []string) *Metrics {
	m := &Metrics{
		registry: prometheus.NewRegistry(),
		inFlight: prometheus.NewGauge(prometheus.GaugeOpts{Namespace: namespace, Subsystem: "http", Name: "requests_in_flight",
			Help: "Requests being answered."}),
		requests: prometheus.NewCounterVec(prometheus.CounterOpts{Namespace: namespace, Subsystem: "http", Name: "requests_total",
			Help: "Requests by operation of the contract, class of the answer, and its problem's code or ok."}, []string{"operation", "class", "code"}),
		durations: prometheus.NewHistogramVec(prometheus.HistogramOpts{Namespace: namespace, Subsystem: "http", Name: "request_duration_seconds",
			Help: "Time from the request's headers to the end of the answer.", Buckets: durations}, []string{"operation"}),
		replays: prometheus.NewCounterVec(prometheus.CounterOpts{Namespace: namespace, Subsystem: "idempotency", Name: "replays_total",
			Help: "Requests answered with the stored answer of an earlier one with the same key."}, []string{"operation"}),
		removed: prometheus.NewCounterVec(prometheus.CounterOpts{Namespace: namespace, Subsystem: "retention", Name: "removed_rows_total",
			Help: "Rows removed because they had expired or their tenant is deleted, by table."}, []string{"table"}),
		tokens: prometheus.NewCounterVec(prometheus.CounterOpts{Namespace: namespace, Subsystem: "auth", Name: "verifications_total",
			Help: "Access tokens verified, by result."}, []string{"result"}),
		keys: prometheus.NewCounterVec(prometheus.CounterOpts{Namespace: namespace, Subsystem: "auth", Name: "key_fetches_total",
			Help: "Attempts to fetch an issuer's keys, by result."}, []string{"issuer", "result"}),
		operations: make(map[string]*operation, len(operations)),
	}
	info := prometheus.NewGauge(prometheus.GaugeOpts{Namespace: namespace, Name: "build_info", Help: "Always 1; the labels say what runs.",
		ConstLabels: prometheus.Labels{"version": build.Version, "commit": build.Commit, "goversion": build.Go, "contract": build.Contract, "revision": build.Revision}})
	info.Set(1)
	m.registry.MustRegister(m.inFlight, m.requests, m.durations, m.replays, m.removed, m.tokens, m.keys, info,
		collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	for _, name := range operations {
		m.operations[name] = m.operation(name)
	}
	m.other = m.operation("other")
	for _, result := range authn.Results() {
		m.tokens.WithLabelValues(result)
	}
	m.accepted = m.tokens.WithLabelValues(authn.ResultOK)
	for _, issuer := range issuers {
		m.keys.WithLabelValues(issuer, resultOK)
		m.keys.WithLabelValues(issuer, resultError)
	}
	return m
}

func (m *Metrics) operation(name string) *operation {
	for _, answer := range alerting {
		m.requests.WithLabelValues(name, answer.class, string(answer.code))
	}
	return &operation{name: name, ok: m.requests.WithLabelValues(name, success, "ok"), duration: m.durations.WithLabelValues(name)}
}

// Register adds what is asked for its numbers when they are served.
func (m *Metrics) Register(c prometheus.Collector) { m.registry.MustRegister(c) }

// Handler serves the metrics.
func (m *Metrics) Handler() http.Handler {
	return promhttp.HandlerFor(m.registry, promhttp.HandlerOpts{Registry: m.registry})
}

// RequestStarted implements api.Meter.
func (m *Metrics) RequestStarted() { m.inFlight.Inc() }

// RequestEnded implements api.Meter.
func (m *Metrics) RequestEnded(e *requestlog.Entry, status int, took time.Duration) {
	m.inFlight.Dec()
	op, ok := m.operations[e.Operation]
	if !ok {
		op = m.other
	}
	op.duration.Observe(took.Seconds())
	switch {
	case status < http.StatusBadRequest:
		op.ok.Inc()
	case status < http.StatusInternalServerError:
		m.requests.WithLabelValues(op.name, clientError, codeOf(e)).Inc()
	default:
		m.requests.WithLabelValues(op.name, serverError, codeOf(e)).Inc()
	}
	if e.Replayed {
		m.replays.WithLabelValues(op.name).Inc()
	}
}

// codeOf is the problem's code. Not all failures have one: readiness says no in its own words.
func codeOf(e *requestlog.Entry) string {
	if e.Code == "" {
		return "none"
	}
	return string(e.Code)
}

// RowsRemoved implements retention.Meter.
func (m *Metrics) RowsRemoved(table string, rows int) {
	m.removed.WithLabelValues(table).Add(float64(rows))
}

// TokenVerified implements authn.Meter.
func (m *Metrics) TokenVerified(result string) {
	if result == authn.ResultOK {
		m.accepted.Inc()
		return
	}
	m.tokens.WithLabelValues(result).Inc()
}

// KeysFetched implements authn.Meter.
func (m *Metrics) KeysFetched(issuer string, err error) {
	result := resultOK
	if err != nil {
		result = resultError
	}
	m.keys.WithLabelValues(issuer, result).Inc()
}

var _ authn.Meter = (*Metrics)(nil)
