package crud

import (
	"fmt"
	"slices"
	"strconv"

	"entgo.io/ent/entc/gen"
	"entgo.io/ent/schema/field"

	"github.com/lockstep-dev/lockstep/ent/schema/contract"
	"github.com/lockstep-dev/lockstep/internal/codegen/limits"
	"github.com/lockstep-dev/lockstep/internal/codegen/model"
)

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
