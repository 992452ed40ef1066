package api

import (
	"context"
	"fmt"
	"slices"

	"github.com/google/uuid"

	"github.com/lockstep-dev/lockstep/ent"
	"github.com/lockstep-dev/lockstep/ent/user"
	"github.com/lockstep-dev/lockstep/internal/authn"
	"github.com/lockstep-dev/lockstep/internal/oas"
)

// MeGet says who the token stands for and what it may do. Everybody may know that of themselves.
func (h *Handler) MeGet(ctx context.Context) (*oas.Me, error) {
	principal, ok := authn.From(ctx)
	if !ok {
		return nil, authn.ErrNoToken
	}
	me := &oas.Me{Permissions: slices.Sorted(slices.Values(principal.Permissions))}
	me.TenantId.SetToNull()
	me.UserId.SetToNull()
	me.DisplayName.SetToNull()
	if principal.TenantID != uuid.Nil {
		me.TenantId.SetTo(principal.TenantID)
	}
	if principal.IsService() {
		return me, nil
	}
	me.UserId.SetTo(principal.UserID)
	row, err := h.client.User.Query().Where(user.ID(principal.UserID)).Only(ctx)
	if err != nil && !ent.IsNotFound(err) {
		return nil, fmt.Errorf("read the caller: %w", err)
	}
	if row != nil {
		me.DisplayName.SetTo(row.DisplayName)
	}
	return me, nil
}
