package wirenames

import (
	"fmt"
	"slices"
	"strings"

	"github.com/ogen-go/ogen/gen"
	"github.com/ogen-go/ogen/gen/ir"

	"github.com/lockstep-dev/lockstep/ent/schema/contract"
	"github.com/lockstep-dev/lockstep/internal/codegen/model"
)

// Names are ogen's, by the contract's.
type Names struct {
	types      map[string]*ir.Type      // by component
	operations map[string]*ir.Operation // by operation id
}

// Of reads the names from what ogen has made of the contract.
func Of(generator *gen.Generator) Names {
	n := Names{types: map[string]*ir.Type{}, operations: map[string]*ir.Operation{}}
	for _, t := range generator.Types() {
		if t.Schema == nil || t.Is(ir.KindGeneric) {
			continue
		}
		if name, ok := strings.CutPrefix(t.Schema.Ref.Ptr, "#/components/schemas/"); ok {
			n.types[name] = t
		}
	}
	for _, op := range generator.Operations() {
		n.operations[op.Spec.OperationID] = op
	}
	return n
}

// Type is the Go type of a component.
func (n Names) Type(component string) (string, error) {
	t := n.types[component]
	if t == nil {
		return "", fmt.Errorf("ogen has made no type of the schema %s", component)
	}
	return t.Name, nil
}

// Operation is the name of an operation's method.
func (n Names) Operation(id string) (string, error) {
	op := n.operations[id]
	if op == nil {
		return "", fmt.Errorf("ogen has made no method of the operation %s", id)
	}
	return op.Name, nil
}

// field is the struct field of a component's property; nil when there is none.
func (n Names) field(component, property string) *ir.Field {
	t := n.types[component]
	if t == nil {
		return nil
	}
	for _, f := range t.Fields {
		if f.Tag.JSON == property {
			return f
		}
	}
	return nil
}

// Property is the struct field of a component's property, and the Go type of its values; empty when there is none.
func (n Names) Property(component, property string) (name, typ string) {
	found := n.field(component, property)
	if found == nil {
		return "", ""
	}
	t := found.Type
	for t.IsGeneric() {
		t = t.GenericOf
	}
	return found.Name, t.Go()
}

// Parameter is the field of an operation's parameter.
func (n Names) Parameter(operation, name string) (string, error) {
	op := n.operations[operation]
	if op == nil {
		return "", fmt.Errorf("ogen has made no method of the operation %s", operation)
	}
	for _, p := range op.Params {
		if p.Spec.Name == name {
			return p.Name, nil
		}
	}
	return "", fmt.Errorf("ogen has made no parameter of %s of %s", name, operation)
}

// Apply tells the entities what ogen calls their parts.
func (n Names) Apply(entities []*model.Entity) error {
	for _, e := range entities {
		if err := n.apply(e); err != nil {
			return fmt.Errorf("entity %s: %w", e.Name, err)
		}
	}
	return nil
}

func (n Names) apply(e *model.Entity) error {
	var err error
	if e.Go, err = n.Type(e.Name); err != nil {
		return err
	}
	if e.HasBase() {
		if e.BaseGo, err = n.Type(e.BaseName()); err != nil {
			return err
		}
	}
	for _, verb := range e.Verbs() {
		word := string(verb)
		if verb == contract.Read {
			word = "get"
		}
		method, err := n.Operation(e.Resource + "." + word)
		if err != nil {
			return err
		}
		e.Operations = method[:len(method)-len(word)]
	}
	schemas := append(e.Views(), e.Name+"Create", e.Name+"Update")
	for _, f := range slices.Concat(e.Fields, e.Secrets) {
		f.Types = map[string]string{}
		for _, schema := range schemas {
			name, typ := n.Property(schema, f.JSON)
			if name == "" {
				continue
			}
			// Masks find a hidden field by one name in every schema.
			if len(f.Types) > 0 && f.Go != name {
				return fmt.Errorf("field %s: ogen calls it %s and %s", f.Name, f.Go, name)
			}
			f.Go, f.Types[schema] = name, typ
		}
	}
	for _, x := range e.Expansions {
		x.Go, _ = n.Property(e.Name, x.Name)
	}
	if !e.Has(contract.List) {
		return nil
	}
	list := e.Resource + ".list"
	for _, f := range e.Filters {
		if f.FilterGo, err = n.Parameter(list, f.Filter); err != nil {
			return err
		}
		if f.Nullable {
			if f.NullGo, err = n.Parameter(list, f.NullFilter); err != nil {
				return err
			}
		}
	}
	for _, x := range e.EdgeFilters() {
		if x.FilterGo, err = n.Parameter(list, x.Filter); err != nil {
			return err
		}
	}
	return nil
}
