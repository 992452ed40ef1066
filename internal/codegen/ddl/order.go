package ddl

import (
	"fmt"
	"slices"
	"strings"

	"entgo.io/ent/dialect/sql/schema"
)

// Owned is a table in the order in which rows that refer to each other can be deleted.
type Owned struct {
	Table *schema.Table
	// Clear are the columns to set to null where rows of this table cannot go yet: references to it that the order cannot
	// honour, because they lead in a circle.
	Clear []Reference
}

// Reference is a column, apart from the tenant, that refers to a row of another table, or of its own.
type Reference struct{ Table, Column string }

// ChildrenFirst returns the tenant-owned tables, each after all that refer to it. References in a circle, such as a user's to
// the manager, have to be nullable at one place; its error names those that are not.
func ChildrenFirst(tables []*schema.Table) ([]Owned, error) {
	return InOrder(slices.DeleteFunc(slices.Clone(tables), func(t *schema.Table) bool { return !TenantOwned(t) }))
}

// InOrder is ChildrenFirst of these tables, whosever they are; references from and to others do not count.
func InOrder(tables []*schema.Table) ([]Owned, error) {
	left := slices.Clone(tables)
	slices.SortFunc(left, func(a, b *schema.Table) int { return strings.Compare(a.Name, b.Name) })
	var out []Owned
	for len(left) > 0 {
		next := slices.IndexFunc(left, func(t *schema.Table) bool { return len(referring(left, t)) == 0 })
		if next < 0 {
			next = slices.IndexFunc(left, func(t *schema.Table) bool {
				return !slices.ContainsFunc(referring(left, t), func(r reference) bool { return !r.nullable })
			})
		}
		if next < 0 {
			var circle []string
			for _, t := range left {
				for _, r := range referring(left, t) {
					if !r.nullable {
						circle = append(circle, r.Table+"."+r.Column)
					}
				}
			}
			return nil, fmt.Errorf("the references %s lead in a circle and cannot be null, so that no row of them could be deleted: make one of them Optional and Nillable",
				strings.Join(circle, ", "))
		}
		owned := Owned{Table: left[next]}
		for _, r := range referring(left, owned.Table) {
			owned.Clear = append(owned.Clear, r.Reference)
		}
		out = append(out, owned)
		left = slices.Delete(left, next, next+1)
	}
	return out, nil
}

type reference struct {
	Reference
	nullable bool
}

// referring are the references of the tables to the target.
func referring(tables []*schema.Table, target *schema.Table) []reference {
	var out []reference
	for _, t := range tables {
		for _, fk := range t.ForeignKeys {
			if fk.RefTable != target {
				continue
			}
			column := fk.Columns[len(fk.Columns)-1]
			out = append(out, reference{Reference{t.Name, column.Name}, column.Nullable})
		}
	}
	return out
}
