package planner

import (
	"context"

	"ariga.io/atlas/sql/postgres"
	"ariga.io/atlas/sql/schema"
)

// excludes says whether an index is that of an EXCLUDE constraint.
func excludes(i *schema.Index) bool {
	for _, a := range i.Attrs {
		if c, ok := a.(*postgres.Constraint); ok && c.IsExclude() {
			return true
		}
	}
	return false
}

// exclude adds an EXCLUDE constraint to a table that is there, in a file of its own: Postgres has no form that spares the table
// (manual, ALTER TABLE: ADD table_constraint … NOT VALID is for foreign keys and CHECKs). drop is one that goes before, or nil.
func (s *stages) exclude(ctx context.Context, t *schema.Table, drop, add *schema.Index) error {
	var up []Statement
	if drop != nil {
		statements, err := s.alone(ctx, t, &schema.DropIndex{I: drop})
		if err != nil {
			return err
		}
		up = statements
	}
	if add != nil {
		statements, err := s.alone(ctx, t, &schema.AddIndex{I: add})
		if err != nil {
			return err
		}
		s.warn("adds the exclusion constraint %s: the table %s takes no writes until it is built, and rows that exclude one another stop it", add.Name, t.Name)
		up = append(up, statements...)
	}
	name := add
	if name == nil {
		name = drop
	}
	s.index = append(s.index, stage{suffix: shorten("exclude_" + name.Name), up: up,
		allow: []string{"constraint-missing-not-valid Postgres has no NOT VALID for exclusion constraints: the table takes no writes until it is built"}})
	return nil
}
