package idempotency

import (
	"context"
	"fmt"

	"entgo.io/ent/dialect"
	"github.com/google/uuid"

	"github.com/lockstep-dev/lockstep/internal/pg"
)

// erase takes the answers that name a tenant. The keys stay: what they were sent for has happened, and must not happen again.
const erase = `UPDATE core.` + PlatformTable + ` SET answer = NULL
WHERE answer IS NOT NULL AND position(convert_to($1::text, 'UTF8') IN answer) > 0`

// Erase forgets what the platform was answered about a tenant, for one that is deleted. A request that is repeated with such a
// key gets a *problem.Error, not_found.
func Erase(ctx context.Context, driver dialect.Driver, tenant uuid.UUID) error {
	ctx = pg.WithScope(ctx, pg.Scope{Platform: true})
	if err := driver.Exec(ctx, erase, []any{tenant.String()}, nil); err != nil {
		return fmt.Errorf("erase answers about a deleted tenant: %w", err)
	}
	return nil
}
