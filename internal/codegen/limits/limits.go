// Package limits completes what ent/schema says of each field: every text, array, JSON field, bytes and decimal of the API has
// a limit, its own or the default of ent/schema/contract. Contract, database and handlers read it from here, so that they agree.
package limits

import (
	"fmt"
	"regexp"
	"strconv"

	"entgo.io/ent/dialect"
	"entgo.io/ent/entc/gen"
	"entgo.io/ent/schema/field"

	"github.com/lockstep-dev/lockstep/ent/schema/contract"
	"github.com/lockstep-dev/lockstep/internal/codegen/validators"
)

// Of returns the limits of an entity's field. Fields of internal entities, which the server alone writes, get no defaults.
// Its error says which annotation does not fit the field.
func Of(node *gen.Type, f *gen.Field, found validators.Set) (validators.Limits, error) {
	l := withinType(f.Type.Type, found.Of(node.Name, f.Name))
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
	case f.Type.Type == field.TypeBytes:
		if l.MaxLen == nil {
			l.MaxLen = to(contract.DefaultMaxJSON)
		}
	case Texts(f):
		l.MaxItems, l.MaxItemLen = or(own.MaxItems, contract.DefaultMaxItems), or(own.MaxItemLen, contract.DefaultMaxItem)
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
	case Decimal(f):
		l.Whole, l.Fraction = digits(f.Column().SchemaType[dialect.Postgres])
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
	set := found.Of(node.Name, f.Name)
	switch {
	case l.MaxLen != nil && set.MaxLen == nil && f.Type.Type == field.TypeBytes:
		return fmt.Sprintf("%d bytes", *l.MaxLen)
	case l.MaxLen != nil && set.MaxLen == nil:
		return fmt.Sprintf("%d characters", *l.MaxLen)
	case Texts(f) && l.MaxItems != nil && (own.MaxItems == 0 || own.MaxItemLen == 0):
		return fmt.Sprintf("%d items of %d characters", *l.MaxItems, *l.MaxItemLen)
	case !Texts(f) && l.MaxBytes != nil && own.MaxBytes == 0:
		return fmt.Sprintf("%d bytes", *l.MaxBytes)
	case l.Whole+l.Fraction > 0 && !precise.MatchString(f.Column().SchemaType[dialect.Postgres]):
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

func misplaced(f *gen.Field, own contract.Annotation) error {
	for _, use := range []struct {
		used, fits bool
		what       string
	}{
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

var precise = regexp.MustCompile(`^(?:numeric|decimal)\s*\(\s*(\d+)\s*(?:,\s*(-?\d+)\s*)?\)$`)

// digits are those that numeric(p,s) has before and behind the point (PostgreSQL manual, "Arbitrary Precision Numbers").
func digits(column string) (whole, fraction int) {
	m := precise.FindStringSubmatch(column)
	if m == nil {
		return contract.DefaultMaxDigits, contract.DefaultMaxDigits
	}
	precision, _ := strconv.Atoi(m[1]) // digits, by the expression
	scale, _ := strconv.Atoi(m[2])     // zero when absent
	return max(precision-scale, 0), max(scale, 0)
}

func to(n uint64) *uint64 { return &n }

func or(n, otherwise uint64) *uint64 {
	if n == 0 {
		n = otherwise
	}
	return &n
}
