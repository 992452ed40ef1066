package wirenames

import (
	"fmt"
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

func (n Names) parameter(operation, name string) (string, error) {
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
	schemas := []string{e.Name, e.Name + "Create", e.Name + "Update", e.DetailName()}
	for _, f := range append(append([]*model.Field{}, e.Fields...), e.Secrets...) {
		f.Types = map[string]string{}
		for _, schema := range schemas {
			found := n.field(schema, f.JSON)
			if found == nil {
				continue
			}
			if f.Go != "" && f.Types != nil && len(f.Types) > 0 && f.Go != found.Name {
				return fmt.Errorf("field %s: ogen calls it %s and %s", f.Name, f.Go, found.Name)
			}
			f.Go = found.Name
			t := found.Type
			for t.IsGeneric() {
				t = t.GenericOf
			}
			f.Types[schema] = t.Name
		}
	}
	for _, x := range e.Expansions {
		if found := n.field(e.Name, x.Name); found != nil {
			x.Go = found.Name
		}
	}
	if !e.Has(contract.List) {
		return nil
	}
	list := e.Resource + ".list"
	for _, f := range e.Filters {
		if f.FilterGo, err = n.parameter(list, f.Filter); err != nil {
			return err
		}
		if f.Nullable {
			if f.NullGo, err = n.parameter(list, f.NullFilter); err != nil {
				return err
			}
		}
	}
	for _, x := range e.EdgeFilters() {
		if x.FilterGo, err = n.parameter(list, x.Filter); err != nil {
			return err
		}
	}
	return nil
}
