package planner

import (
	"context"
	"fmt"
	"strings"

	"ariga.io/atlas/sql/schema"
)

// notValid adds a constraint that binds new rows at once, and has those that are there checked later under a weak lock.
func (s *stages) notValid(ctx context.Context, t *schema.Table, add schema.Change, name, what string) error {
	statements, err := s.alone(ctx, t, add)
	if err != nil {
		return err
	}
	if len(statements) == 0 {
		return fmt.Errorf("plan %s %s: Atlas plans nothing for it", what, name)
	}
	constraint := Statement{
		Comment: fmt.Sprintf("Add %s %q for new rows; a later file checks those that are there", what, name),
		SQL:     strings.Replace(statements[0].SQL, " ADD\n", " ADD ", 1) + " NOT VALID",
	}
	if fk, ok := add.(*schema.AddForeignKey); ok && s.needsNewIndex(fk.F) {
		s.constrain = append(s.constrain, constraint)
	} else {
		s.first = append(s.first, constraint)
	}
	s.finish = append(s.finish, statements[1:]...) // its comment
	s.validateLater(t.Name, name, constraint.SQL)
	return nil
}

func (s *stages) validateLater(table, name, constraint string) {
	t := qualifiedName(table)
	s.validate = append(s.validate, Statement{
		Comment: fmt.Sprintf("Check the rows of %q that were there before; reads and writes go on", table),
		SQL:     fmt.Sprintf("ALTER TABLE %s VALIDATE CONSTRAINT %q", t, name),
	})
	s.revalidate = append([]Statement{
		{SQL: fmt.Sprintf("ALTER TABLE %s DROP CONSTRAINT %q", t, name)},
		{SQL: constraint},
	}, s.revalidate...)
}

// needsNewIndex says whether a foreign key refers to a key that an index of this plan makes unique.
func (s *stages) needsNewIndex(fk *schema.ForeignKey) bool {
	for _, stage := range s.index {
		for _, statement := range stage.up {
			if strings.HasPrefix(statement.SQL, "CREATE UNIQUE") && strings.Contains(statement.SQL, " ON "+qualifiedName(fk.RefTable.Name)) {
				return true
			}
		}
	}
	return false
}

// check adds a CHECK; where the caller said how to fill in a column of it, rows that break it are changed.
func (s *stages) check(ctx context.Context, t *schema.Table, c *schema.Check) error {
	for _, column := range t.Columns {
		key := t.Name + "." + column.Name
		if expression, ok := s.o.Backfill[key]; ok && strings.Contains(c.Expr, column.Name) && !s.used[key] {
			s.used[key] = true
			s.backfill(t.Name, column.Name, expression, "NOT ("+c.Expr+")")
		}
	}
	return s.notValid(ctx, t, &schema.AddCheck{C: c}, c.Name, "check")
}
