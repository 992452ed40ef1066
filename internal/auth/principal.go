package auth

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"log/slog"
	"slices"
	"sync/atomic"

	"github.com/google/uuid"
)

// Principal is who a request acts for: a user of a tenant, a service of a tenant, or the platform.
type Principal struct {
	// TenantID is zero for the platform only.
	TenantID uuid.UUID
	// UserID is zero for a service.
	UserID uuid.UUID
	// Subject is the token's sub, as the issuer writes it. It may be personal data.
	Subject string
	// Platform says that the principal acts on tenants and not in one.
	Platform bool
	// Scopes are those of the token's scope claim. A user's scopes grant nothing: they say what a client
	// asked for.
	Scopes []string
	// Permissions are what the principal may do. Verify sets those of a service, which are its scopes;
	// for a user the caller reads them from the roles.
	Permissions []string

	origin *origin // nil: none
}

// origin is the token that a principal comes from, one for all requests with it.
type origin struct {
	tenant, principal string // their ids, written once
	memo              atomic.Value
}

// Memo is where the rate limits keep what they have found for the principal, shared by all requests with its token; nil if it
// comes from none. It may be forgotten at any time, and holds values of one type, as each atomic.Value does.
func (p *Principal) Memo() *atomic.Value {
	if p.origin == nil {
		return nil
	}
	return &p.origin.memo
}

// Every is the permission that stands for all others, present and future. Its holders are a tenant's administrators.
const Every = "*"

// Has reports whether p holds the permission.
func (p *Principal) Has(permission string) bool {
	return slices.Contains(p.Permissions, permission) || slices.Contains(p.Permissions, Every)
}

// IsService reports whether p is not a person.
func (p *Principal) IsService() bool { return p.UserID == uuid.Nil }

// Tenant is the tenant's id, empty for the platform.
func (p *Principal) Tenant() string {
	if p.TenantID == uuid.Nil {
		return ""
	}
	if p.origin != nil {
		return p.origin.tenant
	}
	return p.TenantID.String()
}

// ID names the principal in logs and traces: by the user's id, or for a service or the platform by the token's subject. A
// subject that does not look like an identifier may be an email address: its hash stands for it then.
func (p *Principal) ID() string {
	if p.origin != nil {
		return p.origin.principal
	}
	if !p.IsService() {
		return p.UserID.String()
	}
	if identifier(p.Subject) {
		return p.Subject
	}
	sum := sha256.Sum256([]byte(p.Subject))
	return "sha256:" + hex.EncodeToString(sum[:8])
}

func identifier(subject string) bool {
	for _, r := range []byte(subject) {
		switch {
		case 'a' <= r && r <= 'z', 'A' <= r && r <= 'Z', '0' <= r && r <= '9', r == '-', r == '_', r == '.', r == ':', r == '|':
		default:
			return false
		}
	}
	return len(subject) <= 64
}

// Type is "user", "service" or "platform".
func (p *Principal) Type() string {
	switch {
	case p.Platform:
		return "platform"
	case p.IsService():
		return "service"
	}
	return "user"
}

// LogValue names the principal by ids only.
func (p *Principal) LogValue() slog.Value {
	if p == nil {
		return slog.Value{}
	}
	attrs := make([]slog.Attr, 0, 4)
	if p.Platform {
		attrs = append(attrs, slog.Bool("platform", true))
	}
	if p.TenantID != uuid.Nil {
		attrs = append(attrs, slog.String("tenant", p.TenantID.String()))
	}
	if p.IsService() {
		attrs = append(attrs, slog.String("service", p.ID()))
	} else {
		attrs = append(attrs, slog.String("user", p.UserID.String()))
	}
	if len(p.Permissions) > 0 {
		attrs = append(attrs, slog.Any("permissions", p.Permissions))
	}
	return slog.GroupValue(attrs...)
}

type principalKey struct{}

// With returns a context that carries p.
func With(ctx context.Context, p *Principal) context.Context {
	return context.WithValue(ctx, principalKey{}, p)
}

// From returns the principal With has put into ctx, and whether there is one.
func From(ctx context.Context) (*Principal, bool) {
	p, ok := ctx.Value(principalKey{}).(*Principal)
	return p, ok && p != nil
}

// PermissionError says that the principal may not do what was asked.
type PermissionError struct {
	// Permission is the one that is missing, such as "users:write".
	Permission string
}

func (e *PermissionError) Error() string { return "auth: permission " + e.Permission + " is missing" }

// Require returns a *PermissionError unless the principal of ctx holds the permission. Without a
// principal nobody does.
func Require(ctx context.Context, permission string) error {
	if p, ok := From(ctx); ok && p.Has(permission) {
		return nil
	}
	return &PermissionError{Permission: permission}
}
