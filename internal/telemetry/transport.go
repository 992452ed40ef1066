package telemetry

import (
	"net/http"

	"go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/propagation"
	semconv "go.opentelemetry.io/otel/semconv/v1.43.0"
	"go.opentelemetry.io/otel/trace"
)

// transport makes a span of each request to another server, and passes the trace on.
type transport struct{ tracer trace.Tracer }

// RoundTrip implements http.RoundTripper. The span ends with the answer's headers.
func (t transport) RoundTrip(request *http.Request) (*http.Response, error) {
	ctx, span := t.tracer.Start(request.Context(), request.Method, trace.WithSpanKind(trace.SpanKindClient), trace.WithAttributes(
		semconv.HTTPRequestMethodKey.String(request.Method), semconv.ServerAddress(request.URL.Hostname()), semconv.URLPath(request.URL.Path)))
	defer span.End()
	request = request.Clone(ctx) // a RoundTripper must not change the one it is given
	propagation.TraceContext{}.Inject(ctx, propagation.HeaderCarrier(request.Header))
	response, err := http.DefaultTransport.RoundTrip(request)
	if err != nil {
		span.SetStatus(codes.Error, "")
		return nil, err
	}
	span.SetAttributes(semconv.HTTPResponseStatusCode(response.StatusCode))
	if response.StatusCode >= http.StatusBadRequest {
		span.SetStatus(codes.Error, "")
	}
	return response, nil
}
