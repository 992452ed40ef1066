package pg

import (
	"context"
	"errors"

	"github.com/google/uuid"
)

// ErrNoScope is returned for a statement whose context carries no scope, or an empty one. It is a
// programming error: the caller forgot WithScope. Nothing was sent to the server.
var ErrNoScope = errors.New("postgres: no tenant scope in the context: call postgres.WithScope before using the database")

// ErrScopeChanged is returned for a statement whose context carries another scope than the one its
// transaction began with. Nothing was sent to the server.
var ErrScopeChanged = errors.New("postgres: the context's scope is not the transaction's: begin a transaction of its own for another tenant")

// Scope says whose rows a statement may reach.
type Scope struct {
	// TenantID is the tenant the row-level security policies compare with. The zero UUID means none.
	TenantID uuid.UUID
	// Platform opens what belongs to no tenant, or to all: creating and listing tenants. It opens no
	// tenant-owned row.
	Platform bool
}

// IsZero reports whether s reaches nothing, which a statement is not allowed to run with.
func (s Scope) IsZero() bool { return s == Scope{} }

type scopeKey struct{}

// WithScope returns a context whose statements run in s. It replaces a scope set before.
func WithScope(ctx context.Context, s Scope) context.Context {
	return context.WithValue(ctx, scopeKey{}, s)
}

// ScopeFrom returns the scope WithScope has put into ctx, and whether there is one.
func ScopeFrom(ctx context.Context) (Scope, bool) {
	s, ok := ctx.Value(scopeKey{}).(Scope)
	return s, ok
}

// requireScope returns the scope of ctx or ErrNoScope.
func requireScope(ctx context.Context) (Scope, error) {
	s, ok := ScopeFrom(ctx)
	if !ok || s.IsZero() {
		return Scope{}, ErrNoScope
	}
	return s, nil
}

// settings returns the values of app.tenant_id and app.platform. The empty string is "not set": the
// policies read it through nullif.
func (s Scope) settings() (tenant, platform string) {
	if s.TenantID != uuid.Nil {
		tenant = s.TenantID.String()
	}
	if s.Platform {
		platform = "on"
	}
	return tenant, platform
}
