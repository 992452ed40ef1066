package model

import (
	"fmt"

	"entgo.io/ent/entc/gen"

	"github.com/lockstep-dev/lockstep/ent/schema/contract"
	"github.com/lockstep-dev/lockstep/internal/codegen/ddl"
	"github.com/lockstep-dev/lockstep/internal/codegen/names"
)

// Tree is a reference of a type's rows to the row above, which never leads back: contract.Acyclic.
type Tree struct {
	Type *gen.Type
	// Field holds the id of the row above.
	Field *gen.Field
	// Children is the edge to the rows below; nil where there is none.
	Children *gen.Edge
	// Pointer is the field's place in a body.
	Pointer     string
	TenantOwned bool
}

// ReadTrees returns the trees of all types, internal ones too. Its errors say what to write instead.
func ReadTrees(graph *gen.Graph) ([]Tree, error) {
	var out []Tree
	for _, node := range graph.MutableNodes() {
		for _, edge := range node.Edges {
			annotation, err := contract.Of(edge.Annotations)
			if err != nil {
				return nil, fmt.Errorf("entity %s: edge %s: %w", node.Name, names.OfEdge(edge), err)
			}
			if !annotation.Acyclic {
				continue
			}
			if edge.Type != node {
				return nil, fmt.Errorf("entity %s: edge %s has contract.Acyclic and leads to %s: it is for an edge from an entity to itself", node.Name, names.OfEdge(edge), edge.Type.Name)
			}
			if !edge.OwnFK() || edge.Field() == nil {
				return nil, fmt.Errorf("entity %s: edge %s has contract.Acyclic, which belongs on the edge to the row above, the one with a Field", node.Name, names.OfEdge(edge))
			}
			tree := Tree{Type: node, Field: edge.Field(), Children: edge.Ref, Pointer: "/" + names.JSON(names.Of(edge.Field()))}
			for _, f := range node.Fields {
				tree.TenantOwned = tree.TenantOwned || f.StorageKey() == ddl.TenantColumn
			}
			out = append(out, tree)
		}
	}
	return out, nil
}
