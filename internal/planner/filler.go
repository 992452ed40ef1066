package planner

import (
	"fmt"
	"regexp"
	"slices"
	"strings"

	"ariga.io/atlas/sql/postgres"
	"ariga.io/atlas/sql/schema"
)

// zero is the value rows that are already there get in a new required column, where its type has a natural one and
// nothing else restricts it. Anything else is asked.
func (s *stages) zero(t *schema.Table, c *schema.Column) (string, bool) {
	// The goal knows the constraints that come with the column.
	if goal, ok := realmTable(s.goal, t.Name); ok {
		t = goal
	}
	if inForeignKey(t, c.Name) || inUnique(t, c.Name) || len(checksOn(t, c.Name)) > 0 {
		return "", false
	}
	return zeroOf(c)
}

func zeroOf(c *schema.Column) (string, bool) {
	if c.Type == nil {
		return "", false
	}
	switch t := c.Type.Type.(type) {
	case *schema.StringType:
		return "''", true
	case *schema.BoolType:
		return "false", true
	case *schema.IntegerType, *schema.DecimalType, *schema.FloatType:
		return "0", true
	case *schema.TimeType:
		return nowAs(t), true
	case *schema.JSONType:
		return "'{}'", true
	case *postgres.ArrayType:
		return "'{}'", true
	case *schema.BinaryType:
		return `'\x'`, true
	}
	return "", false
}

var (
	inList    = regexp.MustCompile(`= ANY \(+ARRAY\[((?:'(?:[^']|'')*'(?:::[\w ]+)?(?:, )?)+)\]`)
	inOne     = regexp.MustCompile(`^\(*"?\w+"?\)*(?:::[\w ]+)? = ('(?:[^']|'')*')(?:::[\w ]+)?\)*$`) // how Postgres prints a list of one
	inLiteral = regexp.MustCompile(`'((?:[^']|'')*)'`)
	minLength = regexp.MustCompile(`(?:char_length|length)\(\(?"?(\w+)"?\)?(?:::text)?\) >=? (\d+)`)
)

// enumerated returns the values a CHECK allows, when it is a list of strings.
func enumerated(check string) []string {
	list := inList.FindStringSubmatch(check)
	if list == nil {
		list = inOne.FindStringSubmatch(check)
	}
	if list == nil {
		return nil
	}
	var values []string
	for _, m := range inLiteral.FindAllStringSubmatch(list[1], -1) {
		values = append(values, strings.ReplaceAll(m[1], "''", "'"))
	}
	return values
}

// refill is the value a reverse puts where the original was lost: a required column comes back and each row needs
// something in it. It is no guess about meaning, only what the constraints take.
func refill(t *schema.Table, c *schema.Column) (string, bool) {
	if inForeignKey(t, c.Name) || inKey(t, c.Name) {
		return "", false
	}
	checks := checksOn(t, c.Name)
	if len(checks) == 1 {
		if values := enumerated(checks[0]); len(values) > 0 {
			return literal(values[0]), true
		}
	}
	_, text := c.Type.Type.(*schema.StringType)
	for _, check := range checks {
		if m := minLength.FindStringSubmatch(check); m == nil || !text || m[2] > "4" || len(m[2]) > 1 {
			return "", false
		}
	}
	_, hasID := t.Column("id")
	size := 0
	if s, ok := c.Type.Type.(*schema.StringType); ok {
		size = s.Size
	}
	switch {
	case text && (inUnique(t, c.Name) || len(checks) > 0) && hasID && (size == 0 || size >= 41):
		return `'lost ' || "id"`, true
	case text && len(checks) > 0 && !inUnique(t, c.Name) && (size == 0 || size >= 4):
		return "'lost'", true
	case inUnique(t, c.Name):
		if _, ok := c.Type.Type.(*schema.UUIDType); ok {
			return "gen_random_uuid()", true
		}
		return "", false
	}
	if _, ok := c.Type.Type.(*schema.UUIDType); ok {
		return "gen_random_uuid()", true
	}
	return zeroOf(c)
}

func literal(s string) string { return "'" + strings.ReplaceAll(s, "'", "''") + "'" }

func inForeignKey(t *schema.Table, column string) bool {
	return slices.ContainsFunc(t.ForeignKeys, func(fk *schema.ForeignKey) bool {
		return slices.ContainsFunc(fk.Columns, func(c *schema.Column) bool { return c.Name == column })
	})
}

func inKey(t *schema.Table, column string) bool {
	return t.PrimaryKey != nil && slices.ContainsFunc(t.PrimaryKey.Parts, func(p *schema.IndexPart) bool { return p.C != nil && p.C.Name == column })
}

func inUnique(t *schema.Table, column string) bool {
	indexes := t.Indexes
	if t.PrimaryKey != nil {
		indexes = append(slices.Clone(indexes), t.PrimaryKey)
	}
	return slices.ContainsFunc(indexes, func(i *schema.Index) bool {
		return (i.Unique || i == t.PrimaryKey) && slices.ContainsFunc(i.Parts, func(p *schema.IndexPart) bool { return p.C != nil && p.C.Name == column })
	})
}

func checksOn(t *schema.Table, column string) []string {
	var out []string
	word := regexp.MustCompile(`\b` + regexp.QuoteMeta(column) + `\b`)
	for _, a := range t.Attrs {
		// A limit takes every natural value of its column's type.
		if c, ok := a.(*schema.Check); ok && !isLimit(c) && word.MatchString(c.Expr) {
			out = append(out, c.Expr)
		}
	}
	return out
}

// soften prepares the changes of a reverse for rows: a required column that comes back, or becomes required again, first
// gets a value. It returns what fills and requires it, to run after the changes, and why that cannot be done where it cannot.
func soften(changes []schema.Change) (out []schema.Change, after []Statement, lost []string, impossible string) {
	for _, c := range changes {
		m, ok := c.(*schema.ModifyTable)
		if !ok {
			out = append(out, c)
			continue
		}
		table := qualifiedName(m.T.Name)
		kept := &schema.ModifyTable{T: m.T}
		require := func(c *schema.Column) {
			value, ok := refill(m.T, c)
			if x := defaultOf(c); x != "" {
				value, ok = x, true
			}
			if !ok {
				impossible = fmt.Sprintf("rows need a value in %s.%s, and none is known that its constraints take", m.T.Name, c.Name)
				return
			}
			after = append(after,
				Statement{Comment: fmt.Sprintf("What %q held is lost: each row gets something its constraints take", c.Name), SQL: fmt.Sprintf("UPDATE %s SET %q = %s WHERE %q IS NULL", table, c.Name, value, c.Name)},
				Statement{SQL: fmt.Sprintf("ALTER TABLE %s ALTER COLUMN %q SET NOT NULL", table, c.Name)})
			lost = append(lost, m.T.Name+"."+c.Name)
		}
		for _, change := range m.Changes {
			switch c := change.(type) {
			case *schema.AddColumn:
				if c.C.Type.Null || c.C.Default != nil || identity(c.C.Attrs) || has(c.C.Attrs, &schema.GeneratedExpr{}) {
					break
				}
				column, kind := *c.C, *c.C.Type
				kind.Null, column.Type = true, &kind
				require(c.C)
				change = &schema.AddColumn{C: &column}
			case *schema.ModifyColumn:
				if !c.Change.Is(schema.ChangeNull) || c.To.Type.Null {
					break
				}
				require(c.To)
				modify, to, kind := *c, *c.To, *c.To.Type
				kind.Null, to.Type = true, &kind
				modify.To, modify.Change = &to, c.Change&^schema.ChangeNull
				if modify.Change == schema.NoChange {
					continue
				}
				change = &modify
			}
			kept.Changes = append(kept.Changes, change)
		}
		if len(kept.Changes) > 0 {
			out = append(out, kept)
		}
	}
	return out, after, lost, impossible
}
