package planner

import (
	"context"
	"fmt"
	"strings"

	"ariga.io/atlas/sql/postgres"
	"ariga.io/atlas/sql/schema"
)

// goesWithColumn says whether an index covers a column that the same change drops.
func goesWithColumn(m *schema.ModifyTable, i *schema.Index) bool {
	for _, c := range m.Changes {
		drop, ok := c.(*schema.DropColumn)
		if !ok {
			continue
		}
		for _, p := range i.Parts {
			if p.C != nil && p.C.Name == drop.C.Name {
				return true
			}
		}
	}
	return false
}

func (s *stages) createIndex(ctx context.Context, t *schema.Table, i *schema.Index) error {
	up, down, err := s.indexStatements(ctx, t, i)
	if err != nil {
		return err
	}
	s.index = append(s.index, stage{suffix: "create_" + i.Name, noTx: true, up: up[:1], down: down})
	s.finish = append(s.finish, up[1:]...) // its comment
	return nil
}

func (s *stages) dropIndex(ctx context.Context, t *schema.Table, i *schema.Index) error {
	up, down, err := s.indexStatements(ctx, t, i)
	if err != nil {
		return err
	}
	s.index = append(s.index, stage{suffix: "drop_" + i.Name, noTx: true, up: down, down: up[:1]})
	return nil
}

// replaceIndex builds the new index beside the old one, which serves until the new one is there.
func (s *stages) replaceIndex(ctx context.Context, t *schema.Table, c *schema.ModifyIndex) error {
	next := *c.To
	next.Name = shorten("next_" + c.To.Name)
	if err := s.createIndex(ctx, t, &next); err != nil {
		return err
	}
	if err := s.dropIndex(ctx, t, c.From); err != nil {
		return err
	}
	rename := func(from, to string) []Statement {
		return []Statement{{Comment: fmt.Sprintf("Give the new index its name, %q", to), SQL: fmt.Sprintf("ALTER INDEX %s RENAME TO %q", qualifiedName(from), to)}}
	}
	s.index = append(s.index, stage{suffix: "rename_" + next.Name, up: rename(next.Name, c.To.Name), down: rename(c.To.Name, next.Name)})
	return nil
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

// shorten keeps a name within what Postgres stores.
func shorten(name string) string { return name[:min(len(name), 63)] }
