package api

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/google/uuid"

	"github.com/lockstep-dev/lockstep/ent"
	"github.com/lockstep-dev/lockstep/ent/predicate"
	"github.com/lockstep-dev/lockstep/ent/tenant"
	"github.com/lockstep-dev/lockstep/internal/authn"
	"github.com/lockstep-dev/lockstep/internal/crud"
	"github.com/lockstep-dev/lockstep/internal/email"
	"github.com/lockstep-dev/lockstep/internal/etag"
	"github.com/lockstep-dev/lockstep/internal/idempotency"
	"github.com/lockstep-dev/lockstep/internal/oas"
	"github.com/lockstep-dev/lockstep/internal/pg"
	"github.com/lockstep-dev/lockstep/internal/problem"
	"github.com/lockstep-dev/lockstep/internal/transaction"
)

const (
	// deletedAtOnce is about how many rows of a tenant one request deletes. What is left, internal/retention deletes.
	deletedAtOnce = 10_000
	// deletionWindow is how long it does so, unless Config says otherwise: rows may be locked, or slow to find.
	deletionWindow = 5 * time.Second
)

// defaultRoles are what a new tenant begins with. The first is its administrator's.
var defaultRoles = []struct {
	name, description string
	permissions       []string
}{
	{"Administrator", "May do everything, also what is added later.", []string{authn.Every}},
	{"Member", "Looks up colleagues and what they may do.", []string{"users:read", "roles:read", "user_roles:read", "tenants:read"}},
}

// TenantsCreate makes a tenant with its default roles and its first administrator, all or nothing.
func (h *Handler) TenantsCreate(ctx context.Context, req *oas.TenantCreate, params oas.TenantsCreateParams) (*oas.TenantProvisionedHeaders, error) {
	if err := authn.RequirePlatform(ctx); err != nil {
		return nil, err
	}
	// The rule about users would name a field of the user.
	var fault email.Fault
	if _, err := email.Normal(req.Administrator.Email); errors.As(err, &fault) {
		return nil, problem.Of(problem.ValidationFailed).
			At("/administrator/email", problem.RuleMalformed, string(fault))
	}
	id := uuid.Must(uuid.NewV7())
	// Inside the tenant that is about to be, and still the platform, which alone may write the tenant's own row.
	ctx = pg.WithScope(ctx, pg.Scope{TenantID: id, Platform: true})
	operation := idempotency.Operation{ID: "tenants.create", Transactional: true, Platform: true}
	return idempotency.Once(ctx, h.Keys(), operation, params.IdempotencyKey.Or(""), req, func(tx *ent.Client) (*oas.TenantProvisionedHeaders, error) {
		tenant, err := tx.Tenant.Create().SetID(id).SetName(req.Name).SetSlug(req.Slug).Save(ctx)
		if err != nil {
			return nil, fmt.Errorf("create tenant: %w", err)
		}
		administrator, err := tx.User.Create().SetEmail(req.Administrator.Email).SetDisplayName(req.Administrator.DisplayName).Save(ctx)
		if err != nil {
			return nil, fmt.Errorf("create administrator: %w", err)
		}
		for i, r := range defaultRoles {
			role, err := tx.Role.Create().SetName(r.name).SetDescription(r.description).SetPermissions(r.permissions).Save(ctx)
			if err != nil {
				return nil, fmt.Errorf("create role %s: %w", r.name, err)
			}
			if i > 0 {
				continue
			}
			if err := tx.UserRole.Create().SetUserID(administrator.ID).SetRoleID(role.ID).Exec(ctx); err != nil {
				return nil, fmt.Errorf("grant role %s: %w", r.name, err)
			}
		}
		return &oas.TenantProvisionedHeaders{
			Location: "/v1/tenants/" + id.String(),
			Response: oas.TenantProvisioned{Tenant: crud.TenantBody(ctx, tenant), AdministratorId: administrator.ID},
		}, nil
	})
}

// TenantsDelete shuts the tenant for good and deletes all that is its own, as far as one request can. Once the tenant is shut,
// the answer is no failure: the deletion goes on, whatever ends this part of it.
func (h *Handler) TenantsDelete(ctx context.Context, params oas.TenantsDeleteParams) (oas.TenantsDeleteRes, error) {
	if err := authn.RequirePlatform(ctx); err != nil {
		return nil, err
	}
	if err := h.shutTenant(ctx, params); err != nil {
		return nil, err
	}
	within, cancel := context.WithTimeout(ctx, h.deletionWindow)
	defer cancel()
	done, err := h.retention.DeleteTenant(within, params.ID, deletedAtOnce)
	if err != nil && within.Err() == nil {
		// The deletion has been begun, and is tried again until it is done.
		h.runtime.Logger().WarnContext(ctx, "delete tenant", "error", err)
	}
	answer := oas.TenantDeletion{TenantId: params.ID, Complete: done.Complete, Deleted: done.Rows}
	if done.Complete {
		return (*oas.TenantsDeleteOK)(&answer), nil
	}
	return (*oas.TenantsDeleteAccepted)(&answer), nil
}

// shutTenant has a tenant refused every request, by servers of all releases, and marks it as being deleted. One that is so marked
// already is left as it is.
func (h *Handler) shutTenant(ctx context.Context, params oas.TenantsDeleteParams) error {
	var expected []predicate.Tenant
	if text, ok := params.IfMatch.Get(); ok {
		versions, any, err := etag.Versions(text)
		if err != nil {
			return err
		}
		if !any {
			expected = append(expected, tenant.VersionIn(versions...))
		}
	}
	return transaction.Run(ctx, h.client, func(client *ent.Client) error {
		shut, err := client.Tenant.Update().Where(tenant.ID(params.ID), tenant.DeletingSinceIsNil()).Where(expected...).
			SetStatus(tenant.StatusSuspended).SetDeletingSince(time.Now()).Save(ctx)
		if err != nil {
			return fmt.Errorf("shut tenant: %w", err)
		}
		if shut > 0 {
			return nil
		}
		row, err := client.Tenant.Query().Where(tenant.ID(params.ID)).Only(ctx)
		if ent.IsNotFound(err) {
			return problem.Of(problem.NotFound, "tenant")
		}
		if err != nil {
			return fmt.Errorf("read tenant: %w", err)
		}
		if row.DeletingSince != nil {
			return nil
		}
		p := problem.Of(problem.PreconditionFailed, row.Version)
		p.CurrentVersion = row.Version
		return p
	})
}
