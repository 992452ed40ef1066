package model

import (
	"fmt"
	"slices"

	"github.com/lockstep-dev/lockstep/internal/codegen/names"
)

// listParameters are those that lists have whatever their fields are called.
var listParameters = []string{"limit", "cursor", "count", "sort", "expand", "q"}

// nameParameters names the list parameters that narrow by a field: as the field is called in JSON, or limitField where lists
// have a parameter of that name anyway. Those for null are dueNull, or dueIsNull beside a filter by a field due_null.
func (e *Entity) nameParameters() {
	taken := names.Set{}
	for _, name := range listParameters {
		taken[name] = true
	}
	for _, f := range e.Filters {
		if !slices.Contains(listParameters, f.JSON) {
			f.Filter = taken.Add(f.JSON)
		}
	}
	for _, f := range e.Filters {
		if f.Filter == "" {
			f.Filter = taken.Add(f.JSON)
		}
	}
	for _, x := range e.EdgeFilters() {
		x.Filter = taken.Add(names.JSON(names.OfEdge(x.Join)) + "Id")
	}
	for _, f := range e.Filters {
		if !f.Nullable {
			continue
		}
		name := f.JSON + "Null"
		if taken[name] {
			name = f.JSON + "IsNull"
		}
		f.NullFilter = taken.Add(name)
	}
}

// nameMembers refuses two members of one name in the entity's JSON.
func (e *Entity) nameMembers() error {
	members := map[string]string{}
	for _, f := range slices.Concat(e.Fields, e.Secrets) {
		members[f.JSON] = "the field " + f.Name
	}
	for _, x := range e.Expansions {
		if other, taken := members[x.Name]; taken {
			return fmt.Errorf("edge %s: its rows would be the member %q, which is %s: rename the edge, or the name that contract.Through gives it",
				names.OfEdge(x.Edge), x.Name, other)
		}
		members[x.Name] = "the edge " + names.OfEdge(x.Edge)
	}
	return nil
}

// tellApart refuses two entities that would have one place in the API.
func tellApart(entities []*Entity) error {
	held := map[string]*Entity{}
	for _, e := range entities {
		for _, name := range []string{e.Path, e.Resource, e.Permission} {
			if other := held[name]; other != nil && other != e {
				return fmt.Errorf("entities %s and %s are both %s in the API: rename one of the types; entsql.Table(\"…\") among its Annotations keeps "+
					"its table", other.Name, e.Name, name)
			}
			held[name] = e
		}
	}
	return nil
}
