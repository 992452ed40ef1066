package rules

import (
	"context"
	"fmt"

	"github.com/lockstep-dev/lockstep/ent"
	"github.com/lockstep-dev/lockstep/ent/tenant"
	"github.com/lockstep-dev/lockstep/internal/problem"
)

// keepDeleted refuses to make a tenant active that is being deleted: nothing would change for its callers, and its rows go. It
// looks after the change, which holds the row, so that a deletion that begins meanwhile is seen, or suspends the tenant afterwards.
func keepDeleted(next ent.Mutator) ent.Mutator {
	return ent.MutateFunc(func(ctx context.Context, mutation ent.Mutation) (ent.Value, error) {
		m, ok := mutation.(*ent.TenantMutation)
		if !ok || !m.Op().Is(ent.OpUpdate|ent.OpUpdateOne) {
			return next.Mutate(ctx, mutation)
		}
		if status, set := m.Status(); !set || status != tenant.StatusActive {
			return next.Mutate(ctx, mutation)
		}
		ids, err := m.IDs(ctx)
		if err != nil {
			return nil, fmt.Errorf("look for the tenants: %w", err)
		}
		value, err := next.Mutate(ctx, mutation)
		if err != nil || value == 0 {
			return value, err
		}
		going, err := m.Client().Tenant.Query().Where(tenant.IDIn(ids...), tenant.DeletingSinceNotNil()).Exist(ctx)
		if err != nil {
			return nil, fmt.Errorf("look for tenants that are being deleted: %w", err)
		}
		if going {
			return nil, problem.New(problem.Conflict, problem.TenantNotSaved).
				At("/status", problem.RuleInvalid, "The tenant cannot be active again.")
		}
		return value, nil
	})
}
