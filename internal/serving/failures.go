package serving

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"slices"
	"strings"

	"github.com/go-faster/jx"

	"github.com/lockstep-dev/lockstep/internal/admission"
	"github.com/lockstep-dev/lockstep/internal/authn"
	"github.com/lockstep-dev/lockstep/internal/errmap"
	"github.com/lockstep-dev/lockstep/internal/inflight"
	"github.com/lockstep-dev/lockstep/internal/pg"
	"github.com/lockstep-dev/lockstep/internal/problem"
	"github.com/lockstep-dev/lockstep/internal/requestlog"
)

// failures writes every answer that is no success, whichever part of the server it comes from.
type failures struct {
	logger *slog.Logger
	errors errmap.Mapper
	allows allowances
	body   func(Problem) Body
}

// Problem is an error as the caller is answered it (RFC 9457).
type Problem struct {
	Type, Title     string
	Status          int
	Detail          string
	Code, RequestID string
	// CurrentVersion is that of the row whose version was not the expected one; zero: it is not about that.
	CurrentVersion int
	// Violations are what is wrong with the request, place by place.
	Violations []Violation
}

// Violation is one thing that is wrong with a request, and where. One of the places is set, or Pointer is "": the whole body.
type Violation struct {
	Code, Detail               string
	Parameter, Header, Pointer string
	Pointers                   []string
}

// Body writes itself as JSON. What ogen generates does.
type Body interface{ Encode(e *jx.Encoder) }

// answer builds the problem of err and notes its cause for the request log.
func (f *failures) answer(ctx context.Context, err error) Problem {
	p := f.errors.Problem(err)
	request := requestlog.From(ctx)
	request.Code, request.Retry = p.Code, p.RetryAfter
	if p.Code == problem.Internal {
		f.logger.ErrorContext(ctx, "request failed", "error", err)
	}
	if p.Code == problem.Unavailable || p.Code == problem.Timeout {
		request.Cause, request.SQLState = causeOf(ctx, err)
	}
	if p.Code == problem.Unauthenticated {
		var token *authn.TokenError
		request.Challenge = "Bearer"
		if errors.As(err, &token) {
			request.Challenge = token.WWWAuthenticate()
			f.logger.InfoContext(ctx, "token refused", "error", err)
		}
	}
	kind := p.Code.Kind()
	out := Problem{
		Type: kind.TypeURI(), Title: kind.Title, Status: kind.Status, Detail: p.Detail, Code: string(p.Code), RequestID: request.RequestID,
		CurrentVersion: p.CurrentVersion,
	}
	for _, v := range p.Violations {
		out.Violations = append(out.Violations, Violation{
			Code: v.Rule.String(), Detail: f.allows.detail(request.Operation, v),
			Parameter: v.Parameter, Header: v.Header, Pointer: v.Pointer, Pointers: v.Pointers,
		})
	}
	return out
}

// causeBytes is the cause of a 503 for too many bytes of bodies or answers, of all callers or of one tenant.
const causeBytes = "bytes_in_flight"

// causeLine is the cause of a 503 for too many costly reads of one tenant.
const causeLine = "costly_reads"

// ErrShutdown is the cause of a base context that a server ends when it stops, for the log lines of requests that it cuts off.
var ErrShutdown = errors.New("serving: the server stops")

// Causes of a request that ended before its work did.
const (
	causeClientGone = "client_gone" // the connection has ended: nobody reads the answer
	causeShutdown   = "shutdown"    // the server stops, and has waited for as long as it may
	causeDeadline   = "deadline"    // the request took as long as one may
)

// causeOf is what the request log says of a failure that passes: its kind, and the SQLSTATE where the database gave one. What
// failed because the request had ended has that for its cause.
func causeOf(ctx context.Context, err error) (cause, state string) {
	kind, state := pg.CauseOf(err)
	if errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded) || errors.Is(err, pg.ErrTimeout) {
		switch ended := context.Cause(ctx); {
		case errors.Is(ended, ErrShutdown):
			return causeShutdown, state
		case errors.Is(ended, context.DeadlineExceeded):
			return causeDeadline, state
		case ended != nil:
			return causeClientGone, state
		}
	}
	var token *authn.TokenError
	if errors.As(err, &token) {
		return token.Result, ""
	}
	if errors.Is(err, inflight.ErrTenant) || errors.Is(err, inflight.ErrProcess) {
		return causeBytes, ""
	}
	if errors.Is(err, admission.ErrLine) {
		return causeLine, ""
	}
	return string(kind), state
}

// write answers err where ogen does not: unknown paths, wrong methods, undecodable requests, panics.
func (f *failures) write(ctx context.Context, w http.ResponseWriter, err error) {
	answer := f.answer(ctx, err)
	encoder := jx.GetEncoder()
	defer jx.PutEncoder(encoder)
	f.body(answer).Encode(encoder)
	h := w.Header()
	h.Del("Etag") // of the answer that this one stands for
	h.Del("Location")
	h.Set("Content-Type", "application/problem+json; charset=utf-8")
	w.WriteHeader(answer.Status)
	// A client that has gone away cannot be told anything.
	_, _ = w.Write(encoder.Bytes())
}

func (f *failures) handleError(ctx context.Context, w http.ResponseWriter, _ *http.Request, err error) {
	f.write(ctx, w, err)
}

func (f *failures) notFound(w http.ResponseWriter, r *http.Request) {
	f.write(r.Context(), w, problem.Of(problem.RouteNotFound))
}

func (f *failures) methodNotAllowed(w http.ResponseWriter, r *http.Request, allowed string) {
	if slices.Contains(strings.Split(allowed, ","), http.MethodGet) {
		allowed += "," + http.MethodHead
	}
	w.Header().Set("Allow", allowed)
	f.write(r.Context(), w, problem.Of(problem.MethodNotAllowed, allowed))
}
