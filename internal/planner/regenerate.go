package planner

import (
	"fmt"
	"slices"

	"ariga.io/atlas/sql/postgres"
	"ariga.io/atlas/sql/schema"

	"github.com/lockstep-dev/lockstep/internal/migrate"
	"github.com/lockstep-dev/lockstep/internal/pgcatalog"
)

// anew marks the old one of two columns of the same name, of which one is dropped and the other added.
const anew = "\x00anew"

// diffGenerated compares two states in which columns may be computed otherwise than before: Postgres before 17 cannot change the
// expression of a generated column, nor make an ordinary one generated, and Atlas refuses to plan it. Such a column is dropped and
// added again, with what hangs on it.
func (d *database) diffGenerated(from, to *schema.Realm) ([]schema.Change, error) {
	var old []*schema.Column
	tables := map[string][]*schema.Column{}
	for _, t := range tablesOf(from) {
		other, ok := realmTable(to, t.Name)
		if !ok {
			continue
		}
		for _, c := range t.Columns {
			if now, ok := other.Column(c.Name); ok && (computedOtherwise(c, now) || computedFromOther(c, t, other)) {
				old, tables[t.Name] = append(old, c), append(tables[t.Name], c)
			}
		}
	}
	for _, c := range old {
		c.Name += anew
	}
	changes, err := d.RealmDiff(from, to, schema.DiffNormalized())
	for _, c := range old {
		c.Name = c.Name[:len(c.Name)-len(anew)]
	}
	if err != nil {
		return changes, err
	}
	defer computedGoFirst(changes)
	if len(old) == 0 {
		return changes, nil
	}
	for i, c := range changes {
		if m, ok := c.(*schema.ModifyTable); ok && len(tables[m.T.Name]) > 0 {
			before, _ := realmTable(from, m.T.Name)
			changes[i] = hangingOn(m, before, tables[m.T.Name])
		}
	}
	return changes, nil
}

// computedOtherwise says whether a column's values come from another expression, or only now from one.
func computedOtherwise(from, to *schema.Column) bool {
	var a, b schema.GeneratedExpr
	was, is := has(from.Attrs, &a), has(to.Attrs, &b)
	return is && (!was || a.Expr != b.Expr)
}

// computedFromOther says whether a generated column is computed from one whose type changes, which Postgres refuses.
func computedFromOther(c *schema.Column, from, to *schema.Table) bool {
	var x schema.GeneratedExpr
	return has(c.Attrs, &x) && slices.ContainsFunc(from.Columns, func(source *schema.Column) bool {
		now, ok := to.Column(source.Name)
		return ok && source != c && mentions(x.Expr, source.Name) && typeName(source) != typeName(now)
	})
}

// computedGoFirst drops generated columns before those that they are computed from.
func computedGoFirst(changes []schema.Change) {
	rank := func(c schema.Change) int {
		if drop, ok := c.(*schema.DropColumn); ok && has(drop.C.Attrs, &schema.GeneratedExpr{}) {
			return 0
		}
		return 1
	}
	for _, c := range changes {
		if m, ok := c.(*schema.ModifyTable); ok {
			slices.SortStableFunc(m.Changes, func(a, b schema.Change) int { return rank(a) - rank(b) })
		}
	}
}

// hangingOn adds to the change of a table that its indexes and CHECKs on the dropped columns come back: Postgres drops them along.
func hangingOn(m *schema.ModifyTable, before *schema.Table, dropped []*schema.Column) *schema.ModifyTable {
	out := &schema.ModifyTable{T: m.T}
	on := func(i *schema.Index) bool {
		return slices.ContainsFunc(i.Parts, func(p *schema.IndexPart) bool { return slices.Contains(dropped, p.C) })
	}
	var handled []string
	for _, c := range m.Changes {
		switch c := c.(type) {
		case *schema.ModifyIndex:
			if on(c.From) {
				out.Changes = append(out.Changes, &schema.DropIndex{I: c.From}, &schema.AddIndex{I: c.To})
				continue
			}
		case *schema.ModifyCheck:
			handled = append(handled, c.From.Name)
			if mentionsAny(c.From.Expr, dropped) {
				out.Changes = append(out.Changes, &schema.AddCheck{C: c.To})
				continue
			}
		case *schema.DropCheck:
			handled = append(handled, c.C.Name)
			if mentionsAny(c.C.Expr, dropped) {
				continue
			}
		}
		out.Changes = append(out.Changes, c)
	}
	for _, a := range before.Attrs {
		if check, ok := a.(*schema.Check); ok && mentionsAny(check.Expr, dropped) && !slices.Contains(handled, check.Name) {
			out.Changes = append(out.Changes, &schema.AddCheck{C: check})
		}
	}
	return out
}

// mentionsAny says whether an expression names one of the columns.
func mentionsAny(expression string, columns []*schema.Column) bool {
	return slices.ContainsFunc(columns, func(c *schema.Column) bool { return mentions(expression, c.Name) })
}

// regenerated says whether a change of a table drops a column only to add it again, computed otherwise.
func regenerated(m *schema.ModifyTable, column string) bool {
	return slices.ContainsFunc(m.Changes, func(c schema.Change) bool {
		add, ok := c.(*schema.AddColumn)
		return ok && add.C.Name == column && has(add.C.Attrs, &schema.GeneratedExpr{})
	})
}

// allowRegenerated lets the linter pass the DROP COLUMN of columns that the same file adds again, when it drops no others and what they hold is computed.
func allowRegenerated(changes []schema.Change) []string {
	again := false
	for _, c := range changes {
		m, ok := c.(*schema.ModifyTable)
		if !ok {
			continue
		}
		for _, c := range m.Changes {
			drop, ok := c.(*schema.DropColumn)
			if ok && (!regenerated(m, drop.C.Name) || !has(drop.C.Attrs, &schema.GeneratedExpr{})) {
				return nil
			}
			again = again || ok
		}
	}
	if !again {
		return nil
	}
	return []string{"ban-drop-column the column is computed anew, from its new expression"}
}

// refusePartitions names tables that are partitioned: their indexes cannot be built concurrently, their partitions have row-level
// security of their own, and Postgres partitions no table that is there.
func refusePartitions(realms ...*schema.Realm) error {
	for _, r := range realms {
		for _, t := range tablesOf(r) {
			if has(t.Attrs, &postgres.Partition{}) {
				return &migrate.Problem{Code: "schema", Message: fmt.Sprintf("table %s.%s is partitioned, which is not supported: its partitions would be outside row-level security, and its indexes could not be built while it is in use. "+
					"Keep one table, whose key begins with the tenant; docs/scaling.md says what to do when it is too large", pgcatalog.Schema, t.Name)}
			}
		}
	}
	return nil
}
