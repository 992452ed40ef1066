package postgres

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
	_ pgx.BatchTracer       = (*tracer)(nil)
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

// openBatch is a round trip that is being traced.
type openBatch struct {
	ctx   context.Context
	span  trace.Span
	since time.Time // when the statement that is being read began, as far as the client can tell
	each  bool      // its statements have spans of their own
}

type batchKey struct{}

// TraceBatchStart implements pgx.BatchTracer. The statements that set the scope and notify are part of the round trip, and
// not counted as its statements.
func (t *tracer) TraceBatchStart(ctx context.Context, _ *pgx.Conn, data pgx.TraceBatchStartData) context.Context {
	if !trace.SpanFromContext(ctx).IsRecording() {
		return ctx
	}
	var texts, summaries []string
	var only summary
	for _, q := range data.Batch.QueuedQueries {
		if isSetting(q.SQL) {
			continue
		}
		only = summarize(q.SQL)
		texts, summaries = append(texts, q.SQL), append(summaries, only.String())
	}
	b := &openBatch{ctx: ctx, since: time.Now(), each: len(texts) > 1}
	more := []attribute.KeyValue{semconv.DBQueryText(strings.Join(texts, "; "))}
	name := strings.Join(summaries, "; ")
	if b.each {
		more = append(more, semconv.DBOperationName("BATCH"), semconv.DBOperationBatchSize(len(texts)), semconv.DBQuerySummary(name))
		name = "BATCH"
	} else {
		more = append(more, only.attributes()...)
	}
	b.ctx, b.span = t.start(ctx, name, b.since, more...)
	return context.WithValue(b.ctx, batchKey{}, b)
}

// TraceBatchQuery implements pgx.BatchTracer. The server does a pipeline's statements one after the other, so each lasts
// from the result of the one before to its own.
func (t *tracer) TraceBatchQuery(ctx context.Context, _ *pgx.Conn, data pgx.TraceBatchQueryData) {
	b, ok := ctx.Value(batchKey{}).(*openBatch)
	if !ok {
		return
	}
	since := b.since
	b.since = time.Now()
	if !b.each || isSetting(data.SQL) {
		return
	}
	what := summarize(data.SQL)
	_, span := t.start(b.ctx, what.String(), since, append(what.attributes(), semconv.DBQueryText(data.SQL))...)
	finish(span, data.Err)
}

// TraceBatchEnd implements pgx.BatchTracer.
func (t *tracer) TraceBatchEnd(ctx context.Context, _ *pgx.Conn, data pgx.TraceBatchEndData) {
	if b, ok := ctx.Value(batchKey{}).(*openBatch); ok {
		finish(b.span, data.Err)
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

// isSetting reports whether a statement is the driver's own.
func isSetting(sql string) bool {
	return sql == scopeStatement || sql == tenantStatement || sql == notifySQL || strings.HasPrefix(sql, scopePrefix)
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
