package model

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"entgo.io/ent/dialect/sql/schema"

	"github.com/lockstep-dev/lockstep/ent/schema/contract"
	"github.com/lockstep-dev/lockstep/internal/codegen/ddl"
)

// readLists resolves what the entity's lists can do.
func (e *Entity) readLists(annotation contract.Annotation) error {
	for _, use := range []struct {
		name   string
		fields []string
		to     *[]*Field
		fits   func(*Field) bool
		want   string
	}{
		{"Sort", annotation.Sort, &e.Sorts, (*Field).Ordered, "a field with an order"},
		{"Filter", annotation.Filter, &e.Filters, (*Field).Ordered, "a field that can be compared"},
		{"Search", annotation.Search, &e.Searches, func(f *Field) bool { return f.Kind == String && !f.Foreign }, "a text field"},
	} {
		for _, name := range use.fields {
			i := slices.IndexFunc(e.Fields, func(f *Field) bool { return f.Name == name })
			if i < 0 || !use.fits(e.Fields[i]) {
				return fmt.Errorf("contract.%s(%q): name %s of the entity", use.name, name, use.want)
			}
			*use.to = append(*use.to, e.Fields[i])
		}
	}
	return e.checkCursor()
}

// EdgeFilters are the expansions through a join entity by which lists can be narrowed: users with a role, `roleId=`.
func (e *Entity) EdgeFilters() []*Expansion {
	var filters []*Expansion
	for _, x := range e.Expansions {
		if x.Join != nil {
			filters = append(filters, x)
		}
	}
	return filters
}

// Ranged reports whether lists can ask for a range of the field.
func (f *Field) Ranged() bool {
	return f.Kind == Time || f.Kind == Date || f.Kind == Integer || f.Kind == Number || f.Kind == Decimal
}

// CheckIndexes returns an error for every sort and filter that no index serves, naming the index to add.
func CheckIndexes(entities []*Entity, tables []*schema.Table) error {
	var missing []error
	for _, e := range entities {
		i := slices.IndexFunc(tables, func(t *schema.Table) bool { return t.Name == e.Node.Table() })
		if i < 0 {
			continue
		}
		reported := map[string]bool{}
		for use, fields := range map[string][]*Field{"Sort": e.Sorts, "Filter": e.Filters} {
			for _, f := range fields {
				if serves(tables[i], f.Ent.StorageKey(), f.Limits.Email) || reported[f.Name] {
					continue
				}
				reported[f.Name] = true
				missing = append(missing, fmt.Errorf("entity %s: contract.%s(%q) is served by no index: add index.Fields(%q, \"id\") to its Indexes", e.Name, use, f.Name, f.Name))
			}
		}
	}
	slices.SortFunc(missing, func(a, b error) int { return strings.Compare(a.Error(), b.Error()) })
	return errors.Join(missing...)
}

// serves reports whether an index of all the table's rows begins with the column, after the tenant. Of e-mail addresses unique ones do not:
// they are of the lower case, for which row-level security lets no condition use them (lower is not leakproof).
func serves(t *schema.Table, column string, email bool) bool {
	begins := func(columns []*schema.Column) bool {
		if len(columns) > 0 && columns[0].Name == ddl.TenantColumn {
			columns = columns[1:]
		}
		return len(columns) > 0 && columns[0].Name == column
	}
	return begins(t.PrimaryKey) || slices.ContainsFunc(t.Indexes, func(i *schema.Index) bool { return ddl.Plain(i) && begins(i.Columns) && (!email || !i.Unique) })
}
