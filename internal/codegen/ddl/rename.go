package ddl

import (
	"fmt"
	"strings"

	"entgo.io/ent/entc/gen"

	"github.com/lockstep-dev/lockstep/ent/schema/contract"
)

// renames are the directives by which the planner knows that a table or column goes on under another name.
func renames(graph *gen.Graph) string {
	var b strings.Builder
	for _, node := range graph.Nodes {
		if from := former(node.Annotations); from != "" {
			fmt.Fprintf(&b, "-- lockstep:rename %s=%s\n", from, node.Table())
		}
		column := func(annotations gen.Annotations, name string) {
			if from := former(annotations); from != "" {
				fmt.Fprintf(&b, "-- lockstep:rename %s.%s=%s\n", node.Table(), from, name)
			}
		}
		for _, field := range node.Fields {
			column(field.Annotations, field.StorageKey())
		}
		for _, edge := range node.Edges {
			// Beside the edge it says the same of its field.
			if edge.OwnFK() && (edge.Field() == nil || former(edge.Field().Annotations) == "") {
				column(edge.Annotations, edge.Rel.Column())
			}
		}
	}
	return b.String()
}

// former is the name an annotation gives; loading a schema turns annotations into maps.
func former(annotations gen.Annotations) string {
	switch a := annotations[contract.Rename{}.Name()].(type) {
	case map[string]any:
		from, _ := a["From"].(string)
		return from
	case contract.Rename:
		return a.From
	}
	return ""
}
