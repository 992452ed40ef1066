package limits

import (
	"cmp"
	"fmt"
	"go/constant"
	"go/token"
	"strconv"
	"strings"

	"entgo.io/ent/entc/gen"
	"entgo.io/ent/schema/field"

	"github.com/lockstep-dev/lockstep/ent/schema/contract"
	"github.com/lockstep-dev/lockstep/internal/codegen/validators"
)

// bounds are the least and the greatest number; empty for none.
type bounds struct{ least, most string }

// narrow are the integers that fit types of which the column takes more. Without them a larger number would be cut on its way.
var narrow = map[field.Type]bounds{
	field.TypeInt8:   {"-128", "127"},
	field.TypeUint8:  {"0", "255"},
	field.TypeUint16: {"0", "65535"},
	field.TypeUint32: {"0", "4294967295"},
	field.TypeUint:   {"0", ""},
	field.TypeUint64: {"0", ""},
}

// Range is the integers that fit a field's type, where its column takes more; both are empty where it takes no more.
func Range(t field.Type) (least, most string) { return narrow[t].least, narrow[t].most }

// filling are the integers of types that fill their column.
var filling = map[field.Type]bounds{
	field.TypeInt16: {"-32768", "32767"},
	field.TypeInt32: {"-2147483648", "2147483647"},
}

// The integers that a JSON number carries, and those that a bigint holds.
var (
	safe   = bounds{"-" + strconv.FormatInt(contract.MaxSafeInteger, 10), strconv.FormatInt(contract.MaxSafeInteger, 10)}
	bigint = bounds{"-9223372036854775808", "9223372036854775807"}
)

// wide reports whether integers of the type have 64 bits.
func wide(t field.Type) bool {
	return t == field.TypeInt || t == field.TypeInt64 || t == field.TypeUint || t == field.TypeUint64
}

// columnBounds are the integers that a column declared by the schema holds.
func columnBounds(column string) bounds {
	switch column {
	case "smallint", "int2":
		return filling[field.TypeInt16]
	case "integer", "int", "int4":
		return filling[field.TypeInt32]
	}
	if whole, _, scaled := digits(column); scaled {
		nines := strings.Repeat("9", max(whole, 0))
		return bounds{"-0" + nines, "0" + nines}
	}
	return bounds{}
}

// Carried is the integers that a field's type has, as far as JSON numbers carry them.
func Carried(f *gen.Field) (least, most string) {
	b := safe
	for _, own := range []bounds{narrow[f.Type.Type], filling[f.Type.Type], columnBounds(ColumnType(f))} {
		b.least, b.most = cmp.Or(own.least, b.least), cmp.Or(own.most, b.most)
	}
	return plain(b.least), plain(b.most)
}

// Capacity is the integers that a field's column holds.
func Capacity(f *gen.Field) (least, most string) {
	if b := columnBounds(ColumnType(f)); b != (bounds{}) {
		return plain(b.least), plain(b.most)
	}
	switch f.Type.Type {
	case field.TypeInt8, field.TypeUint8, field.TypeInt16:
		return filling[field.TypeInt16].least, filling[field.TypeInt16].most
	case field.TypeInt32, field.TypeUint16:
		return filling[field.TypeInt32].least, filling[field.TypeInt32].most
	}
	return bigint.least, bigint.most
}

// withinType narrows the range of an integer to those that its type, its column and the wire have. Those of a field that the
// server alone sets are left to the server. Its error is for a range that holds none, and for a default that is not in it.
func withinType(f *gen.Field, l validators.Limits, own contract.Annotation) (validators.Limits, error) {
	t := f.Type.Type
	if !f.Type.Numeric() || own.ServerOwned && wide(t) {
		return l, nil
	}
	var within []bounds
	if t.Integer() {
		within = []bounds{narrow[t], filling[t], columnBounds(ColumnType(f))}
	}
	switch {
	case own.AsText:
		within = append(within, bigint)
	case wide(t):
		within = append(within, safe)
	}
	for _, b := range within {
		if b.least != "" && (l.Min == "" || less(l.Min, b.least)) {
			l.Min, l.ExclusiveMin = plain(b.least), false
		}
		if b.most != "" && (l.Max == "" || less(b.most, l.Max)) {
			l.Max, l.ExclusiveMax = plain(b.most), false
		}
	}
	if l.Min != "" && l.Max != "" && (less(l.Max, l.Min) || !less(l.Min, l.Max) && (l.ExclusiveMin || l.ExclusiveMax)) {
		advice := ""
		if wide(t) && !own.AsText {
			advice = fmt.Sprintf(": JSON numbers are exact up to %s, contract.AsText() writes larger ones as texts", safe.most)
		}
		return l, fmt.Errorf("no number is both at least %s and at most %s%s", l.Min, l.Max, advice)
	}
	return l, defaultWithin(f, l)
}

// defaultWithin refuses a default that the field's own range does not allow, and one that Ent's loader has rounded: it hands
// numbers on as JSON, which it reads as doubles.
func defaultWithin(f *gen.Field, l validators.Limits) error {
	if !f.Default || f.DefaultFunc() {
		return nil
	}
	text := fmt.Sprint(f.DefaultValue())
	if _, err := strconv.ParseFloat(text, 64); err != nil {
		return nil
	}
	if f.Type.Type.Integer() && (less(safe.most, text) || less(text, safe.least)) {
		return fmt.Errorf("its default is beyond ±%s, where Ent rounds it on its way into the generated code: give it by a function, DefaultFunc(func() %s { return … })", safe.most, f.Type)
	}
	below := l.Min != "" && (less(text, l.Min) || l.ExclusiveMin && !less(l.Min, text))
	above := l.Max != "" && (less(l.Max, text) || l.ExclusiveMax && !less(text, l.Max))
	if below || above {
		return fmt.Errorf("its default %s is out of its own range: at least %q, at most %q", text, l.Min, l.Max)
	}
	return nil
}

func less(a, b string) bool { return constant.Compare(literal(a), token.LSS, literal(b)) }

// plain is an integer without leading zeros.
func plain(text string) string { return literal(text).ExactString() }

// literal is a number in the form in which package validators writes them.
func literal(text string) constant.Value {
	digits, negative := strings.CutPrefix(text, "-")
	if whole := strings.TrimLeft(digits, "0"); whole != "" && !strings.ContainsAny(digits, ".eE") {
		digits = whole
	}
	v := constant.MakeFromLiteral(digits, token.FLOAT, 0)
	if i := constant.ToInt(v); i.Kind() == constant.Int {
		v = i
	}
	if negative {
		return constant.UnaryOp(token.SUB, v, 0)
	}
	return v
}
