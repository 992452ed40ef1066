package api

import (
	"context"
	"time"

	"github.com/lockstep-dev/lockstep/ent"
	"github.com/lockstep-dev/lockstep/internal/crud"
	"github.com/lockstep-dev/lockstep/internal/oas"
	"github.com/lockstep-dev/lockstep/internal/retention"
	"github.com/lockstep-dev/lockstep/internal/serving"
)

// Handler is the generated operations; a custom operation is a method here, which the compiler asks for as soon as the
// contract has it.
type Handler struct {
	*crud.Handler
	client    *ent.Client
	runtime   *serving.Runtime
	retention *retention.Worker
	// deletionWindow is how long a request deletes rows of a tenant.
	deletionWindow time.Duration
}

var _ oas.Handler = (*Handler)(nil)

// NewError turns an operation's error into its answer.
func (h *Handler) NewError(ctx context.Context, err error) *oas.ProblemStatusCode {
	p := h.runtime.Problem(ctx, err)
	return &oas.ProblemStatusCode{StatusCode: p.Status, Response: *problemBody(p)}
}
