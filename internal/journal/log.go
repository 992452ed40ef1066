package journal

import (
	"context"
	"log/slog"

	"go.opentelemetry.io/otel/trace"
)

// NewHandler returns a handler that adds to each line that is logged with a request's context whose it is: requestId,
// tenantId, principalId, and trace_id and span_id under the names OpenTelemetry gives them in logs
// (https://opentelemetry.io/docs/specs/otel/compatibility/logging_trace_context/).
// A handler that does so already is returned as it is.
func NewHandler(next slog.Handler) slog.Handler {
	if already, ok := next.(handler); ok {
		return already
	}
	return handler{next}
}

type handler struct{ slog.Handler }

// Handle implements slog.Handler.
func (h handler) Handle(ctx context.Context, r slog.Record) error {
	if e, ok := ctx.Value(entryKey{}).(*Entry); ok {
		var buffer [5]slog.Attr
		attrs := append(buffer[:0], slog.String("requestId", e.RequestID))
		if p := e.Principal; p != nil {
			if tenant := p.Tenant(); tenant != "" {
				attrs = append(attrs, slog.String("tenantId", tenant))
			}
			attrs = append(attrs, slog.String("principalId", p.ID()))
		}
		if span := trace.SpanContextFromContext(ctx); span.HasTraceID() {
			attrs = append(attrs, slog.String("trace_id", span.TraceID().String()), slog.String("span_id", span.SpanID().String()))
		}
		r = r.Clone() // other handlers may have the same one
		r.AddAttrs(attrs...)
	}
	return h.Handler.Handle(ctx, r)
}

// WithAttrs implements slog.Handler.
func (h handler) WithAttrs(attrs []slog.Attr) slog.Handler {
	return handler{h.Handler.WithAttrs(attrs)}
}

// WithGroup implements slog.Handler. The ids of later lines are in the group as well.
func (h handler) WithGroup(name string) slog.Handler { return handler{h.Handler.WithGroup(name)} }
