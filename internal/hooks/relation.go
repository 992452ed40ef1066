package hooks

import (
	"context"
	"fmt"
	"slices"

	"entgo.io/ent"
	"entgo.io/ent/dialect"
	"entgo.io/ent/dialect/sql"
	"github.com/google/uuid"

	"github.com/lockstep-dev/lockstep/internal/authn"
	"github.com/lockstep-dev/lockstep/internal/authz"
	"github.com/lockstep-dev/lockstep/internal/pg"
	"github.com/lockstep-dev/lockstep/internal/problem"
)

// limitRelations refuses a change of who reaches which rows by somebody who may not see the people involved: whoever could
// name anybody as a manager could make himself the manager of all. Somebody who is named and may not be seen does not
// exist, and is answered like that. Somebody who was named and may not be seen stays: the answer is permission_denied.
func limitRelations[C Client](relations []authz.Relation, people People[C]) rule {
	return func(ctx context.Context, mutation ent.Mutation) error {
		for _, relation := range relations {
			if relation.Type != mutation.Type() {
				continue
			}
			if err := mayRelate(ctx, mutation, relation, people); err != nil {
				return err
			}
		}
		return nil
	}
}

func mayRelate[C Client](ctx context.Context, mutation ent.Mutation, relation authz.Relation, people People[C]) error {
	value, set := mutation.Field(relation.Field)
	if !set && !mutation.FieldCleared(relation.Field) {
		return nil
	}
	if principal, ok := authn.From(ctx); ok && principal.Platform {
		return nil // makes a tenant's first people
	}
	reach, err := people.Read.Reach(ctx)
	if err != nil || reach == nil {
		return err
	}
	m, ok := mutation.(rowsMutation[C])
	if !ok {
		return fmt.Errorf("%s %s: the mutation cannot tell which rows it changes", mutation.Op(), mutation.Type())
	}
	former, err := formerlyNamed(ctx, m, mutation.Op(), relation, people)
	if err != nil {
		return err
	}
	named := slices.Clone(former)
	id, names := value.(uuid.UUID)
	names = names && set // the value of a field that is cleared is the zero one
	if names {
		named = append(named, id)
	}
	seen, err := people.IDs(ctx, m.Client(), authz.Among[func(*sql.Selector)](reach, pg.In(people.Line.ID, named)))
	if err != nil {
		return fmt.Errorf("look for people that are named: %w", err)
	}
	if names && !slices.Contains(seen, id) {
		return &pg.ConstraintError{Kind: pg.ForeignKey, Table: relation.Table, Constraint: relation.Constraint}
	}
	if slices.ContainsFunc(former, func(id uuid.UUID) bool { return !slices.Contains(seen, id) }) {
		return problem.New(problem.PermissionDenied, problem.PersonNotReadable, people.Read.Permission)
	}
	return nil
}

// formerlyNamed returns the people whom the rows to be changed name.
func formerlyNamed[C Client](ctx context.Context, m rowsMutation[C], op ent.Op, relation authz.Relation, people People[C]) ([]uuid.UUID, error) {
	if op.Is(ent.OpCreate) {
		return nil, nil
	}
	changed, err := m.IDs(ctx)
	if err != nil {
		return nil, fmt.Errorf("find the rows to change: %w", err)
	}
	tenant, err := TenantOf(ctx)
	if err != nil {
		return nil, err
	}
	former, err := people.IDs(ctx, m.Client(), func(s *sql.Selector) {
		rows := sql.Dialect(dialect.Postgres).Select().From(sql.Table(relation.Table).Schema(people.Line.Schema))
		rows.Select(rows.C(relation.Column)).Where(pg.InColumn(rows.C("id"), changed)).Where(sql.EQ(rows.C(tenantColumn), tenant))
		s.Where(sql.In(s.C(people.Line.ID), rows))
	})
	if err != nil {
		return nil, fmt.Errorf("read the people that are named: %w", err)
	}
	return former, nil
}
