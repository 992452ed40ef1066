package telemetry

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"

	"sync/atomic"
	"time"

	"go.opentelemetry.io/otel"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/exporters/otlp/otlptrace"
	"go.opentelemetry.io/otel/sdk/resource"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	semconv "go.opentelemetry.io/otel/semconv/v1.43.0"
	"go.opentelemetry.io/otel/trace"
)

// scope names the instrumentation in every span.
const scope = "github.com/lockstep-dev/lockstep"

// flushTimeout bounds sending the last spans when the process stops.
const flushTimeout = 3 * time.Second

// TracingConfig says where spans go and which. The sizes and times of batches are read from
// OTEL_BSP_ variables.
type TracingConfig struct {
	// Endpoint is the URL that takes traces by OTLP over HTTP, such as http://localhost:4318/v1/traces. Empty: no traces.
	Endpoint string
	// Headers are sent with each export: a,b=c pairs as in OTEL_EXPORTER_OTLP_HEADERS. Secret.
	Headers string
	// Sampler is the name of a sampler as in OTEL_TRACES_SAMPLER, and SamplerArg its share where it takes one.
	Sampler, SamplerArg string
	// ServiceName and ResourceAttributes (a=b,c=d) say who sends.
	ServiceName, ResourceAttributes string
	// Version is the program's.
	Version string
	// Logger is told when exporting begins to fail, and when it works again. Required.
	Logger *slog.Logger
}

// Tracing makes and exports spans. A nil one makes none.
type Tracing struct {
	provider *sdktrace.TracerProvider
	exporter *exporter
}

// NewTracing returns what makes spans for c, or nil without an endpoint. It does not connect: spans wait in a bounded queue,
// and are dropped when that is full, whatever becomes of the endpoint.
func NewTracing(ctx context.Context, c TracingConfig) (*Tracing, error) {
	if c.Endpoint == "" {
		return nil, nil
	}
	if err := errors.Join(CheckEndpoint(c.Endpoint), CheckHeaders(c.Headers), CheckSampler(c.Sampler), CheckShare(c.SamplerArg), CheckAttributes(c.ResourceAttributes)); err != nil {
		return nil, fmt.Errorf("telemetry: traces: %w", err)
	}
	// What goes wrong inside the library is a line of the log, and not text on standard error.
	otel.SetErrorHandler(otel.ErrorHandlerFunc(func(err error) { c.Logger.Warn("tracing", "error", err) }))
	headers := make(map[string]string)
	for name, value := range pairs(c.Headers) {
		headers[name] = value
	}
	out := &exporter{logger: c.Logger}
	var err error
	if out.SpanExporter, err = otlptrace.New(ctx, newOTLPClient(c.Endpoint, headers, out.attempted)); err != nil {
		return nil, fmt.Errorf("telemetry: make the trace exporter: %w", err)
	}
	provider := sdktrace.NewTracerProvider(sdktrace.WithBatcher(out), sdktrace.WithSampler(samplers(c.SamplerArg)[c.Sampler]),
		sdktrace.WithResource(resource.NewWithAttributes(semconv.SchemaURL, attributes(c)...)))
	return &Tracing{provider: provider, exporter: out}, nil
}

// Tracer makes the spans of the program; nil when there are to be none.
func (t *Tracing) Tracer() trace.Tracer {
	if t == nil {
		return nil
	}
	return t.provider.Tracer(scope)
}

// Client returns an HTTP client whose requests are spans and carry traceparent (W3C Trace Context); nil, the default client
// of whoever takes it, when there are to be none.
func (t *Tracing) Client(timeout time.Duration) *http.Client {
	if t == nil {
		return nil
	}
	return &http.Client{Timeout: timeout, Transport: transport{t.Tracer()}}
}

// Exports is how many batches of spans were sent, and how many could not be.
func (t *Tracing) Exports() (sent, failed int64) {
	if t == nil {
		return 0, 0
	}
	return t.exporter.sent.Load(), t.exporter.failed.Load()
}

// Close sends what is left, for 3 s at most.
func (t *Tracing) Close(ctx context.Context) {
	if t == nil {
		return
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), flushTimeout)
	defer cancel()
	if err := t.provider.Shutdown(ctx); err != nil {
		t.exporter.logger.WarnContext(ctx, "the last spans could not be sent", "error", err)
	}
}

// exporter counts exports and says once that they fail, where the library would say it every few seconds.
type exporter struct {
	sdktrace.SpanExporter
	logger       *slog.Logger
	sent, failed atomic.Int64
	failing      atomic.Bool
}

// ExportSpans implements sdktrace.SpanExporter.
func (e *exporter) ExportSpans(ctx context.Context, spans []sdktrace.ReadOnlySpan) error {
	if err := e.SpanExporter.ExportSpans(ctx, spans); err != nil {
		e.failed.Add(1)
		return nil // attempted has said so
	}
	e.sent.Add(1)
	return nil
}

func (e *exporter) attempted(err error) {
	failing := err != nil
	if e.failing.Swap(failing) == failing {
		return
	}
	if failing {
		e.logger.Warn("spans cannot be sent: they wait, and are dropped when too many do", "error", err)
	} else {
		e.logger.Info("spans can be sent again")
	}
}

// attributes say who sends: the service's name is the last word on it.
func attributes(c TracingConfig) []attribute.KeyValue {
	var out []attribute.KeyValue
	for name, value := range pairs(c.ResourceAttributes) {
		out = append(out, attribute.String(name, value))
	}
	return append(out, semconv.ServiceName(c.ServiceName), semconv.ServiceVersion(c.Version),
		semconv.TelemetrySDKLanguageGo, semconv.TelemetrySDKName("opentelemetry"), semconv.TelemetrySDKVersion(otel.Version()))
}
