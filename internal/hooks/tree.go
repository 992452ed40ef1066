package hooks

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"entgo.io/ent"
	"entgo.io/ent/dialect/sql"
	"github.com/google/uuid"

	"github.com/lockstep-dev/lockstep/internal/pg"
	"github.com/lockstep-dev/lockstep/internal/problem"
)

// Tree is a reference of rows to the row above, of their own type, by which none comes to lie below itself.
type Tree[C Client] struct {
	// Type is the Ent type, Field its field with the id of the row above, and Children its edge to the rows below; empty where
	// there is none.
	Type, Field, Children string
	// Pointer is the field's place in a body.
	Pointer string
	// Table and Column of the field in the database.
	Table, Column string
	TenantOwned   bool
	// IDs are those of the type's rows that meet the condition.
	IDs func(ctx context.Context, client C, where func(*sql.Selector)) ([]uuid.UUID, error)
}

// tenantLock locks a tenant's row until the end of the transaction.
type tenantLock[C Client] func(ctx context.Context, client C, tenant uuid.UUID) error

// keepAcyclic refuses a change by which a row would come to lie below itself. Changes that could are made one at a time, per
// tenant, so that two of them cannot form a circle together.
func keepAcyclic[C Client](trees []Tree[C], lockTenant tenantLock[C]) rule {
	return func(ctx context.Context, mutation ent.Mutation) error {
		for _, tree := range trees {
			if tree.Type != mutation.Type() {
				continue
			}
			if err := tree.check(ctx, mutation, lockTenant); err != nil {
				return err
			}
		}
		return nil
	}
}

func (t Tree[C]) check(ctx context.Context, mutation ent.Mutation, lockTenant tenantLock[C]) error {
	if t.Children != "" && len(mutation.AddedIDs(t.Children)) > 0 {
		return fmt.Errorf("%s %s: rows are moved by their own %s, not by the edge %s of the row above: contract.Acyclic looks at that alone", mutation.Op(), t.Type, t.Field, t.Children)
	}
	value, set := mutation.Field(t.Field)
	above, ok := value.(uuid.UUID)
	if !set || !ok {
		return nil
	}
	m, ok := mutation.(rowsMutation[C])
	if !ok {
		return fmt.Errorf("%s %s: the mutation cannot tell which rows it changes", mutation.Op(), t.Type)
	}
	if mutation.Op().Is(ent.OpCreate) {
		// Nothing lies below a row that is not there yet.
		if id, ok := m.ID(); ok && id == above {
			return t.refusal()
		}
		return nil
	}
	if !mutation.Op().Is(ent.OpUpdate | ent.OpUpdateOne) {
		return nil
	}
	if err := t.lock(ctx, m.Client(), lockTenant); err != nil {
		if errors.Is(err, pg.ErrNoTransaction) {
			return fmt.Errorf("%s %s: a change of %s needs a transaction, because of contract.Acyclic: %w", mutation.Op(), t.Type, t.Field, err)
		}
		return err
	}
	moved, err := m.IDs(ctx)
	if err != nil {
		return fmt.Errorf("find the rows to move: %w", err)
	}
	if slices.Contains(moved, above) {
		return t.refusal()
	}
	path, err := t.path(ctx, above)
	if err != nil {
		return err
	}
	found, err := t.IDs(ctx, m.Client(), func(s *sql.Selector) {
		path(s)
		pg.In("id", moved)(s)
	})
	if err != nil {
		return fmt.Errorf("look for the rows above: %w", err)
	}
	if len(found) > 0 {
		return t.refusal()
	}
	return nil
}

func (t Tree[C]) refusal() error {
	return problem.New(problem.ValidationFailed, problem.RowBelowItself).At(t.Pointer, problem.RuleCircular, "The row would come to lie below itself.")
}

// lock has changes of the tree happen one at a time until the end of the transaction. A tenant's row stands for its trees, as
// it does for its administrators. A tree of no tenant has its own rows, of which any two changes have one in common.
func (t Tree[C]) lock(ctx context.Context, client C, lockTenant tenantLock[C]) error {
	ctx = pg.RequireTransaction(ctx)
	if !t.TenantOwned {
		_, err := t.IDs(ctx, client, func(s *sql.Selector) { s.OrderBy(s.C("id")).For(sql.LockNoKeyUpdate) })
		if err != nil {
			return fmt.Errorf("lock the rows: %w", err)
		}
		return nil
	}
	id, err := TenantOf(ctx)
	if err != nil {
		return err
	}
	return lockTenant(ctx, client, id)
}

// path is the condition of the row with the id and of those above it, up to the top. UNION, not UNION ALL, ends it where rows
// are in a circle already.
func (t Tree[C]) path(ctx context.Context, id uuid.UUID) (func(*sql.Selector), error) {
	var of uuid.UUID
	if t.TenantOwned {
		var err error
		if of, err = TenantOf(ctx); err != nil {
			return nil, err
		}
	}
	return func(s *sql.Selector) {
		column := s.C("id")
		s.Where(sql.P(func(b *sql.Builder) {
			b.WriteString(column).WriteString(" IN (WITH RECURSIVE above AS (SELECT ").Arg(id).WriteString("::uuid AS id UNION SELECT r.").Ident(t.Column)
			b.WriteString(" FROM above JOIN core.").Ident(t.Table).WriteString(" AS r ON r.id = above.id")
			if t.TenantOwned {
				b.WriteString(" AND r.tenant_id = ").Arg(of)
			}
			b.WriteString(" WHERE r.").Ident(t.Column).WriteString(" IS NOT NULL) SELECT id FROM above)")
		}))
	}, nil
}
