package limits

import (
	"fmt"
	"slices"
	"strings"

	"entgo.io/ent/entc/gen"
	"entgo.io/ent/schema/field"
)

var (
	integers = []string{"smallint", "int2", "integer", "int", "int4", "bigint", "int8", "smallserial", "serial", "bigserial"}
	singles  = []string{"real", "float4"}
	doubles  = []string{"double precision", "float8", "float"}
	numerics = []string{"numeric", "decimal", "dec"}
)

// carriers are the types of columns that carry each value of a Go type, there and back.
var carriers = map[field.Type][]string{
	field.TypeBool:    {"boolean", "bool"},
	field.TypeUUID:    {"uuid"},
	field.TypeBytes:   {"bytea"},
	field.TypeEnum:    {"text", "varchar", "character varying"},
	field.TypeFloat32: singles,
	field.TypeFloat64: slices.Concat(singles, doubles, numerics),
}

// better are the fields to take for a column of which a text is not the value: it would be answered in another form than is
// stored, be cut or be rounded.
var better = map[string]string{
	"date": "field.Time with this SchemaType", "timestamp": "field.Time", "timestamptz": "field.Time", "real": "field.Float", "float4": "field.Float",
	"double precision": "field.Float", "float8": "field.Float", "float": "field.Float", "bytea": "field.Bytes", "name": "varchar(63): it is Postgres' own, and cuts what is longer",
	`"char"`: "varchar(1)", "money": "numeric(19,2): what it shows depends on the server's locale",
}

// numeric reports whether a column is a numeric.
func numeric(column string) bool { return slices.Contains(numerics, baseOf(column)) }

// carried refuses a field whose column does not carry each of its values: reading one back would fail, or show another one.
func carried(f *gen.Field, column string) error {
	if column == "" {
		return nil
	}
	base := baseOf(column)
	refuse := func(advice string) error {
		return fmt.Errorf("a %s cannot be kept in a column of type %s: take %s", f.Type, column, advice)
	}
	array := strings.HasSuffix(column, "]")
	t := f.Type.Type
	switch {
	case f.Type.String() == "pq.StringArray":
		if !array {
			return refuse("an array, such as text[]")
		}
		if instead, known := better[strings.TrimSpace(strings.TrimSuffix(base, "[]"))]; known {
			return refuse("text[], or for each item " + instead)
		}
	case Decimal(f):
		if !numeric(column) || array {
			return refuse("numeric with its digits, such as numeric(12,2)")
		}
	case f.IsJSON():
		if base != "json" && base != "jsonb" {
			return refuse("jsonb; for an array of Postgres field.Other with pq.StringArray{}")
		}
	case t.Integer():
		if _, fraction, scaled := digits(column); numeric(column) && scaled && fraction == 0 {
			return nil
		}
		if numeric(column) {
			return refuse("a numeric without places, such as numeric(20,0), or decimal.Decimal by field.Other")
		}
		if !slices.Contains(integers, base) {
			return refuse("an integer, such as bigint")
		}
	case t == field.TypeString:
		if instead, known := better[base]; known && !array {
			return refuse(instead)
		}
		if array {
			return refuse("an array by field.Other with pq.StringArray{}")
		}
	case t == field.TypeEnum:
		if !slices.Contains(carriers[t], base) {
			return refuse("text or varchar")
		}
		for _, value := range f.EnumValues() {
			if most := lengthOf(column); most != nil && uint64(len([]rune(value))) > *most {
				return refuse(fmt.Sprintf("a longer one: the value %q has %d characters", value, len([]rune(value))))
			}
		}
	case carriers[t] != nil && !slices.Contains(carriers[t], base):
		return refuse(carriers[t][0])
	}
	return nil
}
