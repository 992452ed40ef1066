package authn

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
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
	issuer string // iss
	sole   bool   // no other issuer may speak for the tenant

	tenant, principal, identity string // their ids, written once
	memo                        atomic.Value
}

// Issuer is the token's iss; empty if the principal comes from no token.
func (p *Principal) Issuer() string {
	if p.origin == nil {
		return ""
	}
	return p.origin.issuer
}

// SoleIssuer reports whether no other of the trusted issuers may speak for the principal's tenant, or for the platform: the
// subject alone names the principal then.
func (p *Principal) SoleIssuer() bool { return p.origin != nil && p.origin.sole }

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

// Identity tells principals of a tenant, and those of the platform, apart. A user is its row, whichever issuer has signed for
// it. A service is its issuer and its subject, or its client where it has no subject (RFC 9068, section 2.2). A hash stands for
// them, because they may be long.
func (p *Principal) Identity() string {
	if p.origin != nil {
		return p.origin.identity
	}
	return p.identity("", "")
}

func (p *Principal) identity(issuer, client string) string {
	if !p.IsService() {
		return "user " + p.UserID.String()
	}
	named := [3]string{issuer, "sub", p.Subject}
	if p.Subject == "" {
		named = [3]string{issuer, "client", client}
	}
	text, _ := json.Marshal(named) // strings always encode
	sum := sha256.Sum256(text)
	return "service sha256:" + hex.EncodeToString(sum[:])
}

// ID names the principal in logs and traces: by the user's id, or for a service or the platform by the token's subject, or by
// its client where it has none. What does not look like an identifier may be an email address: its hash stands for it then.
func (p *Principal) ID() string {
	if p.origin != nil {
		return p.origin.principal
	}
	if !p.IsService() {
		return p.UserID.String()
	}
	return named(p.Subject)
}

// named is how a service is called in logs and traces.
func named(name string) string {
	if identifier(name) {
		return name
	}
	sum := sha256.Sum256([]byte(name))
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
