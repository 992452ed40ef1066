package pg

import (
	"context"
	"errors"
	"slices"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgxpool"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	semconv "go.opentelemetry.io/otel/semconv/v1.43.0"
	"go.opentelemetry.io/otel/trace"
)

// waitWorthASpan is how long a request waits for a connection before its trace shows it: handing out an idle one takes
// microseconds.
const waitWorthASpan = time.Millisecond

// tracer makes the spans of a pool, with the names of OpenTelemetry's semantic conventions for databases: one for each
// round trip, and below one that carries several statements, one for each of them. What belongs to no recorded request
// leaves none.
//
// A span has the statement's text, whose arguments are all bound, and the SQLSTATE of a failure. It has neither arguments
// nor the server's message, which may quote them.
type tracer struct {
	otel trace.Tracer
	// about is what all spans say.
	about []attribute.KeyValue
}

var (
	_ pgx.QueryTracer       = (*tracer)(nil)
	_ pgx.ConnectTracer     = (*tracer)(nil)
	_ pgxpool.AcquireTracer = (*tracer)(nil)
)

func newTracer(t trace.Tracer, c *pgx.ConnConfig) *tracer {
	return &tracer{otel: t, about: []attribute.KeyValue{
		semconv.DBSystemNamePostgreSQL,
		semconv.DBNamespace(c.Database),
		semconv.ServerAddress(c.Host),
		semconv.ServerPort(int(c.Port)),
	}}
}

func (t *tracer) start(ctx context.Context, name string, at time.Time, more ...attribute.KeyValue) (context.Context, trace.Span) {
	return t.otel.Start(ctx, name, trace.WithSpanKind(trace.SpanKindClient), trace.WithTimestamp(at),
		trace.WithAttributes(append(slices.Clip(t.about), more...)...))
}

// TraceQueryStart implements pgx.QueryTracer: a statement that goes alone.
func (t *tracer) TraceQueryStart(ctx context.Context, _ *pgx.Conn, data pgx.TraceQueryStartData) context.Context {
	if !trace.SpanFromContext(ctx).IsRecording() {
		return ctx
	}
	what := summarize(data.SQL)
	ctx, _ = t.start(ctx, what.String(), time.Now(), append(what.attributes(), semconv.DBQueryText(data.SQL))...)
	return context.WithValue(ctx, openKey{}, true)
}

// openKey marks a context whose span TraceQueryStart has begun: TraceQueryEnd must not end another one.
type openKey struct{}

// TraceQueryEnd implements pgx.QueryTracer.
func (t *tracer) TraceQueryEnd(ctx context.Context, _ *pgx.Conn, data pgx.TraceQueryEndData) {
	if ctx.Value(openKey{}) == nil {
		return
	}
	finish(trace.SpanFromContext(ctx), data.Err)
}

// exchangeSpan is a round trip that is being traced; nil: it is not.
type exchangeSpan struct {
	tracer *tracer
	ctx    context.Context
	span   trace.Span
	since  time.Time // when the statement that is being read began, as far as the client can tell
	each   bool      // its statements have spans of their own
}

// begin begins the span of a round trip. The statements that set the scope and notify are part of it, and not counted as
// its statements.
func (t *tracer) begin(ctx context.Context, statements []*statement) *exchangeSpan {
	if t == nil || !trace.SpanFromContext(ctx).IsRecording() {
		return nil
	}
	var texts, summaries []string
	var only summary
	for _, s := range statements {
		if s.own {
			continue
		}
		only = summarize(s.sql)
		texts, summaries = append(texts, s.sql), append(summaries, only.String())
	}
	e := &exchangeSpan{tracer: t, since: time.Now(), each: len(texts) > 1}
	more := []attribute.KeyValue{semconv.DBQueryText(strings.Join(texts, "; "))}
	name := strings.Join(summaries, "; ")
	if e.each {
		more = append(more, semconv.DBOperationName("BATCH"), semconv.DBOperationBatchSize(len(texts)), semconv.DBQuerySummary(name))
		name = "BATCH"
	} else {
		more = append(more, only.attributes()...)
	}
	e.ctx, e.span = t.start(ctx, name, e.since, more...)
	return e
}

// read makes the span of a statement whose result has been read. The server does them one after the other, so each lasts
// from the result of the one before to its own.
func (e *exchangeSpan) read(s *statement, err error) {
	if e == nil {
		return
	}
	since := e.since
	e.since = time.Now()
	if !e.each || s.own {
		return
	}
	what := summarize(s.sql)
	_, span := e.tracer.start(e.ctx, what.String(), since, append(what.attributes(), semconv.DBQueryText(s.sql))...)
	finish(span, err)
}

func (e *exchangeSpan) end(err error) {
	if e != nil {
		finish(e.span, err)
	}
}

type acquireKey struct{}

// TraceAcquireStart implements pgxpool.AcquireTracer.
func (t *tracer) TraceAcquireStart(ctx context.Context, _ *pgxpool.Pool, _ pgxpool.TraceAcquireStartData) context.Context {
	if !trace.SpanFromContext(ctx).IsRecording() {
		return ctx
	}
	return context.WithValue(ctx, acquireKey{}, time.Now())
}

// TraceAcquireEnd implements pgxpool.AcquireTracer.
func (t *tracer) TraceAcquireEnd(ctx context.Context, _ *pgxpool.Pool, data pgxpool.TraceAcquireEndData) {
	since, ok := ctx.Value(acquireKey{}).(time.Time)
	if !ok || data.Err == nil && time.Since(since) < waitWorthASpan {
		return
	}
	_, span := t.start(ctx, "acquire connection", since)
	finish(span, data.Err)
}

// waited makes a span of waiting for a turn, which ends in err.
func (t *tracer) waited(ctx context.Context, since time.Time, err error) {
	if t == nil || !trace.SpanFromContext(ctx).IsRecording() || err == nil && time.Since(since) < waitWorthASpan {
		return
	}
	_, span := t.start(ctx, "wait for a connection", since)
	finish(span, err)
}

type connectKey struct{}

// TraceConnectStart implements pgx.ConnectTracer.
func (t *tracer) TraceConnectStart(ctx context.Context, _ pgx.TraceConnectStartData) context.Context {
	if !trace.SpanFromContext(ctx).IsRecording() {
		return ctx
	}
	ctx, span := t.start(ctx, "connect", time.Now())
	return context.WithValue(ctx, connectKey{}, span)
}

// TraceConnectEnd implements pgx.ConnectTracer.
func (t *tracer) TraceConnectEnd(ctx context.Context, data pgx.TraceConnectEndData) {
	if span, ok := ctx.Value(connectKey{}).(trace.Span); ok {
		finish(span, data.Err)
	}
}

// finish ends a span with what may be told of err.
func finish(span trace.Span, err error) {
	if err != nil {
		kind := "_OTHER"
		var pg *pgconn.PgError
		switch {
		case errors.As(err, &pg):
			kind = pg.Code
			span.SetAttributes(semconv.DBResponseStatusCode(pg.Code))
		case errors.Is(err, context.DeadlineExceeded):
			kind = "timeout"
		case errors.Is(err, context.Canceled):
			kind = "cancelled"
		case lostConnection(err):
			kind = "connection"
		}
		span.SetAttributes(semconv.ErrorTypeKey.String(kind))
		span.SetStatus(codes.Error, "")
	}
	span.End()
}

// summary is what a statement does to which table, as in db.query.summary.
type summary struct{ operation, table string }

func (s summary) String() string {
	if s.table == "" {
		return s.operation
	}
	return s.operation + " " + s.table
}

func (s summary) attributes() []attribute.KeyValue {
	attrs := []attribute.KeyValue{semconv.DBOperationName(s.operation), semconv.DBQuerySummary(s.String())}
	if s.table != "" {
		attrs = append(attrs, semconv.DBCollectionName(s.table))
	}
	return attrs
}

// summarize reads the first word and the first table of a statement as Ent writes them.
func summarize(sql string) summary {
	word, rest, _ := strings.Cut(strings.TrimLeft(sql, " \n\t"), " ")
	s := summary{operation: strings.ToUpper(word)}
	switch s.operation {
	case "SELECT", "DELETE", "WITH":
		_, rest, _ = strings.Cut(rest, "FROM ")
	case "INSERT":
		_, rest, _ = strings.Cut(rest, "INTO ")
	case "UPDATE":
	default:
		return s
	}
	if strings.HasPrefix(rest, `"`) {
		table, _, _ := strings.Cut(rest, " ")
		s.table = strings.ReplaceAll(table, `"`, "")
	}
	return s
}
