package hooks

import (
	"context"

	"entgo.io/ent"
)

// versionMutation is what the generated mutations of versioned entities can do.
type versionMutation interface {
	AddVersion(int)
}

// countVersion adds one to the version of every row a change touches, so that its ETag changes with it.
func countVersion(versioned map[string]bool) rule {
	return func(_ context.Context, mutation ent.Mutation) error {
		if row, ok := mutation.(versionMutation); ok && versioned[mutation.Type()] && mutation.Op().Is(ent.OpUpdate|ent.OpUpdateOne) {
			row.AddVersion(1)
		}
		return nil
	}
}
