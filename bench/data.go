package main

import (
	"context"
	"fmt"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"github.com/lockstep-dev/lockstep/internal/devissuer"
)

// fanOut is how many users each manager manages; user n is managed by user (n-1)/fanOut.
const fanOut = 8

// data is what the requests are about.
type data struct {
	tenants []tenant
}

// tenant is one tenant as its administrator sees it.
type tenant struct {
	id       uuid.UUID
	admin    uuid.UUID
	managers []uuid.UUID // each with fanOut managed users and two roles
	token    string
}

// fill writes tenants, and in each a tree of users below the administrator, four roles, and two grants per user.
func fill(ctx context.Context, ownerURL string, tenants, users int) (*data, error) {
	conn, err := pgx.Connect(ctx, ownerURL)
	if err != nil {
		return nil, fmt.Errorf("connect as owner: %w", err)
	}
	defer func() { _ = conn.Close(ctx) }()
	for _, statement := range []struct {
		sql  string
		args []any
	}{
		// Ids are version 7 in form: what they sort by is when they were made.
		{`CREATE FUNCTION pg_temp.id(kind int, a int, b int) RETURNS uuid LANGUAGE sql IMMUTABLE AS $$
			SELECT ('0190' || lpad(to_hex(a), 4, '0') || lpad(to_hex(b), 4, '0') || '7' || lpad(to_hex(kind), 3, '0') || '8000' || substr(md5(a::text || ' ' || b::text), 1, 12))::uuid $$`, nil},
		{`INSERT INTO core.tenants (id, name, slug, status, version, created_at, updated_at)
			SELECT pg_temp.id(1, t, 0), 'Tenant ' || t, 'tenant-' || t, 'active', 1, now(), now() FROM generate_series(1, $1) t`, []any{tenants}},
		{`INSERT INTO core.users (tenant_id, id, email, display_name, status, manager_id, version, created_at, updated_at)
			SELECT pg_temp.id(1, t, 0), pg_temp.id(2, t, n), 'person' || n || '@tenant' || t || '.example', 'Person Number ' || n, 'active',
				CASE WHEN n > 0 THEN pg_temp.id(2, t, (n - 1) / $3) END, 1, now(), now()
			FROM generate_series(1, $1) t, generate_series(0, $2 - 1) n ORDER BY t, n`, []any{tenants, users, fanOut}},
		{`INSERT INTO core.roles (tenant_id, id, name, description, permissions, version, created_at, updated_at)
			SELECT pg_temp.id(1, t, 0), pg_temp.id(3, t, r), (ARRAY['Administrator', 'Member', 'Auditor', 'Assistant'])[r], 'What a ' || r || ' does.',
				CASE WHEN r = 1 THEN ARRAY['*'] ELSE ARRAY['users:read', 'roles:read', 'user_roles:read'] END, 1, now(), now()
			FROM generate_series(1, $1) t, generate_series(1, 4) r`, []any{tenants}},
		{`INSERT INTO core.user_roles (tenant_id, id, user_id, role_id, granted_at, version, created_at, updated_at)
			SELECT pg_temp.id(1, t, 0), pg_temp.id(3 + g, t, n), pg_temp.id(2, t, n), pg_temp.id(3, t, CASE WHEN n = 0 AND g = 1 THEN 1 ELSE g + 1 END), now(), 1, now(), now()
			FROM generate_series(1, $1) t, generate_series(0, $2 - 1) n, generate_series(1, 2) g ORDER BY t, n, g`, []any{tenants, users}},
		{`VACUUM ANALYZE`, nil},
	} {
		if _, err := conn.Exec(ctx, statement.sql, statement.args...); err != nil {
			return nil, fmt.Errorf("fill the database: %w\n%s", err, statement.sql)
		}
	}
	return read(ctx, conn, tenants)
}

func read(ctx context.Context, conn *pgx.Conn, tenants int) (*data, error) {
	rows, err := conn.Query(ctx, `SELECT t.id, u.id, (SELECT array_agg(DISTINCT m.manager_id) FROM core.users m
			WHERE m.tenant_id = t.id AND m.manager_id IS NOT NULL GROUP BY m.tenant_id)
		FROM core.tenants t JOIN core.users u ON u.tenant_id = t.id AND u.manager_id IS NULL`)
	if err != nil {
		return nil, fmt.Errorf("read the tenants: %w", err)
	}
	d := &data{}
	d.tenants, err = pgx.CollectRows(rows, func(row pgx.CollectableRow) (t tenant, err error) {
		return t, row.Scan(&t.id, &t.admin, &t.managers)
	})
	if err == nil && len(d.tenants) != tenants {
		err = fmt.Errorf("got %d, want %d", len(d.tenants), tenants)
	}
	if err != nil {
		return nil, fmt.Errorf("read the tenants: %w", err)
	}
	return d, nil
}

// sign gives every administrator a token.
func (d *data) sign(issuer *devissuer.Issuer) error {
	for i := range d.tenants {
		t := &d.tenants[i]
		var err error
		if t.token, err = issuer.Token(devissuer.TokenRequest{TenantID: t.id, UserID: t.admin}); err != nil {
			return err
		}
	}
	return nil
}
