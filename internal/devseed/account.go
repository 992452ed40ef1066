package devseed

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
)

// Account is a person of the seed to sign in as.
type Account struct {
	// Tenant is the slug.
	Tenant   string
	TenantID uuid.UUID
	UserID   uuid.UUID
	Name     string
	// Role is "administrator" or "member".
	Role string
}

// Accounts returns an administrator and an ordinary member of each organisation, the administrator first, as far as the
// database still lets them sign in: a developer may have deleted or deactivated them.
func Accounts(ctx context.Context, conn *pgx.Conn) ([]Account, error) {
	var accounts []Account
	for _, o := range organisations {
		for _, role := range []string{administrator, member} {
			a := Account{Tenant: o.slug, TenantID: o.id(), Role: strings.ToLower(role)}
			const query = `SELECT u.id, u.display_name, t.slug FROM core.users u JOIN core.tenants t ON t.id = u.tenant_id
				WHERE u.tenant_id = $1 AND u.id = $2 AND u.status = 'active' AND t.status = 'active'`
			err := conn.QueryRow(ctx, query, a.TenantID, o.holder(role)).Scan(&a.UserID, &a.Name, &a.Tenant)
			if errors.Is(err, pgx.ErrNoRows) {
				continue
			}
			if err != nil {
				return nil, fmt.Errorf("look for someone to sign in as: %w", err)
			}
			accounts = append(accounts, a)
		}
	}
	return accounts, nil
}

// holder is the first active person who has just this one role, or, for the administrator, has it at all.
func (o organisation) holder(role string) uuid.UUID {
	for _, p := range o.people {
		if !p.left && p.roles[0] == role && (role == administrator || len(p.roles) == 1) {
			return o.userID(p.name)
		}
	}
	return uuid.Nil
}
