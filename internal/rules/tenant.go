package rules

import (
	"context"
	"errors"
	"fmt"

	"entgo.io/ent/dialect/sql"
	"github.com/google/uuid"

	"github.com/lockstep-dev/lockstep/ent"
	"github.com/lockstep-dev/lockstep/ent/intercept"
	"github.com/lockstep-dev/lockstep/internal/postgres"
)

// tenantColumn is the column that the TenantOwned mixin adds.
const tenantColumn = "tenant_id"

// ErrNoTenant is returned for a use of a tenant-owned entity outside a tenant: the application's fence fails closed. It is
// a programming error, or a platform principal on a tenant's operation that forgot its permission check.
var ErrNoTenant = errors.New("rules: no tenant in the context: tenant-owned rows are reachable inside one tenant only")

// filterByTenant adds the tenant to every query of a tenant-owned entity. Row-level security would hide other tenants'
// rows as well; this is the fence in front of it, and gives the index its first column.
func filterByTenant(tenantOwned map[string]bool) ent.Interceptor {
	return intercept.Func(func(ctx context.Context, query intercept.Query) error {
		if !tenantOwned[query.Type()] {
			return nil
		}
		tenant, err := tenantOf(ctx)
		if err != nil {
			return fmt.Errorf("query %s: %w", query.Type(), err)
		}
		query.WhereP(sql.FieldEQ(tenantColumn, tenant))
		return nil
	})
}

// tenantMutation is what the generated mutations of tenant-owned entities can do.
type tenantMutation interface {
	SetTenantID(uuid.UUID)
	WhereP(...func(*sql.Selector))
}

// stampTenant writes the tenant into new rows and bounds changes and deletes to it.
func stampTenant(tenantOwned map[string]bool) rule {
	return func(ctx context.Context, mutation ent.Mutation) error {
		if !tenantOwned[mutation.Type()] {
			return nil
		}
		tenant, err := tenantOf(ctx)
		if err != nil {
			return fmt.Errorf("%s %s: %w", mutation.Op(), mutation.Type(), err)
		}
		owned, ok := mutation.(tenantMutation)
		if !ok {
			return fmt.Errorf("%s %s: the mutation of a tenant-owned entity cannot carry its tenant", mutation.Op(), mutation.Type())
		}
		if mutation.Op().Is(ent.OpCreate) {
			// Whatever a caller has set: rows are created in the caller's tenant.
			owned.SetTenantID(tenant)
		} else {
			owned.WhereP(sql.FieldEQ(tenantColumn, tenant))
		}
		return nil
	}
}

func tenantOf(ctx context.Context) (uuid.UUID, error) {
	scope, ok := postgres.ScopeFrom(ctx)
	if !ok || scope.TenantID == uuid.Nil {
		return uuid.Nil, ErrNoTenant
	}
	return scope.TenantID, nil
}
