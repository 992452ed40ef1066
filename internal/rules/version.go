package rules

import (
	"context"

	"github.com/lockstep-dev/lockstep/ent"
)

// versionMutation is what the generated mutations of versioned entities can do.
type versionMutation interface {
	AddVersion(int)
}

// countVersion adds one to the version of every row a change touches, so that its ETag changes with it.
func countVersion(_ context.Context, mutation ent.Mutation) error {
	if versioned, ok := mutation.(versionMutation); ok && mutation.Op().Is(ent.OpUpdate|ent.OpUpdateOne) {
		versioned.AddVersion(1)
	}
	return nil
}
