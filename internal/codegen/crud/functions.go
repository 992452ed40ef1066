package crud

import (
	"fmt"
	"slices"
	"strings"
	"text/template"

	"entgo.io/ent/entc/gen"
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
