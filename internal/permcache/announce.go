package permcache

import (
	"context"

	"entgo.io/ent"

	"github.com/lockstep-dev/lockstep/internal/pg"
)

// Watch has every change that the client makes to what callers may do announced in the transaction of the change, and
// taken in here before the transaction's Commit returns. Call it after all other hooks are registered: the announcement
// is about what they let through.
func (c *Cache) Watch(client interface{ Use(hooks ...ent.Hook) }) {
	client.Use(c.announce)
}

func (c *Cache) announce(next ent.Mutator) ent.Mutator {
	return ent.MutateFunc(func(ctx context.Context, mutation ent.Mutation) (ent.Value, error) {
		tenants, err := c.source.Changed(ctx, mutation)
		if err != nil {
			return nil, err
		}
		for _, id := range tenants {
			ctx = pg.WithNotification(ctx, c.said(id))
			ctx = pg.WithAfterCommit(ctx, func() { c.entries.forget(id) })
		}
		return next.Mutate(ctx, mutation)
	})
}
