package api

import (
	"context"
	"errors"
	"fmt"

	"github.com/google/uuid"

	"github.com/lockstep-dev/lockstep/ent"
	"github.com/lockstep-dev/lockstep/internal/auth"
	"github.com/lockstep-dev/lockstep/internal/crud"
	"github.com/lockstep-dev/lockstep/internal/idempotency"
	"github.com/lockstep-dev/lockstep/internal/mailbox"
	"github.com/lockstep-dev/lockstep/internal/oas"
	"github.com/lockstep-dev/lockstep/internal/postgres"
	"github.com/lockstep-dev/lockstep/internal/problem"
)

// defaultRoles are what a new tenant begins with. The first is its administrator's.
var defaultRoles = []struct {
	name, description string
	permissions       []string
}{
	{"Administrator", "May do everything, also what is added later.", []string{auth.Every}},
	{"Member", "Looks up colleagues and what they may do.", []string{"users:read", "roles:read", "user_roles:read", "tenants:read"}},
}

// TenantsCreate makes a tenant with its default roles and its first administrator, all or nothing.
func (h *Handler) TenantsCreate(ctx context.Context, req *oas.TenantCreate, params oas.TenantsCreateParams) (*oas.TenantProvisionedHeaders, error) {
	if err := auth.RequirePlatform(ctx); err != nil {
		return nil, err
	}
	// The rule about users would name a field of the user.
	var fault mailbox.Fault
	if _, err := mailbox.Normal(req.Administrator.Email); errors.As(err, &fault) {
		return nil, problem.Of(problem.ValidationFailed).
			At("/administrator/email", problem.RuleMalformed, string(fault))
	}
	id := uuid.Must(uuid.NewV7())
	// Inside the tenant that is about to be, and still the platform, which alone may write the tenant's own row.
	ctx = postgres.WithScope(ctx, postgres.Scope{TenantID: id, Platform: true})
	operation := idempotency.Operation{ID: "tenants.create", Transactional: true, Platform: true}
	return idempotency.Once(ctx, h.client, operation, params.IdempotencyKey.Or(""), req, func(tx *ent.Client) (*oas.TenantProvisionedHeaders, error) {
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
