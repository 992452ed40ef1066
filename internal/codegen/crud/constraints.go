package crud

import (
	"cmp"
	"slices"

	"entgo.io/ent/dialect/sql/schema"
	"entgo.io/ent/schema/field"

	"github.com/lockstep-dev/lockstep/internal/codegen/ddl"
	"github.com/lockstep-dev/lockstep/internal/codegen/model"
	"github.com/lockstep-dev/lockstep/internal/codegen/sqlfile"
)

// constraint leads from a constraint's name, which is all that Postgres reports, back to the fields of the contract.
type constraint struct {
	Name          string
	Entity        string   // the entity whose table has the constraint
	Fields        []string // the fields it is about, by their JSON names
	Label, Labels string
	Target        string // the label of the entity that a foreign key refers to
	Message       string // what a CHECK says to whoever breaks it; empty for none of its own
}

func constraintsOf(entities []*model.Entity, tables []*schema.Table, declared []sqlfile.Statement) []constraint {
	var out []constraint
	for _, t := range tables {
		i := slices.IndexFunc(entities, func(e *model.Entity) bool { return e.Node.Table() == t.Name })
		if i < 0 {
			continue
		}
		entity := entities[i]
		add := func(name string, columns []*schema.Column) *constraint {
			out = append(out, constraint{Name: name, Entity: entity.Name, Label: entity.Label(), Labels: entity.Labels(), Fields: fieldsOf(entity, columns)})
			return &out[len(out)-1]
		}
		for _, index := range t.Indexes { // those that are not unique refuse what is too long for an entry
			add(index.Name, index.Columns)
		}
		for _, fk := range t.ForeignKeys {
			c := add(fk.Symbol, fk.Columns)
			if i := slices.IndexFunc(entities, func(e *model.Entity) bool { return fk.RefTable != nil && e.Node.Table() == fk.RefTable.Name }); i >= 0 {
				c.Target = entities[i].Label()
			}
		}
		if t.Annotation == nil {
			continue
		}
		for name, expression := range t.Annotation.Checks {
			columns := ddl.CheckColumns(t, expression)
			c := add(name, columns)
			c.Message = entity.CheckMessage(name)
			if len(columns) == 1 && columns[0].Type == field.TypeTime && name == ddl.LimitName(t.Name, columns[0]) {
				c.Message = "Must be in the years 1 to 9999, in UTC."
			}
		}
	}
	for _, s := range declared {
		i := slices.IndexFunc(entities, func(e *model.Entity) bool { return e.Node.Table() == s.Table })
		if i >= 0 && (s.Kind == sqlfile.Constraint || s.Kind == sqlfile.Index) {
			entity := entities[i]
			t := tables[slices.IndexFunc(tables, func(t *schema.Table) bool { return t.Name == s.Table })]
			out = append(out, constraint{Name: s.Name, Entity: entity.Name, Label: entity.Label(), Labels: entity.Labels(), Fields: fieldsOf(entity, s.Columns(t))})
		}
	}
	slices.SortFunc(out, func(a, b constraint) int { return cmp.Compare(a.Name, b.Name) })
	return out
}

// fieldsOf names the contract's fields of the columns. The tenant is the server's business and is left out.
func fieldsOf(entity *model.Entity, columns []*schema.Column) []string {
	fields := []string{}
	for _, c := range columns {
		for _, f := range slices.Concat(entity.Fields, entity.Secrets) {
			if f.Ent.StorageKey() == c.Name && c.Name != ddl.TenantColumn {
				fields = append(fields, f.JSON)
			}
		}
	}
	return fields
}
