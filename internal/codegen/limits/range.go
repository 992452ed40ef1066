package limits

import (
	"entgo.io/ent/schema/field"

	"github.com/lockstep-dev/lockstep/internal/codegen/validators"
)

// ranges are the integers that fit a column narrower than 64 bits. Without them a larger number would be cut on its way.
var ranges = map[field.Type][2]string{
	field.TypeInt8:   {"-128", "127"},
	field.TypeInt16:  {"-32768", "32767"},
	field.TypeInt32:  {"-2147483648", "2147483647"},
	field.TypeUint8:  {"0", "255"},
	field.TypeUint16: {"0", "65535"},
	field.TypeUint32: {"0", "4294967295"},
	field.TypeUint:   {"0", ""},
	field.TypeUint64: {"0", ""},
}

// withinType adds the limits of an integer's type where the schema sets none; a validator's are always narrower.
func withinType(t field.Type, l validators.Limits) validators.Limits {
	fits := ranges[t]
	if l.Min == "" {
		l.Min = fits[0]
	}
	if l.Max == "" {
		l.Max = fits[1]
	}
	return l
}

// Range is the integers that fit a field's type, where its column takes more; both are empty where it takes no more.
func Range(t field.Type) (least, most string) {
	if t == field.TypeInt16 || t == field.TypeInt32 { // smallint and integer
		return "", ""
	}
	return ranges[t][0], ranges[t][1]
}
