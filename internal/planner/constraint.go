package planner

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"ariga.io/atlas/sql/schema"

	"github.com/lockstep-dev/lockstep/internal/pgcatalog"
)

// notValid adds a constraint that binds new rows, and has those that are there checked later under a weak lock. mended says that
// rows are filled for it.
func (s *stages) notValid(ctx context.Context, t *schema.Table, add schema.Change, name, what string, mended bool) error {
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
	s.finish = append(s.finish, statements[1:]...) // its comment
	s.validateLater(t.Name, name, constraint.SQL)
	switch add := add.(type) {
	case *schema.AddForeignKey:
		if s.needsNewIndex(add.F) {
			s.constrain = append(s.constrain, constraint)
		} else {
			s.first = append(s.first, constraint)
		}
	case *schema.AddCheck:
		s.checks = append(s.checks, newCheck{table: t.Name, mended: mended, limit: isLimit(add.C), statement: constraint})
	}
	return nil
}

// newCheck is a CHECK to add, which also binds every row that is filled from then on.
type newCheck struct {
	table     string
	mended    bool // a fill makes rows keep to it
	limit     bool
	statement Statement
}

// placeChecks adds new CHECKs at once, so that no new row breaks them; but not before the rows of their table are filled: those
// that a fill mends keep to them afterwards only, and those over a limit could not be filled at all.
func (s *stages) placeChecks() (bounds []Statement) {
	for _, c := range s.checks {
		switch {
		case c.mended:
			s.constrain = append(s.constrain, c.statement)
		case c.limit && s.fills(c.table):
			bounds = append(bounds, c.statement)
		default:
			s.first = append(s.first, c.statement)
		}
	}
	return bounds
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

// isLimit says whether a CHECK is about sizes, or values that no answer can show: rows that break it can be read.
func isLimit(c *schema.Check) bool { return strings.HasSuffix(c.Name, "_"+pgcatalog.LimitSuffix) }

// reportOrValidate validates a limit unless rows break it. Those are reported, by their keys and never by what they hold, and the
// limit stays as it is: it binds every row that is written, and server migrate verify names it until it is validated. A release
// must not wait for somebody to shorten a text.
func reportOrValidate(t *schema.Table, c *schema.Check) Statement {
	var key []string
	if t.PrimaryKey != nil {
		for _, p := range t.PrimaryKey.Parts {
			if p.C != nil {
				key = append(key, fmt.Sprintf("%q", p.C.Name))
			}
		}
	}
	if len(key) == 0 {
		key = []string{"ctid"}
	}
	return Statement{
		Comment: fmt.Sprintf("Check the rows of %q that were there before, or say which break the limit; reads and writes go on", t.Name),
		SQL: fmt.Sprintf(`DO $$
DECLARE
  limit_broken bigint;
  limit_keys text;
BEGIN
  SELECT count(*), string_agg(key, ', ') FILTER (WHERE n <= 10) INTO limit_broken, limit_keys
    FROM (SELECT concat_ws('/', %[1]s) AS key, row_number() OVER () AS n FROM %[2]s WHERE NOT (%[3]s)) AS rows;
  IF limit_broken = 0 THEN
    ALTER TABLE %[2]s VALIDATE CONSTRAINT %[4]q;
  ELSE
    RAISE WARNING '%% rows of %[5]s.%[6]s break %[7]s, the first: %%. They can be read, and changed once they keep to it; then run ALTER TABLE %[5]s.%[6]s VALIDATE CONSTRAINT %[7]s',
      limit_broken, limit_keys;
  END IF;
END
$$`, strings.Join(key, ", "), qualifiedName(t.Name), c.Expr, c.Name, pgcatalog.Schema, t.Name, c.Name),
	}
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
func (s *stages) check(ctx context.Context, m *schema.ModifyTable, c *schema.Check) error {
	mended := false
	for _, column := range m.T.Columns {
		key := m.T.Name + "." + column.Name
		expression, ok := s.o.Backfill[key]
		if !ok || !mentions(c.Expr, column.Name) {
			continue
		}
		s.used[key], mended = true, true
		replaces := c.Name
		if comes(m, column.Name) {
			replaces = "" // it holds nothing yet
		}
		s.backfill(m.T.Name, column, expression, "NOT ("+c.Expr+")", replaces)
		s.fillOf(m.T.Name).late[column.Name] = true
	}
	if slices.Contains(s.o.Complies, c.Name) {
		s.used[c.Name] = true
		s.comply = append(s.comply, complyRule+c.Name+" whoever planned this said that the rows keep to it; where one does not, this fails and changes nothing")
		s.warn("the rows of %s have to keep to %s already: validating it fails where one does not, and changes none", m.T.Name, c.Name)
	}
	if err := s.notValid(ctx, m.T, &schema.AddCheck{C: c}, c.Name, "check", mended); err != nil {
		return err
	}
	if isLimit(c) && !s.comesEmpty(m, c) {
		s.validate[len(s.validate)-1] = reportOrValidate(m.T, c)
	}
	return nil
}

// comesEmpty says whether a CHECK is only about columns that come with it and hold nothing: no row can break it, since it binds
// those that are written from then on. Postgres looks at the rows nevertheless, which must not be under the lock of ADD COLUMN.
func (s *stages) comesEmpty(m *schema.ModifyTable, c *schema.Check) bool {
	for _, column := range m.T.Columns {
		_, filled := s.o.Backfill[m.T.Name+"."+column.Name]
		if mentions(c.Expr, column.Name) && (filled || !comes(m, column.Name) || !column.Type.Null || column.Default != nil) {
			return false
		}
	}
	return true
}

// comes says whether the change of a table adds the column.
func comes(m *schema.ModifyTable, column string) bool {
	return slices.ContainsFunc(m.Changes, func(c schema.Change) bool {
		add, ok := c.(*schema.AddColumn)
		return ok && add.C.Name == column
	})
}
