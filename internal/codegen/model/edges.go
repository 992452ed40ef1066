package model

import (
	"fmt"
	"slices"

	"entgo.io/ent/entc/gen"

	"github.com/lockstep-dev/lockstep/ent/schema/contract"
	"github.com/lockstep-dev/lockstep/internal/codegen/names"
)

// readEdges turns the entity's edges to many into expansions and resolves its detail view.
func (e *Entity) readEdges(byName map[string]*Entity) error {
	for _, edge := range e.Node.Edges {
		annotation, err := contract.Of(edge.Annotations)
		if err != nil {
			return fmt.Errorf("edge %s: %w", names.OfEdge(edge), err)
		}
		switch {
		case annotation.Through != nil:
			if err := e.readThrough(edge, annotation.Through, byName); err != nil {
				return fmt.Errorf("edge %s: %w", names.OfEdge(edge), err)
			}
		case edge.O2M() && byName[edge.Type.Name] != nil:
			e.Expansions = append(e.Expansions, &Expansion{
				Name: names.JSON(names.OfEdge(edge)), Comment: edge.Comment(),
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
		i := slices.IndexFunc(e.Expansions, func(x *Expansion) bool { return x.Name == names.JSON(name) && !x.Single })
		if i < 0 {
			return fmt.Errorf("contract.Detail expands %q, which is neither an edge to many nor a name given by contract.Through", name)
		}
		e.Detail.Expansions = append(e.Detail.Expansions, e.Expansions[i])
	}
	return nil
}

// readEdgesToOne turns edges to one row into expansions: those of which the entity holds the reference, and those of which the
// one row does.
func (e *Entity) readEdgesToOne(byName map[string]*Entity) {
	for _, edge := range e.Node.Edges {
		target := byName[edge.Type.Name]
		if !edge.Unique || target == nil {
			continue
		}
		x := &Expansion{Name: names.JSON(names.OfEdge(edge)), Comment: edge.Comment(), Target: target, Edge: edge, Single: true}
		if edge.OwnFK() {
			i := slices.IndexFunc(e.Fields, func(f *Field) bool { return f.Ent.Name == edge.Field().Name })
			if i < 0 {
				continue // never shown
			}
			x.One = e.Fields[i]
		}
		e.Expansions = append(e.Expansions, x)
	}
}

// markCircles finds the expansions to one row by which an entity could come to hold itself. Arrays in between make no circle
// of types: these have a size whatever they hold.
func markCircles(entities []*Entity) {
	for _, e := range entities {
		for _, x := range e.Expansions {
			if x.Circular = leads(x.Target, e, map[*Entity]bool{}); x.Circular {
				x.Target.base = true
			}
		}
	}
}

// leads reports whether a is b, or leads to it by expansions to one row.
func leads(a, b *Entity, seen map[*Entity]bool) bool {
	if a == b {
		return true
	}
	if seen[a] {
		return false
	}
	seen[a] = true
	return slices.ContainsFunc(a.Expansions, func(x *Expansion) bool { return leads(x.Target, b, seen) })
}

// ExpandPaths are the values of the parameter expand: every expansion, and those of its target.
func (e *Entity) ExpandPaths() []string {
	var paths []string
	for _, x := range e.Expansions {
		paths = append(paths, x.Name)
		for _, below := range x.Below() {
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
	i := slices.IndexFunc(edge.Type.Edges, func(x *gen.Edge) bool { return names.OfEdge(x) == through.Edge })
	if i < 0 || !edge.Type.Edges[i].Unique {
		return fmt.Errorf("contract.Through names the edge %q, but %s has no such edge to one", through.Edge, edge.Type.Name)
	}
	far := edge.Type.Edges[i]
	if byName[far.Type.Name] == nil {
		return fmt.Errorf("contract.Through shows rows of %s, which is contract.Internal: no operation may show them", far.Type.Name)
	}
	e.Expansions = append(e.Expansions, &Expansion{
		Name: names.JSON(through.Name), Comment: edge.Comment(),
		Target: byName[far.Type.Name], Edge: edge, Join: far, Through: byName[edge.Type.Name],
	})
	return nil
}
