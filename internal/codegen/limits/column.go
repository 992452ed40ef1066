package limits

import (
	"regexp"
	"slices"
	"strconv"
	"strings"

	"entgo.io/ent/dialect"
	"entgo.io/ent/entc/gen"
	"entgo.io/ent/schema/field"

	"github.com/lockstep-dev/lockstep/ent/schema/contract"
)

// ColumnType is the type that the schema gives a field's column, in lower case with single spaces; empty for Ent's own.
func ColumnType(f *gen.Field) string {
	return strings.Join(strings.Fields(strings.ToLower(f.Column().SchemaType[dialect.Postgres])), " ")
}

var (
	precise     = regexp.MustCompile(`^(?:numeric|decimal|dec) ?\( ?(\d+) ?(?:, ?(-?\d+) ?)?\)$`)
	lengthed    = regexp.MustCompile(`^(?:character varying|varchar|character|char|bpchar|bit varying|varbit|bit) ?\( ?(\d+) ?\)$`)
	parentheses = regexp.MustCompile(`\([^)]*\)`)
	instants    = regexp.MustCompile(`^timestamp(?:tz)?(?: ?\( ?\d ?\))?(?: with(?:out)? time zone)?$`)
)

// digits are those that numeric(p,s) has before and behind the point, negative where it asks for zeros there, and whether it is
// one (PostgreSQL manual, "Arbitrary Precision Numbers").
func digits(column string) (whole, fraction int, scaled bool) {
	m := precise.FindStringSubmatch(column)
	if m == nil {
		return contract.DefaultMaxDigits, contract.DefaultMaxDigits, false
	}
	precision, _ := strconv.Atoi(m[1]) // digits, by the expression
	scale, _ := strconv.Atoi(m[2])     // zero when absent
	return precision - scale, scale, true
}

// longest are characters enough for any text that a column of the type reads.
var longest = map[string]uint64{
	"char": 1, "character": 1, "bpchar": contract.DefaultMaxText, "inet": 50, "cidr": 50, "macaddr": 30, "macaddr8": 40, "uuid": 40,
	"time": 30, "timetz": 40, "interval": 100, "date": 30, "timestamp": 50, "timestamptz": 50, "money": 50,
}

// lengthOf is how many characters a column of the type holds, or reads; nil for no limit.
func lengthOf(column string) *uint64 {
	m := lengthed.FindStringSubmatch(column)
	if m == nil {
		if n, ok := longest[baseOf(column)]; ok {
			return &n
		}
		return nil
	}
	n, err := strconv.ParseUint(m[1], 10, 64)
	if err != nil {
		return nil
	}
	return &n
}

// baseOf is a type of column without its length or precision, and with the short names of times.
func baseOf(column string) string {
	name, _, _ := strings.Cut(strings.Join(strings.Fields(parentheses.ReplaceAllString(column, " ")), " "), " without time zone")
	if head, ok := strings.CutSuffix(name, " with time zone"); ok {
		name = head + "tz"
	}
	return name
}

// least is the smaller of two limits, of which the second may be none.
func least(a, b *uint64) *uint64 {
	if b != nil && *b < *a {
		return b
	}
	return a
}

// Instant reports whether a field.Time can be kept in a column of the type, and Local whether it keeps no time zone there.
func Instant(f *gen.Field) bool {
	column := ColumnType(f)
	return column == "" || column == "date" || instants.MatchString(column)
}

// Local reports whether a field.Time is kept without its time zone, in a timestamp: it must be in UTC then.
func Local(f *gen.Field) bool {
	column := ColumnType(f)
	return strings.HasPrefix(column, "timestamp") && !strings.HasPrefix(column, "timestamptz") && !strings.HasSuffix(column, "with time zone")
}

// keeping are the types of columns that keep each value of the field's type as it is given.
var keeping = map[field.Type][]string{
	field.TypeString:  {"text", "varchar", "character varying"},
	field.TypeEnum:    {"text", "varchar", "character varying"},
	field.TypeInt8:    {"smallint", "int2", "integer", "int", "int4", "bigint", "int8"},
	field.TypeInt16:   {"smallint", "int2", "integer", "int", "int4", "bigint", "int8"},
	field.TypeInt32:   {"integer", "int", "int4", "bigint", "int8"},
	field.TypeUint8:   {"smallint", "int2", "integer", "int", "int4", "bigint", "int8"},
	field.TypeUint16:  {"integer", "int", "int4", "bigint", "int8"},
	field.TypeUint32:  {"bigint", "int8"},
	field.TypeInt:     {"bigint", "int8"},
	field.TypeInt64:   {"bigint", "int8"},
	field.TypeUint:    {"bigint", "int8"},
	field.TypeUint64:  {"bigint", "int8"},
	field.TypeFloat32: {"real", "float4"},
	field.TypeFloat64: {"double precision", "float8"},
	field.TypeTime:    {"timestamptz", "timestamp with time zone", "date"},
	field.TypeUUID:    {"uuid"},
	field.TypeBool:    {"boolean", "bool"},
	field.TypeBytes:   {"bytea"},
}

// Kept reports whether the column keeps each value just as it is given, so that whoever has written a row knows what it holds.
// What Postgres writes in another form (12:30 as 12:30:00, -0 in a jsonb as 0), rounds or adds by itself has to be read.
func Kept(f *gen.Field) bool {
	if ByDatabase(f) {
		return false
	}
	column := ColumnType(f)
	switch {
	case f.Type.String() == "pq.StringArray":
		return column == "text[]" || column == "varchar[]"
	case f.IsJSON(), f.IsOther(), f.HasValueScanner():
		return false
	case column == "" || f.IsString() && (strings.HasPrefix(column, "varchar") || strings.HasPrefix(column, "character varying")) && lengthOf(column) != nil:
		return true
	}
	return slices.Contains(keeping[f.Type.Type], column)
}

// ByDatabase reports whether the database fills in a value of its own where none is given.
func ByDatabase(f *gen.Field) bool {
	a := f.EntSQL()
	return a != nil && !f.Default && (a.Default != "" || a.DefaultExpr != "" || len(a.DefaultExprs) > 0)
}

// Single reports whether a number has the digits of a float32: by its type, or because its column is a real.
func Single(f *gen.Field) bool {
	column := ColumnType(f)
	return f.Type.Type == field.TypeFloat32 || f.Type.Type == field.TypeFloat64 && (column == "real" || column == "float4")
}
