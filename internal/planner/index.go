package planner

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"ariga.io/atlas/sql/postgres"
	"ariga.io/atlas/sql/schema"

	"github.com/lockstep-dev/lockstep/internal/pgcatalog"
)

// goesWithColumn says whether an index reads a column that the same change drops: as a part, in an expression or predicate,
// or included. DROP COLUMN takes it along.
func goesWithColumn(m *schema.ModifyTable, i *schema.Index) bool {
	return slices.ContainsFunc(m.Changes, func(c schema.Change) bool {
		drop, ok := c.(*schema.DropColumn)
		return ok && reads(i, drop.C.Name)
	})
}

// reads says whether an index reads a column in any way.
func reads(i *schema.Index, column string) bool {
	for _, p := range i.Parts {
		if p.C != nil && p.C.Name == column {
			return true
		}
		if x, ok := p.X.(*schema.RawExpr); ok && mentions(x.X, column) {
			return true
		}
	}
	var predicate postgres.IndexPredicate
	if has(i.Attrs, &predicate) && mentions(predicate.P, column) {
		return true
	}
	var included postgres.IndexInclude
	return has(i.Attrs, &included) && slices.ContainsFunc(included.Columns, func(c *schema.Column) bool { return c.Name == column })
}

// leaving are the names of the indexes that changes drop by themselves.
func leaving(changes []schema.Change) map[string]bool {
	out := map[string]bool{}
	for _, c := range changes {
		m, ok := c.(*schema.ModifyTable)
		if !ok {
			continue
		}
		for _, c := range m.Changes {
			if drop, ok := c.(*schema.DropIndex); ok && !goesWithColumn(m, drop.I) {
				out[drop.I.Name] = true
			}
		}
	}
	return out
}

// succeeded says whether an index goes with the column to which a new one succeeds: it begins with the same columns, by which
// rows are found until the new one is there.
func succeeded(m *schema.ModifyTable, column *schema.Column) bool {
	if comes(m, column.Name) {
		return false // the column itself comes back, and two cannot have its name
	}
	for _, c := range m.Changes {
		drop, ok := c.(*schema.DropIndex)
		if !ok || !reads(drop.I, column.Name) {
			continue
		}
		for _, c := range m.Changes {
			if add, ok := c.(*schema.AddIndex); ok && leads(drop.I) != "" && leads(drop.I) == leads(add.I) {
				return true
			}
		}
	}
	return false
}

// leads is the first column of an index, after the tenant.
func leads(i *schema.Index) string {
	for _, p := range i.Parts {
		if p.C == nil {
			return ""
		}
		if p.C.Name != pgcatalog.TenantColumn {
			return p.C.Name
		}
	}
	return ""
}

// dropColumnLater drops a column once the indexes are there.
func (s *stages) dropColumnLater(ctx context.Context, t *schema.Table, c *schema.DropColumn) error {
	statements, err := s.alone(ctx, t, c)
	s.unindex = append(s.unindex, stage{suffix: shorten("drop_" + t.Name + "_" + c.C.Name), up: statements})
	return err
}

// createIndex builds an index. Its name may be that of one that goes, and is then given last.
func (s *stages) createIndex(ctx context.Context, t *schema.Table, i *schema.Index) error {
	if s.leaving[i.Name] {
		return s.createNext(ctx, t, i)
	}
	up, err := s.buildIndex(ctx, t, i)
	s.finish = append(s.finish, up...)
	return err
}

// buildIndex returns what is to be said of the index when it is there: its comment.
func (s *stages) buildIndex(ctx context.Context, t *schema.Table, i *schema.Index) ([]Statement, error) {
	up, down, err := s.indexStatements(ctx, t, i)
	if err != nil {
		return nil, err
	}
	s.index = append(s.index, stage{suffix: "create_" + i.Name, noTx: true, up: up[:1], down: down})
	return up[1:], nil
}

// createNext builds an index under another name, which its own replaces when it is free.
func (s *stages) createNext(ctx context.Context, t *schema.Table, i *schema.Index) error {
	next := *i
	next.Name = shorten("next_" + i.Name)
	if _, err := s.buildIndex(ctx, t, &next); err != nil {
		return err
	}
	named, _, err := s.indexStatements(ctx, t, i)
	if err != nil {
		return err
	}
	s.finish = append(s.finish, named[1:]...)
	rename := func(from, to string) []Statement {
		return []Statement{{Comment: fmt.Sprintf("Give the new index its name, %q", to), SQL: fmt.Sprintf("ALTER INDEX %s RENAME TO %q", qualifiedName(from), to)}}
	}
	s.rename = append(s.rename, stage{suffix: "rename_" + next.Name, up: rename(next.Name, i.Name), down: rename(i.Name, next.Name)})
	return nil
}

func (s *stages) dropIndex(ctx context.Context, t *schema.Table, i *schema.Index) error {
	up, down, err := s.indexStatements(ctx, t, i)
	if err != nil {
		return err
	}
	s.unindex = append(s.unindex, stage{suffix: "drop_" + i.Name, noTx: true, up: down, down: up[:1]})
	return nil
}

// replaceIndex builds the new index beside the old one, which serves until the new one is there.
func (s *stages) replaceIndex(ctx context.Context, t *schema.Table, c *schema.ModifyIndex) error {
	if err := s.createNext(ctx, t, c.To); err != nil {
		return err
	}
	return s.dropIndex(ctx, t, c.From)
}

// indexStatements creates and drops an index while the table is in use.
func (s *stages) indexStatements(ctx context.Context, t *schema.Table, i *schema.Index) (create, drop []Statement, err error) {
	create, err = s.alone(ctx, t, &schema.AddIndex{I: i, Extra: []schema.Clause{&postgres.Concurrently{}}})
	if err != nil {
		return nil, nil, err
	}
	if len(create) == 0 || !strings.Contains(create[0].SQL, "CONCURRENTLY") {
		return nil, nil, fmt.Errorf("index %s of table %s belongs to a UNIQUE or EXCLUDE constraint: declare a unique index instead, which can be built while the table is in use", i.Name, t.Name)
	}
	drop = []Statement{{Comment: fmt.Sprintf("Drop index %q without blocking the table", i.Name), SQL: fmt.Sprintf("DROP INDEX CONCURRENTLY %s", qualifiedName(i.Name))}}
	return create, drop, nil
}

// longestName is how many bytes of a name Postgres stores.
const longestName = 63

// shorten keeps a name within what Postgres stores, and different from others that begin alike.
func shorten(name string) string {
	if len(name) <= longestName {
		return name
	}
	return fmt.Sprintf("%s_%08x", name[:longestName-9], sum(name))
}
