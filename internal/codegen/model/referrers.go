package model

import (
	"fmt"
	"slices"

	"entgo.io/ent/entc/gen"

	"github.com/lockstep-dev/lockstep/ent/schema/contract"
	"github.com/lockstep-dev/lockstep/internal/codegen/ddl"
	"github.com/lockstep-dev/lockstep/internal/codegen/names"
)

// Referrer is a field of some type that holds the id of an entity's row, and what happens to it when that row is deleted.
type Referrer struct {
	// Type has the field.
	Type *gen.Type
	// Column is the field.
	Column *gen.Field
	// Resource and Field are their names in the contract.
	Resource, Field string
	Action          contract.Action
}

// Referrers are the references to rows of the entity, in the order of their types and fields.
func (e *Entity) Referrers() []*Referrer { return e.referrers }

// Released are the references that deleting a row clears, or whose rows it deletes.
func (e *Entity) Released() []*Referrer {
	return slices.DeleteFunc(slices.Clone(e.referrers), func(r *Referrer) bool { return r.Action == contract.Refuse })
}

func (e *Entity) readReferrers(nodes []*gen.Type, byName map[string]*Entity) error {
	actions := map[string]contract.Action{} // by table and column
	for _, edge := range e.Node.Edges {
		annotation, err := contract.Of(edge.Annotations)
		if err != nil {
			return fmt.Errorf("edge %s: %w", names.OfEdge(edge), err)
		}
		if annotation.OnDelete == "" {
			continue
		}
		if edge.OwnFK() {
			return fmt.Errorf("edge %s: contract.OnDelete belongs on the edge of the entity that is deleted, to those that refer to it", names.OfEdge(edge))
		}
		actions[edge.Rel.Table+"."+edge.Rel.Column()] = annotation.OnDelete
	}
	for _, node := range nodes {
		if r := owned(e, node, byName); r != nil {
			e.referrers = append(e.referrers, r)
		}
		for _, edge := range node.Edges {
			if edge.Type != e.Node || !edge.OwnFK() || edge.Field() == nil {
				continue
			}
			key := edge.Rel.Table + "." + edge.Rel.Column()
			r := &Referrer{Type: node, Column: edge.Field(), Resource: camel(plural(snake(node.Name))), Field: names.JSON(names.Of(edge.Field())), Action: contract.Refuse}
			if action, ok := actions[key]; ok {
				r.Action = action
			}
			if r.Action == contract.Clear && (!r.Column.Optional || r.Column.Immutable) {
				return fmt.Errorf("contract.OnDelete(contract.Clear): %s.%s can hold no null or cannot be changed; make it Optional, Nillable and not Immutable, or use contract.Cascade", node.Name, names.Of(r.Column))
			}
			if entity := byName[node.Name]; entity != nil {
				r.Resource = entity.Resource
			}
			e.referrers = append(e.referrers, r)
		}
	}
	return nil
}

// owned is the reference of a tenant-owned type to its tenant, which has a foreign key and no edge; nil for other pairs.
func owned(e *Entity, node *gen.Type, byName map[string]*Entity) *Referrer {
	if e.Node.Table() != ddl.TenantTable || byName[node.Name] == nil {
		return nil
	}
	i := slices.IndexFunc(node.Fields, func(f *gen.Field) bool { return f.StorageKey() == ddl.TenantColumn })
	if i < 0 {
		return nil
	}
	return &Referrer{
		Type: node, Column: node.Fields[i], Resource: byName[node.Name].Resource, Field: names.JSON(ddl.TenantColumn), Action: contract.Refuse,
	}
}
