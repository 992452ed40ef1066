package devstack

import (
	"context"
	"fmt"

	"github.com/jackc/pgx/v5"

	"github.com/lockstep-dev/lockstep/internal/devissuer"
)

// people lists who may sign in to the front end, as of now: active people who hold a role, the oldest of each tenant first.
func (s *stack) people(ctx context.Context) ([]devissuer.Person, error) {
	conn, err := pgx.Connect(ctx, s.cluster.OwnerURL(s.Database))
	if err != nil {
		return nil, fmt.Errorf("list who may sign in: %w", err)
	}
	defer func() { _ = conn.Close(context.WithoutCancel(ctx)) }()
	const query = `
		SELECT tenant_id, tenant, id, display_name, email, roles FROM (
			SELECT u.tenant_id, t.name AS tenant, t.created_at AS founded, u.id, u.display_name, u.email, array_agg(r.name ORDER BY r.id)::text[] AS roles,
				row_number() OVER (PARTITION BY u.tenant_id ORDER BY u.id) AS place
			FROM core.users u
			JOIN core.tenants t ON t.id = u.tenant_id
			JOIN core.user_roles g ON (g.tenant_id, g.user_id) = (u.tenant_id, u.id)
			JOIN core.roles r ON (r.tenant_id, r.id) = (g.tenant_id, g.role_id)
			WHERE u.status = 'active' AND t.status = 'active'
			GROUP BY u.tenant_id, t.name, t.created_at, u.id, u.display_name, u.email
		) AS people
		WHERE place <= 50 ORDER BY founded, tenant_id, place`
	rows, err := conn.Query(ctx, query)
	if err != nil {
		return nil, fmt.Errorf("list who may sign in: %w", err)
	}
	people, err := pgx.CollectRows(rows, func(row pgx.CollectableRow) (devissuer.Person, error) {
		var p devissuer.Person
		err := row.Scan(&p.TenantID, &p.Tenant, &p.UserID, &p.Name, &p.Email, &p.Roles)
		return p, err
	})
	if err != nil {
		return nil, fmt.Errorf("list who may sign in: %w", err)
	}
	return people, nil
}
