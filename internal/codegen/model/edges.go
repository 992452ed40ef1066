package model

import (
	"fmt"
	"slices"

	"entgo.io/ent/entc/gen"

	"github.com/lockstep-dev/lockstep/ent/schema/contract"
)

// readEdges turns the entity's edges to many into expansions and resolves its detail view.
func (e *Entity) readEdges(byName map[string]*Entity) error {
	for _, edge := range e.Node.Edges {
		annotation, err := contract.Of(edge.Annotations)
		if err != nil {
			return fmt.Errorf("edge %s: %w", edge.Name, err)
		}
		switch {
		case annotation.Through != nil:
			if err := e.readThrough(edge, annotation.Through, byName); err != nil {
				return fmt.Errorf("edge %s: %w", edge.Name, err)
			}
		case edge.O2M() && byName[edge.Type.Name] != nil:
			e.Expansions = append(e.Expansions, &Expansion{
				Name: camel(edge.Name), Go: ogenName(camel(edge.Name)), Comment: edge.Comment(),
				Target: byName[edge.Type.Name], Edge: edge,
			})
		}
	}
	annotation, err := contract.Of(e.Node.Annotations)
	if err != nil || annotation.Detail == nil {
		return err
	}
	e.Detail = &Detail{Name: annotation.Detail.Name}
	for _, name := range annotation.Detail.Expand {
		i := slices.IndexFunc(e.Expansions, func(x *Expansion) bool { return x.Name == camel(name) && x.One == nil })
		if i < 0 {
			return fmt.Errorf("contract.Detail expands %q, which is neither an edge to many nor a name given by contract.Through", name)
		}
		e.Detail.Expansions = append(e.Detail.Expansions, e.Expansions[i])
	}
	return nil
}

// readEdgesToOne turns edges to one row into expansions. An edge by which an entity could come to hold itself is left out:
// without an array in between, ogen has no type for it.
func (e *Entity) readEdgesToOne(byName map[string]*Entity) {
	for _, edge := range e.Node.Edges {
		target := byName[edge.Type.Name]
		if !edge.Unique || edge.Field() == nil || target == nil || reaches(target.Node, e.Node, nil) {
			continue
		}
		i := slices.IndexFunc(e.Fields, func(f *Field) bool { return f.Ent.Name == edge.Field().Name })
		if i < 0 {
			continue
		}
		e.Expansions = append(e.Expansions, &Expansion{
			Name: camel(edge.Name), Go: ogenName(camel(edge.Name)), Comment: edge.Comment(),
			Target: target, Edge: edge, One: e.Fields[i],
		})
	}
}

// reaches reports whether a leads to b by edges to one.
func reaches(a, b *gen.Type, seen []*gen.Type) bool {
	if a == b {
		return true
	}
	if slices.Contains(seen, a) {
		return false
	}
	for _, edge := range a.Edges {
		if edge.Unique && edge.Field() != nil && reaches(edge.Type, b, append(seen, a)) {
			return true
		}
	}
	return false
}

// ExpandPaths are the values of the parameter expand: every expansion, and those of its target.
func (e *Entity) ExpandPaths() []string {
	var paths []string
	for _, x := range e.Expansions {
		paths = append(paths, x.Name)
		for _, below := range x.Target.Expansions {
			paths = append(paths, x.Name+"."+below.Name)
		}
	}
	return paths
}

// IsDefault reports whether get answers the expansion unasked.
func (e *Entity) IsDefault(x *Expansion) bool {
	return e.Detail != nil && slices.Contains(e.Detail.Expansions, x)
}

// readThrough resolves User.user_roles → UserRole.role as `roles`.
func (e *Entity) readThrough(edge *gen.Edge, through *contract.ThroughEdge, byName map[string]*Entity) error {
	i := slices.IndexFunc(edge.Type.Edges, func(x *gen.Edge) bool { return x.Name == through.Edge })
	if i < 0 || !edge.Type.Edges[i].Unique {
		return fmt.Errorf("contract.Through names the edge %q, but %s has no such edge to one", through.Edge, edge.Type.Name)
	}
	far := edge.Type.Edges[i]
	if byName[far.Type.Name] == nil {
		return fmt.Errorf("contract.Through shows rows of %s, which is contract.Internal: no operation may show them", far.Type.Name)
	}
	e.Expansions = append(e.Expansions, &Expansion{
		Name: camel(through.Name), Go: ogenName(camel(through.Name)), Comment: edge.Comment(),
		Target: byName[far.Type.Name], Edge: edge, Join: far, Through: byName[edge.Type.Name],
	})
	return nil
}
