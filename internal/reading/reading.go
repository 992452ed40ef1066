// Package reading sends the reads that are alike in every request: Ent writes each statement once, and it is sent again
// with the request's tenant, caller and row. Who may read what, and which tenant it is about, is part of the statement, as
// in every other; what is saved is the writing.
package reading

import (
	"context"
	"fmt"
	"sync"
	"sync/atomic"

	"entgo.io/ent/dialect/sql"
	"github.com/google/uuid"

	"github.com/lockstep-dev/lockstep/internal/access"
	"github.com/lockstep-dev/lockstep/internal/auth"
	"github.com/lockstep-dev/lockstep/internal/postgres"
)

// Database sends reads. *postgres.DB is one.
type Database interface {
	Record(ctx context.Context, read func(context.Context) error) (*postgres.Recorded, error)
	Send(ctx context.Context, with postgres.Ids, budget *postgres.Budget, recorded ...*postgres.Recorded) ([]postgres.Result, error)
	Fetch(ctx context.Context, budget *postgres.Budget, read func(context.Context) error) (postgres.Result, error)
}

// Read is a read of tenant-owned rows. It may be used from any goroutine and must not be copied after its first use.
type Read struct {
	// Rule says which rows the caller may read.
	Rule access.Rule
	// Write has Ent issue the statement in ctx, about postgres.AnyRow where it is about one, with the condition allowed
	// unless that is nil, and returns Ent's error.
	Write func(ctx context.Context, allowed func(*sql.Selector)) error

	all, related atomic.Pointer[postgres.Recorded]
}

// Statement is the read as the caller of ctx may have it. Its error is an *auth.PermissionError if there is nothing the
// caller may read.
func (r *Read) Statement(ctx context.Context, db Database) (*postgres.Recorded, error) {
	related, err := r.Rule.Related(ctx)
	if err != nil {
		return nil, err
	}
	known := &r.all
	if related {
		known = &r.related
	}
	if s := known.Load(); s != nil {
		return s, nil
	}
	s, err := r.record(ctx, db, related)
	if err != nil {
		return nil, err
	}
	known.Store(s)
	return s, nil
}

// record has Ent write the statement for one who may read all rows, or related ones only.
func (r *Read) record(ctx context.Context, db Database, related bool) (*postgres.Recorded, error) {
	// The stand-in may do as much as the caller and no more.
	standIn := &auth.Principal{TenantID: postgres.AnyTenant, UserID: postgres.AnyUser}
	if !related {
		standIn.Permissions = []string{r.Rule.Permission}
	}
	return db.Record(auth.With(context.WithoutCancel(ctx), standIn), func(ctx context.Context) error {
		allowed, err := r.Rule.Filter(ctx)
		if err != nil {
			return err
		}
		return r.Write(ctx, allowed)
	})
}

// Optional is Statement, and nil if there is nothing the caller may read.
func (r *Read) Optional(ctx context.Context, db Database) (*postgres.Recorded, error) {
	if _, err := r.Rule.Related(ctx); err != nil {
		return nil, nil //nolint:nilerr // what the caller may not read is left out
	}
	return r.Statement(ctx, db)
}

// Pages is a Read per page size.
type Pages struct {
	// Rule and Write are those of each Read.
	Rule  access.Rule
	Write func(ctx context.Context, allowed func(*sql.Selector), limit int) error

	bySize sync.Map // of int to *Read
}

// Of is the read of so many rows. Sizes are bounded by the contract, and so is what is kept.
func (p *Pages) Of(limit int) *Read {
	if r, ok := p.bySize.Load(limit); ok {
		return r.(*Read)
	}
	r, _ := p.bySize.LoadOrStore(limit, &Read{Rule: p.Rule, Write: func(ctx context.Context, allowed func(*sql.Selector)) error {
		return p.Write(ctx, allowed, limit)
	}})
	return r.(*Read)
}

// Send sends the statements about a row on behalf of the caller of ctx, in one round trip. What they answer stays within the
// budget.
func Send(ctx context.Context, db Database, budget *postgres.Budget, row uuid.UUID, statements ...*postgres.Recorded) ([]postgres.Result, error) {
	ids := postgres.Ids{Row: row}
	if principal, ok := auth.From(ctx); ok {
		ids.User = principal.UserID
	}
	return db.Send(ctx, ids, budget, statements...)
}

// One sends a read that is about no row in particular.
func One(ctx context.Context, db Database, budget *postgres.Budget, read *Read) (postgres.Result, error) {
	statement, err := read.Statement(ctx, db)
	if err != nil {
		return postgres.Result{}, err
	}
	results, err := Send(ctx, db, budget, uuid.Nil, statement)
	if err != nil {
		return postgres.Result{}, err
	}
	return results[0], nil
}

// Body reads the row that a result is at as the principal may see it.
type Body[T any] func(from *postgres.Result, principal *auth.Principal, body *T)

// Bodies reads a result of the columns from its first row on, into bodies that lie side by side, as the caller of ctx may
// see them; it is never nil. Its error is a programming error: the statement was written for other columns.
func Bodies[T any](ctx context.Context, result *postgres.Result, columns []string, body Body[T]) ([]T, error) {
	bodies := make([]T, result.Len())
	if len(bodies) == 0 {
		return bodies, nil
	}
	if !result.Has(columns) {
		return nil, fmt.Errorf("reading: the result has other columns than %v", columns)
	}
	principal, _ := auth.From(ctx)
	result.Rewind()
	for i := range bodies {
		result.Next()
		body(result, principal, &bodies[i])
	}
	return bodies, result.Err()
}
