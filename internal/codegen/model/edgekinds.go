package model

import (
	"fmt"
	"strings"

	"entgo.io/ent/entc/gen"

	"github.com/lockstep-dev/lockstep/internal/codegen/ddl"
	"github.com/lockstep-dev/lockstep/internal/codegen/names"
)

// checkEdges refuses the edges of a type, internal ones too, that Ent accepts and that cannot do what they say: by writing
// rows of which nobody is told, or by being out of reach of every operation. Its errors say what to write instead.
func checkEdges(node *gen.Type) error {
	holders := map[string]*gen.Edge{} // by the field that holds the reference
	for _, edge := range node.Edges {
		field := edge.Field()
		switch {
		case edge.M2M():
			tree := ""
			if edge.Bidi {
				tree = `; for a tree, add .From("parent").Unique().Field("parent_id") to it`
			}
			return fmt.Errorf("edge %s is many-to-many: its join table would carry no tenant; link through a join entity with the TenantOwned mixin%s", names.OfEdge(edge), tree)
		case edge.Bidi && edge.O2O() && edge.Ref != nil:
			// Ent looks at the edges in their order, and takes this one for its own inverse before it comes to the other.
			return fmt.Errorf("edge %s leads from %s to itself and stands before its inverse: Ent would write both rows, by a column of each; "+
				`declare the two as one, edge.To(%q, %s.Type).Unique().From(%q).Unique().Field(%q)`,
				names.OfEdge(edge), node.Name, names.OfEdge(edge), node.Name, names.OfEdge(edge.Ref), fieldName(edge.Ref))
		case edge.Bidi && edge.O2O():
			return fmt.Errorf("edge %s leads from %s to itself and has no inverse: Ent would write the row at its other end too, without a version of its own; "+
				`declare both ends, edge.To("name_of_the_other", %s.Type).From(%q).Unique().Field(%q), with .Unique() before .From where the other is one row as well`,
				names.OfEdge(edge), node.Name, node.Name, names.OfEdge(edge), fieldName(edge))
		case edge.OwnFK() && field == nil:
			return fmt.Errorf(`edge %s has no field that holds its reference, so that no operation could set it: add field.UUID(%q, uuid.UUID{}) to the Fields and .Field(%[2]q) to the edge`,
				names.OfEdge(edge), fieldName(edge))
		case !edge.OwnFK() && edge.Ref == nil:
			name := snake(node.Name)
			return fmt.Errorf(`edge %s has no inverse, so that no operation could set it: add edge.From(%q, %s.Type).Ref(%q).Unique().Field(%q) to %s`,
				names.OfEdge(edge), name, node.Name, names.OfEdge(edge), name+"_id", edge.Type.Name)
		case !edge.OwnFK() && !edge.Optional:
			return fmt.Errorf("edge %s is Required, and %s refers to %s: none could be created, because its %s come later; take .Required() away",
				names.OfEdge(edge), edge.Type.Name, node.Name, strings.ReplaceAll(names.OfEdge(edge), "_", " "))
		}
		if field == nil {
			continue
		}
		if other := holders[field.Name]; other != nil {
			return fmt.Errorf("edges %s and %s share the field %s: give each a field of its own", names.OfEdge(other), names.OfEdge(edge), names.Of(field))
		}
		holders[field.Name] = edge
		if field.StorageKey() == ddl.TenantColumn || field.Name == node.ID.Name {
			return fmt.Errorf("edge %s is held by the field %s, which the server sets: give it a field of its own", names.OfEdge(edge), names.Of(field))
		}
	}
	return nil
}

// fieldName is how the field of an edge to one row is called by convention.
func fieldName(edge *gen.Edge) string {
	if field := edge.Field(); field != nil {
		return names.Of(field)
	}
	return names.OfEdge(edge) + "_id"
}
