package authn

import "context"

// platformPermission is what a PermissionError names when an operation is the platform's. No role can hold it: being the
// platform is a property of the token.
const platformPermission = "platform"

// Has reports whether the principal of ctx holds the permission.
func Has(ctx context.Context, permission string) bool { return Require(ctx, permission) == nil }

// RequirePlatform returns a *PermissionError unless the principal of ctx acts on tenants rather than in one.
func RequirePlatform(ctx context.Context) error {
	if p, ok := From(ctx); ok && p.Platform {
		return nil
	}
	return &PermissionError{Permission: platformPermission}
}
