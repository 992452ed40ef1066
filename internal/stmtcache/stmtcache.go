// Package stmtcache caches the SQL that Ent builds for fixed reads and sends it again with this request's tenant, caller and row. Which rows
// a caller may read is part of the cached statement, as in every other; building it is what is saved.
package stmtcache

import (
	"context"
	"fmt"
	"sync"
	"sync/atomic"

	"github.com/google/uuid"

	"github.com/lockstep-dev/lockstep/internal/authn"
	"github.com/lockstep-dev/lockstep/internal/authz"
	"github.com/lockstep-dev/lockstep/internal/pg"
)

// Database sends reads. *pg.DB is one.
type Database interface {
	Record(ctx context.Context, read func(context.Context) error) (*pg.Recorded, error)
	Send(ctx context.Context, with pg.Ids, budget *pg.Budget, recorded ...*pg.Recorded) ([]pg.Result, error)
	Fetch(ctx context.Context, budget *pg.Budget, read func(context.Context) error) (pg.Result, error)
}

// Read is a read of tenant-owned rows. It may be used from any goroutine and must not be copied after its first use.
type Read struct {
	// Rule says which rows the caller may read.
	Rule authz.Rule
	// Through says which rows of the join entity the caller may read, for a read that goes by one.
	Through *authz.Rule
	// Write has Ent issue the statement in ctx, about pg.AnyRow where it is about one, for the rows within reach, and
	// returns Ent's error.
	Write func(ctx context.Context, reach Reaches) error

	// known are the statements, by whether the rows and those of the join entity are related ones only.
	known [2][2]atomic.Pointer[pg.Recorded]
}

// Reaches are which rows a read may show; nil means all.
type Reaches struct {
	Rows, Through *authz.Reach
}

// Statement is the read as the caller of ctx may have it. Its error is an *authn.PermissionError if there is nothing the
// caller may read.
func (r *Read) Statement(ctx context.Context, db Database) (*pg.Recorded, error) {
	rows, through, err := r.related(ctx)
	if err != nil {
		return nil, err
	}
	known := &r.known[index(rows)][index(through)]
	if s := known.Load(); s != nil {
		return s, nil
	}
	s, err := r.record(ctx, db, rows, through)
	if err != nil {
		return nil, err
	}
	known.Store(s)
	return s, nil
}

// related reports whether the caller may read related rows only, of the entity and of the join entity.
func (r *Read) related(ctx context.Context) (rows, through bool, err error) {
	if rows, err = r.Rule.Related(ctx); err == nil && r.Through != nil {
		through, err = r.Through.Related(ctx)
	}
	return rows, through, err
}

func index(b bool) int {
	if b {
		return 1
	}
	return 0
}

// record has Ent write the statement for one who may read all rows, or related ones only.
func (r *Read) record(ctx context.Context, db Database, rows, through bool) (*pg.Recorded, error) {
	// The stand-in may do as much as the caller and no more.
	standIn := &authn.Principal{TenantID: pg.AnyTenant, UserID: pg.AnyUser}
	if !rows {
		standIn.Permissions = append(standIn.Permissions, r.Rule.Permission)
	}
	if r.Through != nil && !through {
		standIn.Permissions = append(standIn.Permissions, r.Through.Permission)
	}
	return db.Record(authn.With(context.WithoutCancel(ctx), standIn), func(ctx context.Context) (err error) {
		var reach Reaches
		if reach.Rows, err = r.Rule.Reach(ctx); err != nil {
			return err
		}
		if r.Through != nil {
			if reach.Through, err = r.Through.Reach(ctx); err != nil {
				return err
			}
		}
		return r.Write(ctx, reach)
	})
}

// Optional is Statement, and nil if there is nothing the caller may read.
func (r *Read) Optional(ctx context.Context, db Database) (*pg.Recorded, error) {
	if _, _, err := r.related(ctx); err != nil {
		return nil, nil //nolint:nilerr // what the caller may not read is left out
	}
	return r.Statement(ctx, db)
}

// Pages is a Read per page size.
type Pages struct {
	// Rule and Write are those of each Read.
	Rule  authz.Rule
	Write func(ctx context.Context, reach *authz.Reach, limit int) error

	bySize sync.Map // of int to *Read
}

// Of is the read of so many rows. Sizes are bounded by the contract, and so is what is kept.
func (p *Pages) Of(limit int) *Read {
	if r, ok := p.bySize.Load(limit); ok {
		return r.(*Read)
	}
	r, _ := p.bySize.LoadOrStore(limit, &Read{Rule: p.Rule, Write: func(ctx context.Context, reach Reaches) error {
		return p.Write(ctx, reach.Rows, limit)
	}})
	return r.(*Read)
}

// Send sends the statements about a row on behalf of the caller of ctx, in one round trip. What they answer stays within the
// budget.
func Send(ctx context.Context, db Database, budget *pg.Budget, row uuid.UUID, statements ...*pg.Recorded) ([]pg.Result, error) {
	ids := pg.Ids{Row: row}
	if principal, ok := authn.From(ctx); ok {
		ids.User = principal.UserID
	}
	return db.Send(ctx, ids, budget, statements...)
}

// One sends a read that is about no row in particular.
func One(ctx context.Context, db Database, budget *pg.Budget, read *Read) (pg.Result, error) {
	statement, err := read.Statement(ctx, db)
	if err != nil {
		return pg.Result{}, err
	}
	results, err := Send(ctx, db, budget, uuid.Nil, statement)
	if err != nil {
		return pg.Result{}, err
	}
	return results[0], nil
}

// Body reads the row that a result is at as the principal may see it.
type Body[T any] func(from *pg.Result, principal *authn.Principal, body *T)

// Bodies reads a result of the columns from its first row on, into bodies that lie side by side, as the caller of ctx may
// see them; it is never nil. Its error is a programming error: the statement was written for other columns.
func Bodies[T any](ctx context.Context, result *pg.Result, columns []string, body Body[T]) ([]T, error) {
	bodies := make([]T, result.Len())
	if len(bodies) == 0 {
		return bodies, nil
	}
	if !result.Has(columns) {
		return nil, fmt.Errorf("reading: the result has other columns than %v", columns)
	}
	principal, _ := authn.From(ctx)
	result.Rewind()
	for i := range bodies {
		result.Next()
		body(result, principal, &bodies[i])
	}
	return bodies, result.Err()
}
