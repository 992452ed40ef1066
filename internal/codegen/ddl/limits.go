package ddl

import (
	"fmt"
	"strings"

	"entgo.io/ent/dialect"
	"entgo.io/ent/dialect/sql/schema"
	"entgo.io/ent/entc/gen"
	"entgo.io/ent/schema/field"

	"github.com/lockstep-dev/lockstep/ent/schema/contract"
	"github.com/lockstep-dev/lockstep/internal/codegen/limits"
	"github.com/lockstep-dev/lockstep/internal/codegen/names"
	"github.com/lockstep-dev/lockstep/internal/codegen/validators"
	"github.com/lockstep-dev/lockstep/internal/pgcatalog"
)

// LimitName is the name of the CHECK that carries a column's sizes and forbids values that no answer can show. It stands apart
// from CheckName's: rows that broke it before it came can still be read, so a migration reports them and goes on.
func LimitName(table string, c *schema.Column) string {
	return symbol(table, []*schema.Column{c}, pgcatalog.LimitSuffix)
}

// sizeChecks are the terms of a field's limit. varchar(n) is its column's own.
func sizeChecks(node *gen.Type, f *gen.Field, column *schema.Column, found validators.Set) ([]string, error) {
	annotation, err := contract.Of(node.Annotations)
	if err != nil {
		return nil, err
	}
	declared := found.Of(node.Name, names.Of(f))
	if annotation.Internal {
		if f.Type.Type == field.TypeBytes && declared.MaxLen != nil {
			return []string{fmt.Sprintf(`octet_length(%q) <= %d`, column.Name, *declared.MaxLen)}, nil
		}
		return nil, nil
	}
	l, err := limits.Of(node, f, found)
	if err != nil {
		return nil, fmt.Errorf("entity %s: field %s: %w", node.Name, names.Of(f), err)
	}
	var terms []string
	add := func(form string, args ...any) { terms = append(terms, fmt.Sprintf(form, args...)) }
	name := column.Name
	switch {
	case f.Type.Type == field.TypeString && l.MaxLen != nil && !sized(column):
		add(`char_length(%q::text) <= %d`, name, *l.MaxLen)
	case f.Type.Type == field.TypeBytes && l.MaxLen != nil:
		add(`octet_length(%q) <= %d`, name, *l.MaxLen)
	case f.IsJSON() && l.MaxBytes != nil:
		add(`octet_length(%q::text) <= %d`, name, *l.MaxBytes)
	case limits.Texts(f) && l.MaxItems != nil:
		add(`cardinality(%q) <= %d`, name, *l.MaxItems)
		// The items by their sum: a CHECK holds no query of its own.
		add(`char_length(array_to_string(%q, '')) <= %d`, name, *l.MaxItems**l.MaxItemLen)
		// One dimension, and no NULL in it: that would show as a question mark.
		add(`array_to_string(%q, '') = array_to_string(%q, '', '?')`, name, name)
		add(`coalesce(array_ndims(%q), 1) = 1`, name)
	case limits.Decimal(f) && l.Whole+l.Fraction > 0:
		if l.Scaled {
			terms = append(terms, finite(name, "numeric"))
			break
		}
		// Also false of NaN, which Postgres orders behind all numbers, and of infinity.
		add(`abs(%q) < 1%s::numeric`, name, strings.Repeat("0", l.Whole))
		add(`scale(%q) <= %d`, name, l.Fraction)
	case f.Type.Type.Integer():
		// What does not fit the field's type would be cut, and what no JSON number carries be read as another.
		least, most := limits.Capacity(f)
		if declared.Min != l.Min && l.Min != least {
			add(`%q >= %s`, name, l.Min)
		}
		if declared.Max != l.Max && l.Max != most {
			add(`%q <= %s`, name, l.Max)
		}
	case f.Type.Type == field.TypeFloat64, f.Type.Type == field.TypeFloat32:
		terms = append(terms, finite(name, "float8"))
	case f.Type.Type == field.TypeTime:
		// The years 1 to 9999, which RFC 3339 writes, in a form that no session's time zone changes; infinity is beyond.
		add(`date_part('epoch', %q) >= -62135596800`, name)
		add(`date_part('epoch', %q) < 253402300800`, name)
	}
	return terms, nil
}

// sized reports whether the column's type limits its length.
func sized(c *schema.Column) bool {
	if own := c.SchemaType[dialect.Postgres]; own != "" {
		return strings.Contains(own, "(")
	}
	return c.Size > 0 && c.Size < maxVarchar
}

// finite is false of NaN, which Postgres orders behind infinity.
func finite(column, kind string) string {
	return fmt.Sprintf(`%q > '-Infinity'::%s AND %q < 'Infinity'::%s`, column, kind, column, kind)
}
