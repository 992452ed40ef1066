package api

import (
	"context"
	"fmt"

	"entgo.io/ent/dialect"
	"entgo.io/ent/dialect/sql"
	"github.com/google/uuid"
	"github.com/lib/pq"

	"github.com/lockstep-dev/lockstep/ent/tenant"
	"github.com/lockstep-dev/lockstep/ent/user"
	"github.com/lockstep-dev/lockstep/internal/auth"
	"github.com/lockstep-dev/lockstep/internal/problem"
)

// platformPermissions are what a platform principal may do without belonging to a tenant.
var platformPermissions = []string{"tenants:read"}

// grants reads what a caller may do. It asks the database on every request, so a changed grant takes effect at once.
type grants struct {
	driver dialect.Driver
}

// grantsQuery answers one row per tenant: its status, the user's status (null for a service or an unknown user), and the
// permissions of all the user's roles.
const grantsQuery = `
SELECT t.status, u.status,
       ARRAY(SELECT DISTINCT p
               FROM core.user_roles g
               JOIN core.roles r ON r.tenant_id = g.tenant_id AND r.id = g.role_id
               CROSS JOIN LATERAL unnest(r.permissions) AS p
              WHERE g.tenant_id = u.tenant_id AND g.user_id = u.id)
  FROM core.tenants t
  LEFT JOIN core.users u ON u.tenant_id = t.id AND u.id = $2
 WHERE t.id = $1`

// of returns the principal's permissions: a service's are its scopes, a user's are those of its roles.
func (g *grants) of(ctx context.Context, principal *auth.Principal) ([]string, error) {
	if principal.Platform {
		return platformPermissions, nil
	}
	var (
		rows         sql.Rows
		tenantStatus string
		userStatus   sql.NullString
		permissions  pq.StringArray
	)
	if err := g.driver.Query(ctx, grantsQuery, []any{principal.TenantID, principal.UserID}, &rows); err != nil {
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
		return nil, &auth.TokenError{Reason: "the token's tenant does not exist"}
	case tenant.Status(tenantStatus) != tenant.StatusActive:
		return nil, problem.New(problem.TenantSuspended, "The tenant is suspended. Its data is kept; ask the operator to lift the suspension.")
	case principal.UserID == uuid.Nil:
		return principal.Scopes, nil
	case !userStatus.Valid:
		return nil, &auth.TokenError{Reason: "the token's user does not exist in its tenant"}
	case user.Status(userStatus.String) != user.StatusActive:
		return nil, problem.New(problem.UserInactive, "This user is inactive and cannot sign in.")
	}
	return permissions, nil
}
