// Package limits completes what ent/schema says of each field: every text, array, JSON field, bytes and decimal of the API has
// a limit, its own or the default of ent/schema/contract. Contract, database and handlers read it from here, so that they agree.
package limits

import (
	"fmt"
	"strings"

	"entgo.io/ent/entc/gen"
	"entgo.io/ent/schema/field"

	"github.com/lockstep-dev/lockstep/ent/schema/contract"
	"github.com/lockstep-dev/lockstep/internal/codegen/names"
	"github.com/lockstep-dev/lockstep/internal/codegen/validators"
)

// Of returns the limits of an entity's field. Fields of internal entities, which the server alone writes, get no defaults.
// Its error says which annotation does not fit the field.
func Of(node *gen.Type, f *gen.Field, found validators.Set) (validators.Limits, error) {
	l := found.Of(node.Name, names.Of(f))
	entity, err := contract.Of(node.Annotations)
	if err != nil {
		return l, err
	}
	own, err := contract.Of(f.Annotations)
	if err != nil {
		return l, err
	}
	if err := misplaced(f, own); err != nil || entity.Internal {
		return l, err
	}
	column := ColumnType(f)
	if err := carried(f, column); err != nil {
		return l, err
	}
	if l, err = withinType(f, l, own); err != nil {
		return l, err
	}
	switch {
	case own.Email:
		l.Email = true
		if l.MaxLen == nil || *l.MaxLen > contract.MaxEmail {
			l.MaxLen = to(contract.MaxEmail)
		}
	case f.Type.Type == field.TypeString:
		if l.MaxLen == nil {
			l.MaxLen = to(contract.DefaultMaxText)
		}
		l.MaxLen = least(l.MaxLen, lengthOf(column))
		if numeric(column) && l.Pattern == "" {
			// Postgres would round what has more places, and take NaN.
			whole, fraction, _ := digits(column)
			l.Pattern = contract.DecimalPattern(whole, fraction)
			l.MaxLen = least(l.MaxLen, to(uint64(max(whole, 1)+fraction)+2))
		}
	case f.Type.Type == field.TypeBytes:
		if l.MaxLen == nil {
			l.MaxLen = to(contract.DefaultMaxJSON)
		}
	case Texts(f):
		l.MaxItems, l.MaxItemLen = or(own.MaxItems, contract.DefaultMaxItems), or(own.MaxItemLen, contract.DefaultMaxItem)
		l.MaxItemLen = least(l.MaxItemLen, lengthOf(strings.TrimSuffix(column, "[]")))
		l.Distinct = own.Distinct
		if f.IsJSON() {
			// What the contract allows fits: each character escaped, quotes, a comma and a space.
			l.MaxBytes = to(*l.MaxItems*(*l.MaxItemLen*6+4) + 2)
		}
	case f.IsJSON():
		l.MaxBytes = or(own.MaxBytes, contract.DefaultMaxJSON)
		if own.MaxItems > 0 {
			l.MaxItems = to(own.MaxItems)
		}
	case Decimal(f), float(f.Type.Type) && precise.MatchString(column):
		if l.Whole, l.Fraction, l.Scaled = digits(column); l.Fraction < 0 {
			return l, fmt.Errorf("a %s rounds whole digits away, and Atlas does not plan it: give it the scale 0 or more", column)
		}
	}
	if l.MinLen != nil && l.MaxLen != nil && *l.MinLen > *l.MaxLen {
		return l, fmt.Errorf("no value has at least %d and at most %d: set its maximum with MaxRuneLen, or MaxLen for bytes", *l.MinLen, *l.MaxLen)
	}
	return l, nil
}

// Defaulted says which limit a field has because the schema sets none; empty when the schema does, or none is needed.
func Defaulted(node *gen.Type, f *gen.Field, found validators.Set) string {
	l, err := Of(node, f, found)
	own, failed := contract.Of(f.Annotations)
	if err != nil || failed != nil {
		return ""
	}
	set := found.Of(node.Name, names.Of(f))
	switch {
	case l.MaxLen != nil && set.MaxLen == nil && f.Type.Type == field.TypeBytes:
		return fmt.Sprintf("%d bytes", *l.MaxLen)
	case l.MaxLen != nil && set.MaxLen == nil:
		return fmt.Sprintf("%d characters", *l.MaxLen)
	case Texts(f) && l.MaxItems != nil && (own.MaxItems == 0 || own.MaxItemLen == 0):
		return fmt.Sprintf("%d items of %d characters", *l.MaxItems, *l.MaxItemLen)
	case !Texts(f) && l.MaxBytes != nil && own.MaxBytes == 0:
		return fmt.Sprintf("%d bytes", *l.MaxBytes)
	case Decimal(f) && !l.Scaled:
		return fmt.Sprintf("%d digits before the point and %d behind it", l.Whole, l.Fraction)
	}
	return ""
}

// Texts reports whether the field is an array of texts: a text[] or a JSON column.
func Texts(f *gen.Field) bool {
	return f.Type.String() == "pq.StringArray" || f.Type.String() == "[]string"
}

// Decimal reports whether the field is a decimal number.
func Decimal(f *gen.Field) bool { return f.Type.String() == "decimal.Decimal" }

func float(t field.Type) bool { return t == field.TypeFloat64 || t == field.TypeFloat32 }

func misplaced(f *gen.Field, own contract.Annotation) error {
	for _, use := range []struct {
		used, fits bool
		what       string
	}{
		{own.AsText, wide(f.Type.Type) && !f.HasGoType(), "contract.AsText is for integers of 64 bits"},
		{own.Email, f.Type.Type == field.TypeString, "contract.Email is for field.String"},
		{own.Distinct, Texts(f), "contract.Distinct is for arrays of texts"},
		{own.MaxItemLen > 0, Texts(f), "contract.MaxItemLen is for arrays of texts"},
		{own.MaxItems > 0, Texts(f) || f.IsJSON(), "contract.MaxItems is for arrays of texts and JSON fields"},
		{own.MaxBytes > 0, f.IsJSON() && !Texts(f), "contract.MaxBytes is for JSON fields: bytes take .MaxLen, texts .MaxRuneLen"},
	} {
		if use.used && !use.fits {
			return fmt.Errorf("%s, and the type of this is %s", use.what, f.Type)
		}
	}
	return nil
}

func to(n uint64) *uint64 { return &n }

func or(n, otherwise uint64) *uint64 {
	if n == 0 {
		n = otherwise
	}
	return &n
}
