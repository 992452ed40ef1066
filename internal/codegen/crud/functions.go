package crud

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"text/template"

	"entgo.io/ent/entc/gen"
	"entgo.io/ent/schema/field"
	"github.com/stoewer/go-strcase"

	"github.com/lockstep-dev/lockstep/ent/schema/contract"
	"github.com/lockstep-dev/lockstep/internal/codegen/ddl"
	"github.com/lockstep-dev/lockstep/internal/codegen/limits"
	"github.com/lockstep-dev/lockstep/internal/codegen/model"
)

var functions = template.FuncMap{
	"has":           func(e *model.Entity, verb string) bool { return e.Has(contract.Verb(verb)) },
	"rule":          ruleName,
	"guard":         guardName,
	"joinRule":      joinRule,
	"peopleRule":    readRule,
	"shown":         shown,
	"ownerField":    ownerField,
	"columns":       columns,
	"package":       packageName,
	"go":            goName,
	"method":        method,
	"foreignColumn": foreignColumn,
	"keyKind":       keyKind,
	"fits":          fits,
	"merged": func(e *model.Entity) []*model.Field {
		return slices.DeleteFunc(e.Updatable(), func(f *model.Field) bool { return !f.Merged() })
	},
	"whole":      whole,
	"byDatabase": func(f *model.Field) bool { return limits.ByDatabase(f.Ent) },
	"foreign": func(fields []*model.Field) []*model.Field {
		return slices.DeleteFunc(slices.Clone(fields), func(f *model.Field) bool { return !f.Foreign })
	},
	"columnType": func(f *model.Field) string { return limits.ColumnType(f.Ent) },
	"integers":   integers,
	"unsigned":   func(f *model.Field) bool { return f.AsText && strings.HasPrefix(f.GoType, "uint") },
	"path":       requestPath,
	"operationName": func(verb contract.Verb) string {
		if verb == contract.Read {
			return "get"
		}
		return string(verb)
	},
	"toEnt":      toEnt,
	"toWire":     toWire,
	"operation":  func(e *model.Entity) string { return e.Operations },
	"expansions": expansions,
	"lower":      lower,
	"leaf": func(all []doomed, node *gen.Type) bool {
		return slices.ContainsFunc(all, func(d doomed) bool { return d.Type == node && d.Leaf })
	},
	"checked": checked,
	"emails": func(e *model.Entity) []*model.Field {
		return having(e, func(f *model.Field) bool { return f.Limits.Email })
	},
	"sets": func(e *model.Entity) []*model.Field {
		return having(e, func(f *model.Field) bool { return f.Limits.Distinct })
	},
	"members": func(e *model.Entity) []*model.Field {
		return having(e, func(f *model.Field) bool { return f.Ent.StorageKey() != ddl.TenantColumn })
	},
	"maxDepth": func() int { return contract.MaxJSONDepth },
	"inc":      func(i int) int { return i + 1 },
	"value":    value,
	"held":     held,
	"column":   columnOf,
	"resource": strcase.LowerCamelCase,
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

// joinRule is the variable that holds who may read the rows of an expansion's join entity; empty when there is no join entity,
// or when no operation shows its rows.
func joinRule(x *model.Expansion) string {
	if x.Through == nil {
		return ""
	}
	return readRule(x.Through)
}

// readRule is the variable that holds who may read the entity's rows; empty when no operation shows them.
func readRule(e *model.Entity) string {
	switch {
	case e.Has(contract.Read):
		return ruleName(e, string(contract.Read))
	case e.Has(contract.List):
		return ruleName(e, string(contract.List))
	}
	return ""
}

// guardName is the variable that holds a field's guard: User_Email_Shown. The underscores tell it from a guard of UserEmail.
func guardName(e *model.Entity, f *model.Field) string { return e.Name + "_" + f.Go + "_Shown" }

// shown is the expression that tells whether the principal may see a field of the row.
func shown(source string, e *model.Entity, f *model.Field) string {
	owner := "uuid.Nil"
	for _, field := range e.Fields {
		if field.Name == f.Guard.Self {
			owner = idOf(source, e, field)
		}
	}
	return fmt.Sprintf("%s.Shows(principal, %s)", guardName(e, f), owner)
}

// idOf is the expression for a field's id, the zero one where it is NULL.
func idOf(source string, e *model.Entity, f *model.Field) string {
	if source != "from" && f.Ent.NillableValue() {
		return fmt.Sprintf("idOf(%s.%s)", source, f.Ent.StructField())
	}
	return value(source, e, f) // a pg.Result has the zero id for NULL
}

// ownerField is the body's Go field with the id of the user whose own the row is, by a field's guard; empty for nobody.
func ownerField(e *model.Entity, f *model.Field) string {
	for _, field := range e.Fields {
		if field.Name == f.Guard.Self {
			return field.Go
		}
	}
	return ""
}

// columns writes a list of columns of the entity as Ent's constants.
func columns(e *model.Entity, names []string) string {
	var out []string
	for _, name := range names {
		for _, f := range e.Fields {
			if f.Name == name {
				out = append(out, packageName(e.Node)+"."+f.Ent.Constant())
			}
		}
	}
	return strings.Join(out, ", ")
}

// checked reports whether bodies of the entity hold fields with limits that the contract's rules do not cover.
func checked(e *model.Entity) bool {
	return slices.ContainsFunc(e.Creatable(), func(f *model.Field) bool {
		return f.Kind == model.JSON || f.Kind == model.Bytes || f.AsText || f.Limits.Whole+f.Limits.Fraction > 0
	})
}

// having are the entity's fields, secret ones too, that keep allows.
func having(e *model.Entity, keep func(*model.Field) bool) []*model.Field {
	return slices.DeleteFunc(slices.Concat(e.Fields, e.Secrets), func(f *model.Field) bool { return !keep(f) })
}

func expansions(e *model.Entity) []*model.Expansion {
	if e.Detail == nil {
		return nil
	}
	return e.Detail.Expansions
}

// value is the expression for a field that is not NULL, of Ent's type or one that converts alike: of "row", one of Ent's,
// or of the row that the pg.Result "from" is at.
func value(source string, e *model.Entity, f *model.Field) string {
	if source != "from" {
		v := source + "." + f.Ent.StructField()
		if f.Ent.NillableValue() {
			return "*" + v
		}
		return v
	}
	column := columnOf(e, f)
	read := func(method string) string { return fmt.Sprintf("from.%s(%d)", method, column) }
	switch {
	case f.Kind == model.Enum:
		return read("String")
	case f.Ent.IsUUID() && f.GoType == "uuid.UUID":
		return read("UUID")
	case f.GoType == "pq.StringArray":
		return read("Texts")
	case f.Ent.IsJSON():
		return fmt.Sprintf("pg.Decoded[%s](from, %d)", f.GoType, column)
	case f.Ent.HasGoType():
	case f.Ent.IsString():
		return read("String")
	case f.Ent.IsBool():
		return read("Bool")
	case f.Ent.IsTime():
		return read("Time")
	case f.Ent.Type.Type == field.TypeInt64:
		return read("Int")
	case f.Ent.Type.Type == field.TypeInt:
		return "int(" + read("Int") + ")"
	case f.Ent.Type.Type == field.TypeFloat64:
		return read("Float")
	case narrow(f.Ent.Type.Type):
		return fmt.Sprintf("clamp.Int[%s](%s)", f.Ent.Type.Type, read("Int"))
	}
	return fmt.Sprintf("pg.Scanned[%s](from, %d)", f.GoType, column)
}

// narrow reports whether a column of the type takes more integers than the type has.
func narrow(t field.Type) bool {
	least, most := limits.Range(t)
	return least != "" || most != ""
}

// held is the condition that a field which can be NULL is not.
func held(source string, e *model.Entity, f *model.Field) string {
	if source != "from" {
		return source + "." + f.Ent.StructField() + " != nil"
	}
	return fmt.Sprintf("!from.IsNull(%d)", columnOf(e, f))
}

// columnOf is where a field is in what Ent selects.
func columnOf(e *model.Entity, f *model.Field) int {
	if f.Ent.Name == e.Node.ID.Name {
		return 0
	}
	return 1 + slices.IndexFunc(e.Node.Fields, func(g *gen.Field) bool { return g.Name == f.Ent.Name })
}

// toEnt converts the expression value from the wire's type to Ent's.
func toEnt(f *model.Field, value string) string {
	switch f.Kind {
	case model.Enum:
		if f.Ent.HasGoType() {
			return fmt.Sprintf("%s(%s)", f.GoType, value)
		}
		return fmt.Sprintf("ent%s(%s)", f.GoType, value) // see packageName
	case model.TextList, model.Integer, model.Number, model.String, model.Bool:
		if wireType(f) != f.GoType {
			return fmt.Sprintf("%s(%s)", f.GoType, value)
		}
	case model.Time:
		if limits.Local(f.Ent) {
			return value + ".UTC()"
		}
	}
	return value
}

// fits is the function that holds a field's numbers to its digits; empty for a field without such limits.
func fits(f *model.Field) string {
	switch {
	case f.Limits.Whole+f.Limits.Fraction == 0:
		return ""
	case f.Kind == model.Number:
		return "fitsFloat"
	}
	return "fits"
}

// integers are the least and the greatest integer that the field takes, as arguments.
func integers(f *model.Field) string {
	least, _ := strconv.ParseInt(f.Limits.Min, 10, 64) // limits.Of sets both
	most, _ := strconv.ParseInt(f.Limits.Max, 10, 64)
	if f.Limits.ExclusiveMin {
		least++
	}
	if f.Limits.ExclusiveMax {
		most--
	}
	return fmt.Sprintf("%d, %d", least, most)
}

// whole is a pointer to the wire's type of a JSON field, as a new row has it or an answer shows it; nil if neither does.
func whole(e *model.Entity, f *model.Field) string {
	switch {
	case !f.Secret:
		return fmt.Sprintf("&(&oas.%s{}).%s", e.Go, f.Go)
	case e.Has(contract.Create):
		return fmt.Sprintf("&(&oas.%sCreate{}).%s", e.Name, f.Go)
	}
	return "nil"
}

// toWire converts the expression value from Ent's type to that of the wire schema's field.
func toWire(f *model.Field, schema, value string) string {
	switch f.Kind {
	case model.Enum:
		return fmt.Sprintf("oas.%s(%s)", f.Types[schema], value)
	case model.TextList, model.Integer, model.Number, model.String, model.Bool:
		if wireType(f) != f.GoType {
			return fmt.Sprintf("%s(%s)", wireType(f), value)
		}
	case model.Decimal:
		return fmt.Sprintf("clamp.Within(%s, %d, %d)", value, f.Limits.Whole, f.Limits.Fraction)
	case model.Time:
		return fmt.Sprintf("clamp.Time(%s).UTC()", value)
	case model.Date:
		return fmt.Sprintf("clamp.Time(%s)", value)
	}
	return value
}

// wireType is the Go type that ogen gives the field's kind, where it is one type for all of the kind.
func wireType(f *model.Field) string {
	switch f.Kind {
	case model.Integer:
		if f.AsText {
			return "int64"
		}
		return "int"
	case model.Number:
		if limits.Single(f.Ent) {
			return "float32"
		}
		return "float64"
	case model.String:
		return "string"
	case model.Bool:
		return "bool"
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

// keyKind is the paging.Kind of a sort key.
func keyKind(f *model.Field) string {
	switch f.Kind {
	case model.Integer:
		return "Integer"
	case model.Number:
		if f.Limits.Whole+f.Limits.Fraction > 0 {
			return "Decimal" // of a numeric, which comes as its text
		}
		return "Number"
	case model.Decimal:
		return "Decimal"
	case model.Bool:
		return "Boolean"
	case model.Time, model.Date:
		return "Time"
	case model.UUID:
		return "ID"
	case model.String, model.Enum, model.Bytes, model.TextList, model.JSON:
	}
	return "Text"
}

// foreignColumn is where the parent's id is in what Ent selects of a child.
func foreignColumn(x *model.Expansion) int {
	return 1 + slices.IndexFunc(x.Edge.Type.Fields, func(f *gen.Field) bool { return f.StorageKey() == x.Edge.Rel.Column() })
}
