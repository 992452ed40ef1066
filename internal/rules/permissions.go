package rules

import (
	"context"
	"fmt"

	"entgo.io/ent/dialect"
	"entgo.io/ent/dialect/sql"
	"github.com/google/uuid"
	"github.com/lib/pq"

	"github.com/lockstep-dev/lockstep/ent"
	"github.com/lockstep-dev/lockstep/ent/tenant"
	"github.com/lockstep-dev/lockstep/ent/user"
	"github.com/lockstep-dev/lockstep/internal/authn"
	"github.com/lockstep-dev/lockstep/internal/pg"
	"github.com/lockstep-dev/lockstep/internal/problem"
)

// Callers reads what callers may do from the tables of tenants, users and roles. It is the grants.Source of this service.
type Callers struct {
	driver dialect.Driver
}

// NewCallers returns callers whose tables the driver reads.
func NewCallers(driver dialect.Driver) Callers { return Callers{driver} }

// deleting stands for the status of a tenant that is being deleted.
const deleting = "deleting"

// permissionsSQL answers one row per tenant: its status, the user's (null for a service or an unknown user), and the permissions
// of all the user's roles.
const permissionsSQL = `
SELECT CASE WHEN t.deleting_since IS NULL THEN t.status ELSE '` + deleting + `' END, u.status,
       ARRAY(SELECT DISTINCT p
               FROM core.user_roles g
               JOIN core.roles r ON r.tenant_id = g.tenant_id AND r.id = g.role_id
               CROSS JOIN LATERAL unnest(r.permissions) AS p
              WHERE g.tenant_id = u.tenant_id AND g.user_id = u.id)
  FROM core.tenants t
  LEFT JOIN core.users u ON u.tenant_id = t.id AND u.id = $2
 WHERE t.id = $1`

// Permissions implements grants.Source.
func (c Callers) Permissions(ctx context.Context, tenantID, userID uuid.UUID) ([]string, error) {
	ctx = pg.WithScope(ctx, pg.Scope{TenantID: tenantID})
	var (
		rows         sql.Rows
		tenantStatus string
		userStatus   sql.NullString
		permissions  pq.StringArray
	)
	if err := c.driver.Query(ctx, permissionsSQL, []any{tenantID, userID}, &rows); err != nil {
		return nil, fmt.Errorf("read the caller's grants: %w", err)
	}
	defer func() { _ = rows.Close() }()
	found := rows.Next()
	if found {
		if err := rows.Scan(&tenantStatus, &userStatus, &permissions); err != nil {
			return nil, fmt.Errorf("read the caller's grants: %w", err)
		}
	}
	if err := rows.Err(); err != nil {
		return nil, fmt.Errorf("read the caller's grants: %w", err)
	}
	switch {
	case !found:
		return nil, &authn.TokenError{Reason: "the token's tenant does not exist"}
	case tenantStatus == deleting:
		return nil, problem.New(problem.TenantSuspended, problem.TenantDeleting)
	case tenant.Status(tenantStatus) != tenant.StatusActive:
		return nil, problem.Of(problem.TenantSuspended)
	case userID == uuid.Nil:
		return nil, nil
	case !userStatus.Valid:
		return nil, &authn.TokenError{Reason: "the token's user does not exist in its tenant"}
	case user.Status(userStatus.String) != user.StatusActive:
		return nil, problem.Of(problem.UserInactive)
	}
	return permissions, nil
}

// Changed implements grants.Source. New users, roles and tenants change nothing: nobody was let in as them before, and
// refusals are not kept.
func (Callers) Changed(ctx context.Context, mutation ent.Mutation) ([]uuid.UUID, error) {
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
	if scope, ok := pg.ScopeFrom(ctx); ok && scope.TenantID != uuid.Nil {
		return []uuid.UUID{scope.TenantID}
	}
	return nil
}
