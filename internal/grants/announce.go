package grants

import (
	"context"
	"fmt"

	"github.com/google/uuid"

	"github.com/lockstep-dev/lockstep/ent"
	"github.com/lockstep-dev/lockstep/internal/postgres"
)

// Watch has every change that the client makes to what callers may do announced in the transaction of the change, and
// taken in here before the transaction's Commit returns. Call it after all other hooks are registered: the announcement
// is about what they let through.
func (g *Grants) Watch(client *ent.Client) {
	client.Use(g.announce)
}

func (g *Grants) announce(next ent.Mutator) ent.Mutator {
	return ent.MutateFunc(func(ctx context.Context, mutation ent.Mutation) (ent.Value, error) {
		tenants, err := touched(ctx, mutation)
		if err != nil {
			return nil, err
		}
		if len(tenants) == 0 {
			return next.Mutate(ctx, mutation)
		}
		for _, id := range tenants {
			ctx = postgres.WithNotification(ctx, g.said(id))
		}
		forget := func() {
			for _, id := range tenants {
				g.cache.forget(id)
			}
		}
		within, ok := mutation.(interface{ Tx() (*ent.Tx, error) })
		if !ok {
			return nil, fmt.Errorf("grants: %s of %s cannot tell its transaction", mutation.Op(), mutation.Type())
		}
		tx, err := within.Tx()
		if err != nil { // a transaction of its own
			defer forget()
			return next.Mutate(ctx, mutation)
		}
		tx.OnCommit(func(next ent.Committer) ent.Committer {
			return ent.CommitFunc(func(ctx context.Context, tx *ent.Tx) error {
				// Also after a failure: a commit whose answer got lost may have happened.
				defer forget()
				return next.Commit(ctx, tx)
			})
		})
		return next.Mutate(ctx, mutation)
	})
}

// touched returns the tenants of which the mutation changes what somebody may do. New users, roles and tenants are not
// among them: nobody was let in as them before, and refusals are not kept.
func touched(ctx context.Context, mutation ent.Mutation) ([]uuid.UUID, error) {
	creates := mutation.Op().Is(ent.OpCreate)
	removes := mutation.Op().Is(ent.OpDelete | ent.OpDeleteOne)
	switch m := mutation.(type) {
	case *ent.UserRoleMutation:
		return within(ctx), nil
	case *ent.RoleMutation:
		if !creates {
			return within(ctx), nil
		}
	case *ent.UserMutation:
		if _, set := m.Status(); removes || !creates && set {
			return within(ctx), nil
		}
	case *ent.TenantMutation:
		if _, set := m.Status(); removes || !creates && set {
			ids, err := m.IDs(ctx)
			if err != nil {
				return nil, fmt.Errorf("find the tenants to change: %w", err)
			}
			return ids, nil
		}
	}
	return nil, nil
}

// within returns the tenant the context works in. Outside of one nothing tenant-owned can be changed.
func within(ctx context.Context) []uuid.UUID {
	if scope, ok := postgres.ScopeFrom(ctx); ok && scope.TenantID != uuid.Nil {
		return []uuid.UUID{scope.TenantID}
	}
	return nil
}
