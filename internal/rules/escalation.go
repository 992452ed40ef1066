package rules

import (
	"context"
	"fmt"
	"slices"

	"github.com/google/uuid"
	"github.com/lib/pq"

	"github.com/lockstep-dev/lockstep/ent"
	"github.com/lockstep-dev/lockstep/ent/hook"
	"github.com/lockstep-dev/lockstep/ent/role"
	"github.com/lockstep-dev/lockstep/internal/authn"
	"github.com/lockstep-dev/lockstep/internal/pg"
	"github.com/lockstep-dev/lockstep/internal/problem"
)

// limitRoles refuses a role with permissions that do not exist, or that the caller does not hold: whoever may edit roles
// could else edit their way to everything. Permissions that the role has already may stay.
func limitRoles(known []string) ent.Hook {
	return func(next ent.Mutator) ent.Mutator {
		return hook.RoleFunc(func(ctx context.Context, mutation *ent.RoleMutation) (ent.Value, error) {
			wanted, changes := mutation.Permissions()
			if !changes {
				return next.Mutate(ctx, mutation)
			}
			for i, permission := range wanted {
				if permission != authn.Every && !slices.Contains(known, permission) {
					return nil, problem.New(problem.ValidationFailed, problem.PermissionsUnknown).
						At(fmt.Sprintf("/permissions/%d", i), problem.RuleUnknownPermission, "There is no such permission; see docs/permissions.md.")
				}
			}
			kept, err := permissionsOf(ctx, mutation)
			if err != nil {
				return nil, err
			}
			added := slices.DeleteFunc(slices.Clone(wanted), func(p string) bool { return slices.Contains(kept, p) })
			if err := mayGive(ctx, added); err != nil {
				return nil, err
			}
			return next.Mutate(ctx, mutation)
		})
	}
}

// permissionsOf returns what every role that the mutation changes holds already; nothing for a new role. The roles stay
// locked until the change is made: a permission that somebody takes away meanwhile must not come back with it.
func permissionsOf(ctx context.Context, mutation *ent.RoleMutation) ([]string, error) {
	if mutation.Op().Is(ent.OpCreate) {
		return nil, nil
	}
	ids, err := mutation.IDs(ctx)
	if err != nil {
		return nil, fmt.Errorf("find the roles to change: %w", err)
	}
	roles, err := mutation.Client().Role.Query().Where(pg.In(role.FieldID, ids)).Order(role.ByID()).ForUpdate().All(ctx)
	if err != nil {
		return nil, fmt.Errorf("read the roles to change: %w", err)
	}
	var kept []string
	for i, r := range roles {
		if i == 0 {
			kept = slices.Clone(r.Permissions)
			continue
		}
		kept = slices.DeleteFunc(kept, func(p string) bool { return !slices.Contains([]string(r.Permissions), p) })
	}
	return kept, nil
}

// limitGrants refuses to grant a role that holds more than the caller does.
func limitGrants(next ent.Mutator) ent.Mutator {
	return hook.UserRoleFunc(func(ctx context.Context, mutation *ent.UserRoleMutation) (ent.Value, error) {
		id, ok := mutation.RoleID()
		if !ok || !mutation.Op().Is(ent.OpCreate) {
			return next.Mutate(ctx, mutation)
		}
		granted, err := rolePermissions(ctx, mutation.Client(), id)
		if err != nil {
			return nil, err
		}
		if err := mayGive(ctx, granted); err != nil {
			return nil, err
		}
		return next.Mutate(ctx, mutation)
	})
}

// rolePermissions returns what the role holds, and nothing for one that does not exist: the foreign key will say so.
func rolePermissions(ctx context.Context, client *ent.Client, id uuid.UUID) (pq.StringArray, error) {
	r, err := client.Role.Query().Where(role.ID(id)).ForShare().Only(ctx)
	if ent.IsNotFound(err) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("read the role to grant: %w", err)
	}
	return r.Permissions, nil
}

// mayGive returns a permission_denied problem unless the caller holds all the permissions. The platform, which makes a
// tenant's first roles, may give any.
func mayGive(ctx context.Context, permissions []string) error {
	principal, ok := authn.From(ctx)
	if ok && principal.Platform {
		return nil
	}
	for _, permission := range permissions {
		if !ok || !principal.Has(permission) {
			return problem.New(problem.PermissionDenied, problem.GiftNotHeld, permission)
		}
	}
	return nil
}
