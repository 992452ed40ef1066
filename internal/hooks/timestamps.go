package hooks

import (
	"context"
	"time"

	"entgo.io/ent"
)

// timestampedMutation is what the generated mutations of entities with timestamps can do.
type timestampedMutation interface {
	SetCreatedAt(time.Time)
	SetUpdatedAt(time.Time)
}

// stampCreation writes one instant into both timestamps of a new row. Left to the fields' own defaults they would differ
// by a microsecond now and then, and a row that was never changed would look changed.
func stampCreation(timestamped map[string]bool) rule {
	return func(_ context.Context, mutation ent.Mutation) error {
		if row, ok := mutation.(timestampedMutation); ok && timestamped[mutation.Type()] && mutation.Op().Is(ent.OpCreate) {
			now := time.Now().UTC().Truncate(time.Microsecond)
			row.SetCreatedAt(now)
			row.SetUpdatedAt(now)
		}
		return nil
	}
}
