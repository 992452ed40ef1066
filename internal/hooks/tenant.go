package hooks

import (
	"context"
	"errors"
	"fmt"

	"entgo.io/ent"
	"entgo.io/ent/dialect/sql"
	"github.com/google/uuid"

	"github.com/lockstep-dev/lockstep/internal/pg"
)

// tenantColumn is the column that the TenantOwned mixin adds.
const tenantColumn = "tenant_id"

// ErrNoTenant is returned for a use of a tenant-owned entity outside a tenant: the application's fence fails closed. It is
// a programming error, or a platform principal on a tenant's operation that forgot its permission check.
var ErrNoTenant = errors.New("hooks: no tenant in the context: tenant-owned rows are reachable inside one tenant only")

// Query is what a generated query of any type can do; the generated package intercept makes one.
type Query interface {
	// Type names the Ent type.
	Type() string
	// WhereP adds conditions.
	WhereP(...func(*sql.Selector))
}

// filterByTenant adds the tenant to every query of a tenant-owned entity. Row-level security would hide other tenants'
// rows as well; this is the fence in front of it, and gives the index its first column.
func filterByTenant(of func(ent.Query) (Query, error), tenantOwned map[string]bool) ent.Interceptor {
	return ent.InterceptFunc(func(next ent.Querier) ent.Querier {
		return ent.QuerierFunc(func(ctx context.Context, q ent.Query) (ent.Value, error) {
			query, err := of(q)
			if err != nil {
				return nil, err
			}
			if tenantOwned[query.Type()] {
				tenant, err := TenantOf(ctx)
				if err != nil {
					return nil, fmt.Errorf("query %s: %w", query.Type(), err)
				}
				query.WhereP(sql.FieldEQ(tenantColumn, tenant))
			}
			return next.Query(ctx, q)
		})
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
		tenant, err := TenantOf(ctx)
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

// TenantOf returns the tenant that the context works in, or ErrNoTenant.
func TenantOf(ctx context.Context) (uuid.UUID, error) {
	scope, ok := pg.ScopeFrom(ctx)
	if !ok || scope.TenantID == uuid.Nil {
		return uuid.Nil, ErrNoTenant
	}
	return scope.TenantID, nil
}
