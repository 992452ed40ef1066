package serving

import (
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/google/uuid"
	"go.opentelemetry.io/otel/attribute"
	otelcodes "go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/propagation"
	semconv "go.opentelemetry.io/otel/semconv/v1.43.0"
	"go.opentelemetry.io/otel/trace"

	"github.com/lockstep-dev/lockstep/internal/requestlog"
)

// Meter counts requests. Its methods must be quick and safe for concurrent use.
type Meter interface {
	// RequestStarted is called when a request has been read.
	RequestStarted()
	// RequestEnded is called when it is answered, or its connection given up.
	RequestEnded(e *requestlog.Entry, status int, took time.Duration)
}

// What stands for the operation of requests that are none of the contract's.
const (
	operationLive      = "livez"
	operationReady     = "readyz"
	operationContract  = "contract"
	operationDocs      = "docs"
	operationPreflight = "preflight"
	operationUnmatched = "unmatched"
)

// Operations lists every name that requests are counted under: the contract's operation ids, and those of the rest.
func Operations(contract []byte) ([]string, error) {
	names := []string{operationLive, operationReady, operationContract, operationDocs, operationPreflight, operationUnmatched}
	err := eachOperation(contract, func(id, _ string) { names = append(names, id) })
	slices.Sort(names)
	return names, err
}

func eachOperation(contract []byte, do func(id, path string)) error {
	var document struct {
		Paths map[string]map[string]struct{ OperationID string }
	}
	if err := json.Unmarshal(contract, &document); err != nil {
		return fmt.Errorf("read embedded contract: %w", err)
	}
	for path, methods := range document.Paths {
		for _, op := range methods {
			do(op.OperationID, path)
		}
	}
	return nil
}

// observer reports on each request: a log line, numbers, and a span.
type observer struct {
	lines  slog.Handler
	meter  Meter        // nil: none
	tracer trace.Tracer // nil: none
	router Router
	// words are the fixed segments of all paths.
	words map[string]struct{}
}

func newObserver(c Config, router Router) (*observer, error) {
	o := &observer{lines: requestlog.Bare(c.Logger.Handler()), meter: c.Meter, tracer: c.Tracer, router: router, words: map[string]struct{}{"": {}}}
	know := func(path string) {
		for word := range strings.SplitSeq(path, "/") {
			o.words[word] = struct{}{}
		}
	}
	for _, page := range []string{"/livez", "/readyz", contractPath, docsPath} {
		know(page)
	}
	return o, eachOperation(c.Contract, func(_, path string) { know(path) })
}

// recognise notes which operation a request is for, before anything can go wrong with it.
func (o *observer) recognise(e *requestlog.Entry, r *http.Request) {
	method := r.Method
	if method == http.MethodHead {
		method = http.MethodGet
	}
	if operation, pattern, ok := o.router.Find(method, r.URL); ok {
		e.Operation, e.Route = operation, pattern
		return
	}
	switch path := r.URL.Path; {
	case r.Method == http.MethodOptions:
		e.Operation = operationPreflight
	case path == "/livez":
		e.Operation, e.Route = operationLive, path
	case path == "/readyz":
		e.Operation, e.Route = operationReady, path
	case path == contractPath:
		e.Operation, e.Route = operationContract, path
	case path == docsPath, strings.HasPrefix(path, docsPath+"/"):
		e.Operation, e.Route = operationDocs, docsPath
	default:
		e.Operation = operationUnmatched
	}
}

// probe reports whether a request only asks how the server is, which happens all the time and means nothing.
func probe(e *requestlog.Entry) bool {
	return e.Operation == operationLive || e.Operation == operationReady
}

// begin starts the request's span, as a part of the caller's trace if that comes with one (W3C Trace Context), and returns
// the context that its lines and statements belong to.
func (o *observer) begin(ctx context.Context, e *requestlog.Entry, r *http.Request) (context.Context, trace.Span) {
	ctx = requestlog.With(ctx, e)
	if len(r.Header["Traceparent"]) > 0 {
		// Also where nothing is traced: the log lines can still be found by the caller's trace.
		ctx = propagation.TraceContext{}.Extract(ctx, propagation.HeaderCarrier(r.Header))
	}
	if o.tracer == nil || probe(e) {
		return ctx, nil
	}
	method := method(r)
	name := method
	attrs := make([]attribute.KeyValue, 0, 8)
	attrs = append(attrs, semconv.HTTPRequestMethodKey.String(method), semconv.URLScheme(scheme(r)), semconv.URLPath(o.path(r)),
		semconv.NetworkProtocolVersion(fmt.Sprintf("%d.%d", r.ProtoMajor, r.ProtoMinor)),
		attribute.String("lockstep.operation", e.Operation), attribute.String("lockstep.request.id", e.RequestID))
	if e.Route != "" {
		name += " " + e.Route
		attrs = append(attrs, semconv.HTTPRoute(e.Route))
	}
	return o.tracer.Start(ctx, name, trace.WithSpanKind(trace.SpanKindServer), trace.WithAttributes(attrs...))
}

// end reports on a request that is over.
func (o *observer) end(ctx context.Context, e *requestlog.Entry, r *http.Request, span trace.Span, status int, took time.Duration) {
	if o.meter != nil {
		o.meter.RequestEnded(e, status, took)
	}
	if span != nil {
		finishSpan(span, e, status)
	}
	level := slog.LevelInfo
	if probe(e) && status < http.StatusInternalServerError {
		level = slog.LevelDebug
	}
	if !o.lines.Enabled(ctx, level) {
		return
	}
	var space [9 + requestlog.Most]slog.Attr
	attrs := append(space[:0],
		slog.String("method", method(r)),
		slog.String("path", o.path(r)),
		slog.Int("status", status),
		slog.Duration("took", took),
		slog.String("operation", e.Operation),
	)
	if e.Code != "" {
		attrs = append(attrs, slog.String("code", string(e.Code)))
	}
	if e.Cause != "" {
		attrs = append(attrs, slog.String("cause", e.Cause))
	}
	if e.SQLState != "" {
		attrs = append(attrs, slog.String("sqlstate", e.SQLState))
	}
	if e.Replayed {
		attrs = append(attrs, slog.Bool("replayed", true))
	}
	// What slog.Logger would do, without looking up the line of code, which is this one. Its error is the log's own affair.
	line := slog.NewRecord(time.Now(), level, "request", 0)
	line.AddAttrs(e.Append(ctx, attrs)...)
	_ = o.lines.Handle(ctx, line)
}

func finishSpan(span trace.Span, e *requestlog.Entry, status int) {
	if span.IsRecording() {
		attrs := make([]attribute.KeyValue, 0, 6)
		attrs = append(attrs, semconv.HTTPResponseStatusCode(status))
		if p := e.Principal; p != nil {
			attrs = append(attrs, attribute.String("lockstep.principal.type", p.Type()), attribute.String("lockstep.principal.id", p.ID()))
			if tenant := p.Tenant(); tenant != "" {
				attrs = append(attrs, attribute.String("lockstep.tenant.id", tenant))
			}
		}
		if e.Code != "" {
			attrs = append(attrs, attribute.String("lockstep.problem.code", string(e.Code)))
		}
		if status >= http.StatusInternalServerError {
			attrs = append(attrs, semconv.ErrorTypeKey.String(string(e.Code)))
			span.SetStatus(otelcodes.Error, "")
		}
		span.SetAttributes(attrs...)
	}
	span.End()
}

// method is the request's, or _OTHER: what a caller makes up is not a name.
func method(r *http.Request) string {
	switch r.Method {
	case http.MethodGet, http.MethodHead, http.MethodPost, http.MethodPut, http.MethodPatch, http.MethodDelete, http.MethodOptions:
		return r.Method
	}
	return "_OTHER"
}

func scheme(r *http.Request) string {
	if r.TLS != nil {
		return "https"
	}
	return "http"
}

// maxPath is the most bytes of a path that are logged.
const maxPath = 256

// path is the request's, of which only the API's own words and ids are shown: what a caller writes elsewhere may be anything,
// also an email address. The query is never shown.
func (o *observer) path(r *http.Request) string {
	path := r.URL.Path
	clean := true
	for segment := range strings.SplitSeq(path, "/") {
		clean = clean && o.shown(segment)
	}
	if clean && len(path) <= maxPath {
		return path
	}
	var b strings.Builder
	for i, segment := range strings.Split(path, "/") {
		if i > 0 {
			b.WriteByte('/')
		}
		if !o.shown(segment) {
			segment = "*"
		}
		if b.Len()+len(segment) > maxPath {
			b.WriteString("…")
			break
		}
		b.WriteString(segment)
	}
	return b.String()
}

func (o *observer) shown(segment string) bool {
	if _, ok := o.words[segment]; ok {
		return true
	}
	return len(segment) == 36 && uuid.Validate(segment) == nil
}
