package grants

import (
	"context"
	"fmt"

	"entgo.io/ent/dialect/sql"
	"github.com/google/uuid"
	"github.com/lib/pq"

	"github.com/lockstep-dev/lockstep/ent/tenant"
	"github.com/lockstep-dev/lockstep/ent/user"
	"github.com/lockstep-dev/lockstep/internal/auth"
	"github.com/lockstep-dev/lockstep/internal/postgres"
	"github.com/lockstep-dev/lockstep/internal/problem"
)

// deleting stands for the status of a tenant that is being deleted.
const deleting = "deleting"

// query answers one row per tenant: its status, the user's (null for a service or an unknown user), and the permissions of all
// the user's roles.
const query = `
SELECT CASE WHEN t.deleting_since IS NULL THEN t.status ELSE '` + deleting + `' END, u.status,
       ARRAY(SELECT DISTINCT p
               FROM core.user_roles g
               JOIN core.roles r ON r.tenant_id = g.tenant_id AND r.id = g.role_id
               CROSS JOIN LATERAL unnest(r.permissions) AS p
              WHERE g.tenant_id = u.tenant_id AND g.user_id = u.id)
  FROM core.tenants t
  LEFT JOIN core.users u ON u.tenant_id = t.id AND u.id = $2
 WHERE t.id = $1`

// read asks the database what a user may do; for a service it only finds out whether its tenant may be used.
func (g *Grants) read(ctx context.Context, k key) ([]string, error) {
	ctx = postgres.WithScope(ctx, postgres.Scope{TenantID: k.tenant})
	var (
		rows         sql.Rows
		tenantStatus string
		userStatus   sql.NullString
		permissions  pq.StringArray
	)
	if err := g.driver.Query(ctx, query, []any{k.tenant, k.user}, &rows); err != nil {
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
	case tenantStatus == deleting:
		return nil, problem.New(problem.TenantSuspended, problem.TenantDeleting)
	case tenant.Status(tenantStatus) != tenant.StatusActive:
		return nil, problem.Of(problem.TenantSuspended)
	case k.user == uuid.Nil:
		return nil, nil
	case !userStatus.Valid:
		return nil, &auth.TokenError{Reason: "the token's user does not exist in its tenant"}
	case user.Status(userStatus.String) != user.StatusActive:
		return nil, problem.Of(problem.UserInactive)
	}
	return permissions, nil
}
