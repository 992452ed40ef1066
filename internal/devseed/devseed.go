// Package devseed fills a developer's database with two organisations that look real: people, managers three levels
// deep, roles and grants. It writes plain SQL as the owner and knows no generated package.
package devseed

import (
	"context"
	"fmt"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
)

// Summary is what the database holds.
type Summary struct {
	// Applied says that this call has put the rows in; false means that the database had rows already.
	Applied        bool
	Tenants, Users int
}

// Apply puts the seed into a migrated database that has no tenant yet, in one transaction. A database with a tenant is
// left as it is: the developer's changes survive. The connection must be the owner's.
func Apply(ctx context.Context, conn *pgx.Conn) (Summary, error) {
	var s Summary
	err := pgx.BeginFunc(ctx, conn, func(tx pgx.Tx) error {
		// Two callers at once: the second one waits, then finds the rows of the first.
		if _, err := tx.Exec(ctx, `LOCK TABLE core.tenants IN SHARE ROW EXCLUSIVE MODE`); err != nil {
			return err
		}
		var empty bool
		if err := tx.QueryRow(ctx, `SELECT NOT EXISTS (SELECT FROM core.tenants)`).Scan(&empty); err != nil {
			return err
		}
		if empty {
			if err := insert(ctx, tx); err != nil {
				return err
			}
			s.Applied = true
		}
		const count = `SELECT (SELECT count(*) FROM core.tenants), (SELECT count(*) FROM core.users)`
		return tx.QueryRow(ctx, count).Scan(&s.Tenants, &s.Users)
	})
	if err != nil {
		return Summary{}, fmt.Errorf("seed the database: %w", err)
	}
	return s, nil
}

func insert(ctx context.Context, tx pgx.Tx) error {
	var batch pgx.Batch
	for _, o := range organisations {
		queue(&batch, o)
	}
	return tx.SendBatch(ctx, &batch).Close()
}

// queue adds the statements that make one organisation.
func queue(batch *pgx.Batch, o organisation) {
	tenant, founded := o.id(), o.founded()
	batch.Queue(`INSERT INTO core.tenants (id, name, slug, status, created_at, updated_at) VALUES ($1, $2, $3, 'active', $4, $4)`,
		tenant, o.name, o.slug, founded)
	for i, r := range roles {
		at := founded.Add(time.Duration(i+1) * time.Minute)
		batch.Queue(`INSERT INTO core.roles (tenant_id, id, name, description, permissions, created_at, updated_at) VALUES ($1, $2, $3, $4, $5, $6, $6)`,
			tenant, o.roleID(r.name), r.name, r.description, r.permissions, at)
	}
	administrator := o.userID(o.people[0].name)
	for _, p := range o.people {
		joined := o.joined(p.name)
		batch.Queue(`INSERT INTO core.users (tenant_id, id, email, display_name, status, manager_id, created_at, updated_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $7)`,
			tenant, o.userID(p.name), p.email(o.domain), p.name, p.status(), o.managerID(p), joined)
		for _, role := range p.roles {
			at := joined.Add(10 * time.Minute)
			// Nobody was there to grant the first administrator's roles: a service did.
			var by *uuid.UUID
			if o.userID(p.name) != administrator {
				by = &administrator
			}
			batch.Queue(`INSERT INTO core.user_roles (tenant_id, id, user_id, role_id, granted_at, granted_by_id, created_at, updated_at) VALUES ($1, $2, $3, $4, $5, $6, $5, $5)`,
				tenant, newID(at, o.slug, "grant", p.name, role), o.userID(p.name), o.roleID(role), at, by)
		}
	}
}
