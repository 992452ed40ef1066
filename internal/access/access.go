// Package access decides what a caller may do with which rows, from the rules that are declared beside each entity. A
// decision about rows is a condition of the query, so that a page of a list is full and a hidden row costs no more than a
// missing one.
package access

import (
	"context"

	"entgo.io/ent/dialect/sql"
	"github.com/google/uuid"

	"github.com/lockstep-dev/lockstep/internal/auth"
)

// Rule says who may use one verb on one entity.
type Rule struct {
	// Permission opens all rows of the tenant.
	Permission string
	// Platform keeps the verb to callers that act on tenants rather than in one; Permission then means nothing.
	Platform bool
	// Self are the columns that hold the id of a user whose own the row is.
	Self []string
	// Manager are the columns that hold the id of a user below the caller, at any level.
	Manager []string
}

// Related reports whether the caller may use only the rows it is related to, rather than all. Its error is an
// *auth.PermissionError when there can be none, whichever row is asked for.
func (r Rule) Related(ctx context.Context) (bool, error) {
	if r.Platform {
		return false, auth.RequirePlatform(ctx)
	}
	err := auth.Require(ctx, r.Permission)
	if err == nil {
		return false, nil
	}
	principal, ok := auth.From(ctx)
	if !ok || principal.IsService() || len(r.Self)+len(r.Manager) == 0 {
		return false, err
	}
	return true, nil
}

// Filter returns the condition that leaves the rows the caller may use, nil for all of them. Its error is Related's.
func (r Rule) Filter(ctx context.Context) (func(*sql.Selector), error) {
	related, err := r.Related(ctx)
	if err != nil || !related {
		return nil, err
	}
	principal, _ := auth.From(ctx)
	return func(s *sql.Selector) {
		var related []*sql.Predicate
		for _, column := range r.Self {
			related = append(related, sql.EQ(s.C(column), principal.UserID))
		}
		for _, column := range r.Manager {
			related = append(related, below(s.C(column), principal.TenantID, principal.UserID))
		}
		s.Where(sql.Or(related...))
	}, nil
}

// Require returns an *auth.PermissionError unless the caller holds the rule's permission: for verbs that are about no row
// yet.
func (r Rule) Require(ctx context.Context) error {
	if r.Platform {
		return auth.RequirePlatform(ctx)
	}
	return auth.Require(ctx, r.Permission)
}

// Need is what an operation asks of its caller before anything is known of the request but whose it is. The zero value asks
// for nothing.
type Need struct {
	// Permission is the one it needs.
	Permission string
	// Platform keeps it to callers that act on tenants rather than in one.
	Platform bool
	// Related opens it to users without the permission as well, for rows that they are related to.
	Related bool
}

// Need is what an operation with the rule asks of its caller.
func (r Rule) Need() Need {
	return Need{Permission: r.Permission, Platform: r.Platform, Related: len(r.Self)+len(r.Manager) > 0}
}

// Check returns an *auth.PermissionError unless the caller has what the operation needs. It asks no more than the operation
// does itself.
func (n Need) Check(ctx context.Context) error {
	switch {
	case n.Platform:
		return auth.RequirePlatform(ctx)
	case n.Permission == "":
		return nil
	}
	err := auth.Require(ctx, n.Permission)
	if principal, ok := auth.From(ctx); err != nil && n.Related && ok && !principal.IsService() {
		return nil
	}
	return err
}

// below is true of the users that manager leads, at any level. The set is computed once per statement; UNION, not UNION
// ALL, ends the walk when people manage each other in a circle.
func below(column string, tenant, manager uuid.UUID) *sql.Predicate {
	return sql.P(func(b *sql.Builder) {
		b.Ident(column).WriteString(" IN (WITH RECURSIVE below AS (SELECT u.id FROM core.users AS u WHERE u.tenant_id = ").Arg(tenant)
		b.WriteString(" AND u.manager_id = ").Arg(manager)
		b.WriteString(" UNION SELECT u.id FROM core.users AS u JOIN below ON u.manager_id = below.id WHERE u.tenant_id = ").Arg(tenant)
		b.WriteString(") SELECT id FROM below)")
	})
}

// Guard hides a field's value.
type Guard struct {
	// Permission shows the field on all rows.
	Permission string
	// Own shows it on the caller's own rows.
	Own bool
}

// Shows reports whether the principal may see the field of a row that belongs to the user owner.
func (g Guard) Shows(principal *auth.Principal, owner uuid.UUID) bool {
	if principal == nil {
		return false
	}
	return principal.Has(g.Permission) || g.Own && principal.UserID != uuid.Nil && principal.UserID == owner
}
