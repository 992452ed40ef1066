// Package authz decides which rows a caller may read or change, from the rules declared beside each entity. Its decision is a condition of
// the query: pages are full, and a hidden row costs what a missing one does.
package authz

import (
	"context"

	"entgo.io/ent/dialect/sql"
	"github.com/google/uuid"

	"github.com/lockstep-dev/lockstep/internal/authn"
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
	// Line is where the database keeps who manages whom. A rule without Manager needs none.
	Line Line
}

// Line is the table of the line of management: each row is a person and names the manager.
type Line struct {
	// Schema and Table of the people; Tenant, ID and Manager are its columns.
	Schema, Table, Tenant, ID, Manager string
}

// Related reports whether the caller may use only the rows it is related to, rather than all. Its error is an
// *authn.PermissionError when there can be none, whichever row is asked for.
func (r Rule) Related(ctx context.Context) (bool, error) {
	if r.Platform {
		return false, authn.RequirePlatform(ctx)
	}
	err := authn.Require(ctx, r.Permission)
	if err == nil {
		return false, nil
	}
	principal, ok := authn.From(ctx)
	if !ok || principal.IsService() || len(r.Self)+len(r.Manager) == 0 {
		return false, err
	}
	return true, nil
}

// Reach returns which rows the caller may use, nil for all of them. Its error is Related's.
func (r Rule) Reach(ctx context.Context) (*Reach, error) {
	related, err := r.Related(ctx)
	if err != nil || !related {
		return nil, err
	}
	principal, _ := authn.From(ctx)
	return &Reach{sources: r.sources(), line: r.Line, tenant: principal.TenantID, user: principal.UserID, bounds: usual}, nil
}

// Filter returns the condition that a row must meet for the caller to use it, nil for none. It asks each row it is
// evaluated for: rows whose ids are known take Among, a list takes Page, a count Set. Its error is Related's.
func (r Rule) Filter(ctx context.Context) (func(*sql.Selector), error) {
	reach, err := r.Reach(ctx)
	if err != nil || reach == nil {
		return nil, err
	}
	return reach.Row, nil
}

// Both returns the condition that a row must meet for the caller to use it under both rules, nil for none. Its error is
// that of the first rule under which there can be no such row.
func Both(ctx context.Context, first, second Rule) (func(*sql.Selector), error) {
	one, err := first.Filter(ctx)
	if err != nil {
		return nil, err
	}
	other, err := second.Filter(ctx)
	if err != nil || other == nil {
		return one, err
	}
	if one == nil {
		return other, nil
	}
	return func(s *sql.Selector) {
		one(s)
		other(s)
	}, nil
}

// Require returns an *authn.PermissionError unless the caller holds the rule's permission: for verbs that are about no row
// yet.
func (r Rule) Require(ctx context.Context) error {
	if r.Platform {
		return authn.RequirePlatform(ctx)
	}
	return authn.Require(ctx, r.Permission)
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

// Check returns an *authn.PermissionError unless the caller has what the operation needs. It asks no more than the operation
// does itself.
func (n Need) Check(ctx context.Context) error {
	switch {
	case n.Platform:
		return authn.RequirePlatform(ctx)
	case n.Permission == "":
		return nil
	}
	err := authn.Require(ctx, n.Permission)
	if principal, ok := authn.From(ctx); err != nil && n.Related && ok && !principal.IsService() {
		return nil
	}
	return err
}

// Guard hides a field's value.
type Guard struct {
	// Permission shows the field on all rows.
	Permission string
	// Own shows it on the caller's own rows.
	Own bool
}

// Shows reports whether the principal may see the field of a row that belongs to the user owner.
func (g Guard) Shows(principal *authn.Principal, owner uuid.UUID) bool {
	if principal == nil {
		return false
	}
	return principal.Has(g.Permission) || g.Own && principal.UserID != uuid.Nil && principal.UserID == owner
}
