// Package requestlog collects what is learnt about a request on its way, for its log lines, its metrics and its span. Ids aside it holds
// no personal data.
package requestlog

import (
	"context"

	"github.com/lockstep-dev/lockstep/internal/admission"
	"github.com/lockstep-dev/lockstep/internal/authn"
	"github.com/lockstep-dev/lockstep/internal/problem"
)

// Entry is one request. The goroutine that serves the request writes it; others may read what is set before they are
// started.
type Entry struct {
	// RequestID is what the answer says in X-Request-Id.
	RequestID string
	// Operation is the contract's operation id, such as users.list, or what stands for it outside the contract.
	Operation string
	// Route is the path's template, such as /v1/users/{id}; empty if the path has none.
	Route string
	// Principal is who the request acts for; nil until its token is verified.
	Principal *authn.Principal
	// Code is that of the problem that was answered, empty for a success.
	Code problem.Code
	// Cause is the kind of failure behind an answer of 503 or 504, and SQLState the database's code for it; empty: none.
	Cause, SQLState string
	// Asks says that the request changes nothing.
	Asks bool
	// Seat is what lets a read run; see internal/admission.
	Seat admission.Seat
	// Refusal is what the request is answered once it is known who calls; nil: nothing is wrong with it so far.
	Refusal error
	// Challenge is the WWW-Authenticate header of a 401.
	Challenge string
	// Retry is Retry-After in seconds; 0: none.
	Retry int
	// RatePolicies and RateLimit are the headers RateLimit-Policy and RateLimit; empty: none.
	RatePolicies, RateLimit string
	// Answered says that the answer has begun.
	Answered bool
	// AnswerBytes is how many bytes a large answer will have at most; 0: few, or not known.
	AnswerBytes int64
	// Replayed says that the answer is that of an earlier request with the same idempotency key.
	Replayed bool
}

type entryKey struct{}

// With returns a context whose request is e.
func With(ctx context.Context, e *Entry) context.Context {
	return context.WithValue(ctx, entryKey{}, e)
}

// From returns the entry of the request that ctx belongs to; outside of one, an entry nobody reads.
func From(ctx context.Context) *Entry {
	if e, ok := ctx.Value(entryKey{}).(*Entry); ok {
		return e
	}
	return &Entry{}
}
