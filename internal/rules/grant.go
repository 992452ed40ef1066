package rules

import (
	"context"

	"github.com/google/uuid"

	"github.com/lockstep-dev/lockstep/ent"
	"github.com/lockstep-dev/lockstep/ent/hook"
	"github.com/lockstep-dev/lockstep/internal/authn"
)

// stampGrantor records who granted a role; a grant by a service has no grantor.
func stampGrantor(next ent.Mutator) ent.Mutator {
	return hook.UserRoleFunc(func(ctx context.Context, mutation *ent.UserRoleMutation) (ent.Value, error) {
		if principal, ok := authn.From(ctx); ok && mutation.Op().Is(ent.OpCreate) && principal.UserID != uuid.Nil {
			mutation.SetGrantedByID(principal.UserID)
		}
		return next.Mutate(ctx, mutation)
	})
}
