// Package api is the seam: it puts generated and custom operations behind one HTTP handler, with identity, problems,
// health, documentation and the request log around them. It alone sees both the wire types and problems.
package api

import (
	"context"
	"time"

	"github.com/lockstep-dev/lockstep/ent"
	"github.com/lockstep-dev/lockstep/internal/crud"
	"github.com/lockstep-dev/lockstep/internal/oas"
	"github.com/lockstep-dev/lockstep/internal/retention"
)

// Handler is the generated operations; a custom operation is a method here, which the compiler asks for as soon as the
// contract has it.
type Handler struct {
	*crud.Handler
	client    *ent.Client
	failures  *failures
	retention *retention.Worker
	// deletionWindow is how long a request deletes rows of a tenant.
	deletionWindow time.Duration
}

var _ oas.Handler = (*Handler)(nil)

// NewError turns an operation's error into its answer.
func (h *Handler) NewError(ctx context.Context, err error) *oas.ProblemStatusCode {
	return h.failures.answer(ctx, err)
}
