package api

import (
	"context"

	"github.com/lockstep-dev/lockstep/internal/auth"
	"github.com/lockstep-dev/lockstep/internal/grants"
	"github.com/lockstep-dev/lockstep/internal/oas"
	"github.com/lockstep-dev/lockstep/internal/postgres"
)

// TokenVerifier turns an access token into a principal. *auth.Verifier is the one; its error is an *auth.TokenError.
type TokenVerifier interface {
	Verify(ctx context.Context, token string) (*auth.Principal, error)
}

// security is what stands between a request and its operation: who calls, inside which tenant, with which permissions.
type security struct {
	verifier TokenVerifier
	grants   *grants.Grants
}

var _ oas.SecurityHandler = (*security)(nil)

// HandleBearer verifies the token, binds the context to the caller's tenant, and loads the caller's permissions.
func (s *security) HandleBearer(ctx context.Context, operation oas.OperationName, bearer oas.Bearer) (context.Context, error) {
	request := requestFrom(ctx)
	request.operation = operation
	principal, err := s.verifier.Verify(ctx, bearer.Token)
	if err != nil {
		return ctx, err
	}
	request.principal = principal
	ctx = postgres.WithScope(ctx, postgres.Scope{TenantID: principal.TenantID, Platform: principal.Platform})
	principal.Permissions, err = s.grants.Of(ctx, principal)
	if err != nil {
		return ctx, err
	}
	return auth.With(ctx, principal), nil
}
