// Package rules holds what the rows of this service's entities obey besides what every row does (internal/hooks), as hooks on
// Ent's client, where generated and custom operations alike pass through them. It also knows what the service's tenants, users
// and roles say of what a caller may do.
package rules

import (
	"context"
	"fmt"

	"entgo.io/ent/dialect/sql"
	"github.com/google/uuid"

	"github.com/lockstep-dev/lockstep/ent"
	"github.com/lockstep-dev/lockstep/ent/tenant"
	"github.com/lockstep-dev/lockstep/internal/hooks"
)

// Apply registers the hooks of every entity by the facts, and the service's own. Permissions are all that a role can hold,
// besides auth.Every.
func Apply(client *ent.Client, facts hooks.Facts[*ent.Client], permissions []string) {
	facts.LockTenant = lockTenant
	hooks.Apply(client, facts, func() {
		client.Use(keepAdministrator)
		client.Tenant.Use(keepDeleted)
		client.Role.Use(limitRoles(permissions))
		client.UserRole.Use(stampGrantor, limitGrants)
	})
}

// lockTenant locks the tenant's row until the end of the transaction, so that changes which look at several of its rows happen
// one at a time. Rows that refer to the tenant can be written meanwhile: FOR UPDATE would wait for each of them, and for a
// grant, which holds its role and waits for the tenant, forever.
func lockTenant(ctx context.Context, client *ent.Client, id uuid.UUID) error {
	lock := func(s *sql.Selector) { s.For(sql.LockNoKeyUpdate) }
	if _, err := client.Tenant.Query().Where(tenant.ID(id), lock).Only(ctx); err != nil {
		return fmt.Errorf("lock the tenant: %w", err)
	}
	return nil
}
