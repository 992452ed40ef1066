package rules

import (
	"context"
	"fmt"

	"entgo.io/ent/dialect/sql"
	"github.com/google/uuid"

	"github.com/lockstep-dev/lockstep/ent"
	"github.com/lockstep-dev/lockstep/ent/user"
	"github.com/lockstep-dev/lockstep/internal/authn"
	"github.com/lockstep-dev/lockstep/internal/hooks"
	"github.com/lockstep-dev/lockstep/internal/problem"
)

// keepAdministrator refuses a change that would leave a tenant without an administrator: an active user with a role that
// holds authn.Every. Changes that could are made one at a time per tenant, so that two cannot each leave the other's.
func keepAdministrator(next ent.Mutator) ent.Mutator {
	return ent.MutateFunc(func(ctx context.Context, mutation ent.Mutation) (ent.Value, error) {
		client, could := endangers(mutation)
		if !could {
			return next.Mutate(ctx, mutation)
		}
		id, err := hooks.TenantOf(ctx)
		if err != nil {
			return nil, err
		}
		if err := lockTenant(ctx, client, id); err != nil {
			return nil, err
		}
		before, err := hasAdministrator(ctx, client, id)
		if err != nil {
			return nil, err
		}
		value, err := next.Mutate(ctx, mutation)
		if err != nil || !before {
			return value, err
		}
		after, err := hasAdministrator(ctx, client, id)
		if err != nil {
			return nil, err
		}
		if !after {
			return nil, problem.Of(problem.LastAdministrator)
		}
		return value, nil
	})
}

// endangers reports whether the mutation could take away an administrator, and the client it runs on.
func endangers(mutation ent.Mutation) (*ent.Client, bool) {
	removes := mutation.Op().Is(ent.OpDelete | ent.OpDeleteOne)
	changes := mutation.Op().Is(ent.OpUpdate | ent.OpUpdateOne)
	switch m := mutation.(type) {
	case *ent.UserMutation:
		if status, set := m.Status(); removes || changes && set && status != user.StatusActive {
			return m.Client(), true
		}
	case *ent.RoleMutation:
		if _, set := m.Permissions(); removes || changes && set {
			return m.Client(), true
		}
	case *ent.UserRoleMutation:
		if removes {
			return m.Client(), true
		}
	}
	return nil, false
}

func hasAdministrator(ctx context.Context, client *ent.Client, tenantID uuid.UUID) (bool, error) {
	found, err := client.User.Query().Where(user.StatusEQ(user.StatusActive), holdsEvery(tenantID)).Exist(ctx)
	if err != nil {
		return false, fmt.Errorf("look for an administrator: %w", err)
	}
	return found, nil
}

// holdsEvery is true of users with a role that holds authn.Every.
func holdsEvery(tenantID uuid.UUID) func(*sql.Selector) {
	return func(s *sql.Selector) {
		s.Where(sql.P(func(b *sql.Builder) {
			b.Ident(s.C(user.FieldID)).WriteString(" IN (SELECT g.user_id FROM core.user_roles AS g JOIN core.roles AS r" +
				" ON r.tenant_id = g.tenant_id AND r.id = g.role_id WHERE g.tenant_id = ").Arg(tenantID)
			b.WriteString(" AND ").Arg(authn.Every).WriteString(" = ANY (r.permissions))")
		}))
	}
}
