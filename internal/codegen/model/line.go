package model

import (
	"fmt"
	"slices"

	"entgo.io/ent/entc/gen"

	"github.com/lockstep-dev/lockstep/internal/codegen/names"
)

// Line is the line of management that contract.ManagerOf goes down.
type Line struct {
	// People is the entity whose rows are people, and Manager its field that holds the manager's id.
	People  *Entity
	Manager *gen.Field
}

// LineOf returns the line of management of the entities whose access is declared by a relation; nil when there is none. The
// people are the entity whose ids the relations' fields hold, and the manager is its one edge to itself that has a field.
func LineOf(entities []*Entity) (*Line, error) {
	var people *gen.Type
	led := false
	for _, e := range entities {
		for _, rule := range e.Rules() {
			for _, name := range slices.Concat(rule.Self, rule.Manager) {
				held := e.holds(name)
				if held == nil {
					continue
				}
				if people != nil && people != held {
					return nil, fmt.Errorf("%s: access by the field %s is about rows of %s, and elsewhere about rows of %s: people are of one entity", e.Name, name, held.Name, people.Name)
				}
				people = held
			}
			led = led || len(rule.Manager) > 0
		}
	}
	i := slices.IndexFunc(entities, func(e *Entity) bool { return e.Node == people })
	if people == nil || i < 0 {
		if led {
			return nil, fmt.Errorf("contract.ManagerOf names fields without an edge to people: give one of them an edge")
		}
		return nil, nil
	}
	line := &Line{People: entities[i]}
	for _, edge := range people.Edges {
		if edge.Type == people && edge.Unique && edge.Field() != nil && edge.OwnFK() {
			if line.Manager != nil {
				return nil, fmt.Errorf("%s has several edges to itself: contract.ManagerOf does not know which is the manager", people.Name)
			}
			line.Manager = edge.Field()
		}
	}
	if led && line.Manager == nil {
		return nil, fmt.Errorf("contract.ManagerOf needs an edge with a field from %s to its manager", people.Name)
	}
	return line, nil
}

// holds is the type whose ids the field holds; nil when no edge says so.
func (e *Entity) holds(name string) *gen.Type {
	if name == e.Node.ID.Name {
		return e.Node
	}
	for _, edge := range e.Node.Edges {
		if field := edge.Field(); field != nil && names.Of(field) == name && edge.OwnFK() {
			return edge.Type
		}
	}
	return nil
}
