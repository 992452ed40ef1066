package serving

import (
	"context"
	"log/slog"
	"net/http"
)

// Runtime is what a generated server calls back.
type Runtime struct {
	failures *failures
	security *security
}

// Authorize verifies a request's token before its operation runs, and returns the context that the operation runs in. The
// operation is named as in Service.Needs. The error is for Problem.
func (r *Runtime) Authorize(ctx context.Context, operation, token string) (context.Context, error) {
	return r.security.authorize(ctx, operation, token)
}

// Problem is what the caller is answered for the error of an operation. It is noted in the request's log line.
func (r *Runtime) Problem(ctx context.Context, err error) Problem { return r.failures.answer(ctx, err) }

// HandleError answers a request that could not be decoded, or whose caller was refused.
func (r *Runtime) HandleError(ctx context.Context, w http.ResponseWriter, request *http.Request, err error) {
	r.failures.handleError(ctx, w, request, err)
}

// NotFound answers a request for a path that the contract does not have.
func (r *Runtime) NotFound(w http.ResponseWriter, request *http.Request) {
	r.failures.notFound(w, request)
}

// MethodNotAllowed answers a request with a method that its path does not have; allowed are those that it has, with commas.
func (r *Runtime) MethodNotAllowed(w http.ResponseWriter, request *http.Request, allowed string) {
	r.failures.methodNotAllowed(w, request, allowed)
}

// Logger writes lines that name the request which their context belongs to.
func (r *Runtime) Logger() *slog.Logger { return r.failures.logger }
