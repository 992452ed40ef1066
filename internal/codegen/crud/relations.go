package crud

import (
	"slices"

	"entgo.io/ent/dialect/sql/schema"

	"github.com/lockstep-dev/lockstep/internal/codegen/model"
	codenames "github.com/lockstep-dev/lockstep/internal/codegen/names"
)

// relation is a column that decides who reaches which rows.
type relation struct {
	Entity *model.Entity
	Field  *model.Field
	// Constraint is the foreign key of the column; empty when there is none.
	Constraint string
}

// relationsOf are the columns that access goes by: those of the entities' relations, and the one that names a manager. Ids
// are left out, because nobody sets them.
func relationsOf(entities []*model.Entity, tables []*schema.Table, line *model.Line) []relation {
	var out []relation
	for _, e := range entities {
		var names []string
		for _, rule := range e.Rules() {
			names = append(names, slices.Concat(rule.Self, rule.Manager)...)
		}
		if line != nil && line.People == e && line.Manager != nil {
			names = append(names, codenames.Of(line.Manager))
		}
		for _, f := range e.Fields {
			if f.Ent.Name != e.Node.ID.Name && slices.Contains(names, f.Name) {
				out = append(out, relation{Entity: e, Field: f, Constraint: foreignKey(tables, e, f)})
			}
		}
	}
	return out
}

func foreignKey(tables []*schema.Table, e *model.Entity, f *model.Field) string {
	for _, t := range tables {
		if t.Name != e.Node.Table() {
			continue
		}
		for _, fk := range t.ForeignKeys {
			if slices.ContainsFunc(fk.Columns, func(c *schema.Column) bool { return c.Name == f.Ent.StorageKey() }) {
				return fk.Symbol
			}
		}
	}
	return ""
}
