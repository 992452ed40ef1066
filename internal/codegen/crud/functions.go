package crud

import (
	"fmt"
	"slices"
	"strings"
	"text/template"

	"entgo.io/ent/entc/gen"
	"entgo.io/ent/schema/field"

	"github.com/lockstep-dev/lockstep/ent/schema/contract"
	"github.com/lockstep-dev/lockstep/internal/codegen/model"
)

var functions = template.FuncMap{
	"has":     func(e *model.Entity, verb string) bool { return e.Has(contract.Verb(verb)) },
	"rule":    ruleName,
	"guard":   guardName,
	"owner":   ownerField,
	"columns": columns,
	"package": packageName,
	"go":      goName,
	"method":  method,
	"foreign": foreign,
	"keyKind": keyKind,
	"path":    requestPath,
	"operationName": func(verb contract.Verb) string {
		if verb == contract.Read {
			return "get"
		}
		return string(verb)
	},
	"toEnt":      toEnt,
	"toWire":     toWire,
	"operation":  func(e *model.Entity) string { return goName(e.Resource) },
	"expansions": expansions,
	"lower":      lower,
	"released":   releases,
	"jsonFields": jsonFields,
	"inc":        func(i int) int { return i + 1 },
	"stored":     stored,
	"scan":       scan,
	"dict": func(values ...any) map[string]any {
		m := map[string]any{}
		for i := 0; i+1 < len(values); i += 2 {
			m[values[i].(string)] = values[i+1]
		}
		return m
	},
}

// ruleName is the variable in access.go that holds the rule: UserRead.
func ruleName(e *model.Entity, verb string) string { return e.Name + goName(verb) }

// guardName is the variable that holds a field's guard: UserEmailShown.
func guardName(e *model.Entity, f *model.Field) string { return e.Name + f.Go + "Shown" }

// ownerField is the Go field of a row that says whose own it is, for a guard.
func ownerField(e *model.Entity, f *model.Field) string {
	for _, owner := range e.Fields {
		if owner.Ent.Name == f.Guard.Self {
			return owner.Ent.StructField()
		}
	}
	return ""
}

// columns writes a list of columns of the entity as Ent's constants.
func columns(e *model.Entity, names []string) string {
	var out []string
	for _, name := range names {
		for _, f := range e.Fields {
			if f.Ent.Name == name {
				out = append(out, packageName(e.Node)+"."+f.Ent.Constant())
			}
		}
	}
	return strings.Join(out, ", ")
}

// releases reports whether deleting rows of the type does something to those that refer to them.
func releases(entities []*model.Entity, node *gen.Type) bool {
	return slices.ContainsFunc(entities, func(e *model.Entity) bool { return e.Node == node && len(e.Released()) > 0 })
}

// jsonFields reports whether bodies of the entity hold JSON fields.
func jsonFields(e *model.Entity) bool {
	return slices.ContainsFunc(e.Creatable(), func(f *model.Field) bool { return f.Kind == model.JSON })
}

func expansions(e *model.Entity) []*model.Expansion {
	if e.Detail == nil {
		return nil
	}
	return e.Detail.Expansions
}

// stored are the entity's columns in the order in which Ent selects them.
func stored(e *model.Entity) []*gen.Field {
	return append([]*gen.Field{e.Node.ID}, e.Node.Fields...)
}

// scan writes the statement that reads a column into the row.
func scan(f *gen.Field, column int) string {
	target := "row." + f.StructField()
	if f.IsJSON() {
		return fmt.Sprintf("from.JSON(%d, &%s)", column, target)
	}
	value := scanValue(f, column)
	switch {
	case value == "" && !f.NillableValue():
		return fmt.Sprintf("from.Scan(%d, &%s)", column, target)
	case value == "":
		return fmt.Sprintf("if !from.IsNull(%d) {\n%s = new(%s)\nfrom.Scan(%d, %s)\n}", column, target, f.Type, column, target)
	case f.NillableValue():
		return fmt.Sprintf("if !from.IsNull(%d) {\nvalue := %s\n%s = &value\n}", column, value, target)
	case f.Optional:
		return fmt.Sprintf("if !from.IsNull(%d) {\n%s = %s\n}", column, target, value)
	}
	return target + " = " + value
}

// scanValue is the expression for a column's value where there is a fast one, else empty.
func scanValue(f *gen.Field, column int) string {
	read := func(method string) string { return fmt.Sprintf("from.%s(%d)", method, column) }
	switch {
	case f.IsEnum() && f.HasGoType():
		return fmt.Sprintf("%s(%s)", f.Type, read("String"))
	case f.IsEnum():
		return fmt.Sprintf("ent%s(%s)", f.Type, read("String")) // see packageName
	case f.IsUUID() && f.Type.String() == "uuid.UUID":
		return read("UUID")
	case f.HasGoType():
		return ""
	case f.IsString():
		return read("String")
	case f.IsBool():
		return read("Bool")
	case f.IsTime():
		return read("Time")
	case f.Type.Type == field.TypeInt64:
		return read("Int")
	case f.Type.Type == field.TypeInt:
		return "int(" + read("Int") + ")"
	case f.Type.Type == field.TypeFloat64:
		return read("Float")
	}
	return ""
}

// toEnt converts the expression value from the wire's type to Ent's.
func toEnt(f *model.Field, value string) string {
	switch f.Kind {
	case model.Enum:
		if f.Ent.HasGoType() {
			return fmt.Sprintf("%s(%s)", f.GoType, value)
		}
		return fmt.Sprintf("ent%s(%s)", f.GoType, value) // see packageName
	case model.TextList, model.Integer, model.Number:
		if wireType(f) != f.GoType {
			return fmt.Sprintf("%s(%s)", f.GoType, value)
		}
	}
	return value
}

// toWire converts the expression value from Ent's type to that of the wire schema's field.
func toWire(f *model.Field, schema, value string) string {
	switch f.Kind {
	case model.Enum:
		return fmt.Sprintf("oas.%s%s(%s)", schema, f.Go, value)
	case model.TextList, model.Integer, model.Number:
		if wireType(f) != f.GoType {
			return fmt.Sprintf("%s(%s)", wireType(f), value)
		}
	case model.Time:
		return value + ".UTC()"
	}
	return value
}

// wireType is the Go type that ogen gives the field's kind, where it is one type for all of the kind.
func wireType(f *model.Field) string {
	switch f.Kind {
	case model.Integer:
		return "int"
	case model.Number:
		return f.GoType // float64 or float32, as the contract's format says
	case model.TextList:
		return "[]string"
	}
	return ""
}

// packageName is under which name generated files import an entity's Ent package: apart from all local variables, or an
// entity called Order or Page would hide behind one.
func packageName(node *gen.Type) string { return "ent" + node.PackageDir() }

func goName(name string) string { return string(name[0]-'a'+'A') + name[1:] }

func lower(name string) string { return string(name[0]-'A'+'a') + name[1:] }

func method(verb contract.Verb) string {
	switch verb {
	case contract.Create:
		return "POST"
	case contract.Update:
		return "PATCH"
	case contract.Delete:
		return "DELETE"
	case contract.Read, contract.List:
	}
	return "GET"
}

func requestPath(e *model.Entity, verb contract.Verb) string {
	if verb == contract.List || verb == contract.Create {
		return e.Path
	}
	return e.Path + "/{id}"
}

// keyKind is the listing.Kind of a sort key.
func keyKind(f *model.Field) string {
	switch f.Kind {
	case model.Integer, model.Number:
		return "Number"
	case model.Bool:
		return "Boolean"
	case model.Time, model.Date:
		return "Time"
	case model.UUID:
		return "ID"
	case model.String, model.Enum, model.Decimal, model.Bytes, model.TextList, model.JSON:
	}
	return "Text"
}

// foreign is the expression for the parent's id that a child, or a row of the join entity, holds.
func foreign(x *model.Expansion, row string) string {
	for _, f := range x.Edge.Type.Fields {
		if f.StorageKey() != x.Edge.Rel.Column() {
			continue
		}
		if f.Nillable {
			return "*" + row + "." + f.StructField()
		}
		return row + "." + f.StructField()
	}
	return "uuid.Nil"
}
