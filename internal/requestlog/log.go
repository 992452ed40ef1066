package requestlog

import (
	"context"
	"log/slog"
	"strings"

	"go.opentelemetry.io/otel/trace"
)

// NewHandler returns a handler that adds to each line that is logged with a request's context whose it is: requestId,
// tenantId, principalType, principalId, principalIssuer where several issuers may speak for its tenant, permissions as an OAuth scope is written (RFC 6749, section 3.3), and trace_id and
// span_id under the names OpenTelemetry gives them in logs
// (https://opentelemetry.io/docs/specs/otel/compatibility/logging_trace_context/).
// A handler that does so already is returned as it is.
func NewHandler(next slog.Handler) slog.Handler {
	if already, ok := next.(handler); ok {
		return already
	}
	return handler{next}
}

// Bare is the handler that NewHandler was given, for lines that say whose they are by Append.
func Bare(h slog.Handler) slog.Handler {
	if h, ok := h.(handler); ok {
		return h.Handler
	}
	return h
}

// Most is how many attributes Append adds at most.
const Most = 8

// Append adds to the attributes of a line whose it is.
func (e *Entry) Append(ctx context.Context, attrs []slog.Attr) []slog.Attr {
	attrs = append(attrs, slog.String("requestId", e.RequestID))
	if p := e.Principal; p != nil {
		if tenant := p.Tenant(); tenant != "" {
			attrs = append(attrs, slog.String("tenantId", tenant))
		}
		attrs = append(attrs, slog.String("principalType", p.Type()), slog.String("principalId", p.ID()))
		if p.IsService() && !p.SoleIssuer() && p.Issuer() != "" {
			attrs = append(attrs, slog.String("principalIssuer", p.Issuer())) // another's service may have the same subject
		}
		if len(p.Permissions) > 0 {
			attrs = append(attrs, slog.String("permissions", strings.Join(p.Permissions, " ")))
		}
	}
	if span := trace.SpanContextFromContext(ctx); span.HasTraceID() {
		attrs = append(attrs, slog.String("trace_id", span.TraceID().String()), slog.String("span_id", span.SpanID().String()))
	}
	return attrs
}

type handler struct{ slog.Handler }

// Handle implements slog.Handler.
func (h handler) Handle(ctx context.Context, r slog.Record) error {
	if e, ok := ctx.Value(entryKey{}).(*Entry); ok {
		var space [Most]slog.Attr
		r = r.Clone() // other handlers may have the same one
		r.AddAttrs(e.Append(ctx, space[:0])...)
	}
	return h.Handler.Handle(ctx, r)
}

// WithAttrs implements slog.Handler.
func (h handler) WithAttrs(attrs []slog.Attr) slog.Handler {
	return handler{h.Handler.WithAttrs(attrs)}
}

// WithGroup implements slog.Handler. The ids of later lines are in the group as well.
func (h handler) WithGroup(name string) slog.Handler { return handler{h.Handler.WithGroup(name)} }
