package names

import (
	"slices"

	"entgo.io/ent/entc/gen"
)

// Known are the identifiers that the package takes for taken, by scope.
func Known(node *gen.Type) map[string][]string {
	out := map[string][]string{}
	add := func(of map[scope][]string) {
		for in, names := range of {
			out[string(in)] = append(out[string(in)], names...)
		}
	}
	add(reservedOf(node))
	for _, f := range node.Fields {
		add(ofField(f))
	}
	for _, e := range node.Edges {
		add(ofEdge(node, e))
	}
	return out
}

// Declared reports whether an identifier of package ent is known: to belong to no entity, or to one of those named.
func Declared(name string, entities ...string) bool {
	return slices.Contains(sharedIdents, name) || slices.ContainsFunc(entities, func(e string) bool { return slices.Contains(partsOf(e), name) })
}
