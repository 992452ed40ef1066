package crud

import (
	"fmt"
	"slices"

	"entgo.io/ent/dialect/sql/schema"
	"entgo.io/ent/entc/gen"

	"github.com/lockstep-dev/lockstep/ent/schema/contract"
	"github.com/lockstep-dev/lockstep/internal/codegen/ddl"
	"github.com/lockstep-dev/lockstep/internal/codegen/model"
)

// doomed is a type whose rows can be deleted with others, by contract.OnDelete.
type doomed struct {
	Type *gen.Type
	// By are the references by which rows of the type go with those of another, or of their own.
	By []reason
	// Takes are the references by which rows of other types, or of its own, go with those of the type.
	Takes []reason
	// Clears are the references that become null when a row of the type is deleted.
	Clears []*model.Referrer
	// Opens are references of rows that go as well, in a circle: they have to be null before a row of the type can go.
	Opens []reason
	// Leaf says that nothing refers to rows of the type: they can be deleted without being read.
	Leaf bool
}

// reason is a reference of one type's rows to another's.
type reason struct {
	From, To *gen.Type
	Column   *gen.Field
}

// doomedOf returns the types whose rows are deleted with others, or take others along: each after all that refer to it.
func doomedOf(entities []*model.Entity, tables []*schema.Table) ([]doomed, error) {
	found := map[string]*doomed{} // by table
	of := func(t *gen.Type) *doomed {
		d := found[t.Table()]
		if d == nil {
			d = &doomed{Type: t, Leaf: !slices.ContainsFunc(tables, func(other *schema.Table) bool {
				return slices.ContainsFunc(other.ForeignKeys, func(fk *schema.ForeignKey) bool { return fk.RefTable != nil && fk.RefTable.Name == t.Table() })
			})}
			found[t.Table()] = d
		}
		return d
	}
	for _, e := range entities {
		for _, r := range e.Released() {
			d := of(e.Node)
			if r.Action == contract.Clear {
				d.Clears = append(d.Clears, r)
				continue
			}
			why := reason{From: r.Type, To: e.Node, Column: r.Column}
			d.Takes = append(d.Takes, why)
			of(r.Type).By = append(of(r.Type).By, why)
		}
	}
	order, err := ddl.InOrder(slices.DeleteFunc(slices.Clone(tables), func(t *schema.Table) bool { return found[t.Name] == nil }))
	if err != nil {
		return nil, err
	}
	var out []doomed
	for _, o := range order {
		d := found[o.Table.Name]
		for _, ref := range o.Clear {
			from := found[ref.Table].Type
			i := slices.IndexFunc(from.Fields, func(f *gen.Field) bool { return f.StorageKey() == ref.Column })
			if from == d.Type || i < 0 || slices.ContainsFunc(d.Clears, func(r *model.Referrer) bool { return r.Type == from && r.Column == from.Fields[i] }) {
				continue
			}
			if from.Fields[i].Immutable {
				return nil, fmt.Errorf("%s.%s: rows of %[1]s and %[3]s refer to each other in a circle and go together, by contract.OnDelete, which takes this reference being cleared first: make it not Immutable",
					from.Name, ref.Column, d.Type.Name)
			}
			d.Opens = append(d.Opens, reason{From: from, To: d.Type, Column: from.Fields[i]})
		}
		out = append(out, *d)
	}
	return out, nil
}
