package ddl

import (
	"fmt"
	"strings"

	"entgo.io/ent/dialect/entsql"
	"entgo.io/ent/dialect/sql/schema"
	"entgo.io/ent/entc/gen"
	"entgo.io/ent/schema/field"

	"github.com/lockstep-dev/lockstep/internal/codegen/names"
	"github.com/lockstep-dev/lockstep/internal/codegen/validators"
)

// addChecks turns enums and the validators that SQL can express into CHECK constraints named <table>_<column>_check.
// MaxLen is the column's type, other sizes are a CHECK of their own; Match stays with the application, because RE2 and Postgres' expressions differ.
func addChecks(t *schema.Table, node *gen.Type, found validators.Set) error {
	checks := map[string]string{}
	for _, f := range node.Fields {
		column, ok := t.Column(f.StorageKey())
		if !ok {
			continue
		}
		var terms []string
		if f.IsEnum() {
			terms = append(terms, enumCheck(column.Name, f.EnumValues()))
		}
		terms = append(terms, limitChecks(column.Name, f.Type.Type, found.Of(node.Name, names.Of(f)))...)
		if len(terms) > 0 {
			checks[CheckName(t.Name, column)] = strings.Join(terms, " AND ")
		}
		sizes, err := sizeChecks(node, f, column, found)
		if err != nil {
			return err
		}
		if len(sizes) > 0 {
			checks[LimitName(t.Name, column)] = strings.Join(sizes, " AND ")
		}
	}
	annotation := entsql.Annotation{}
	if t.Annotation != nil {
		annotation = *t.Annotation
	}
	own, err := declaredChecks(t.Name, node, annotation)
	if err != nil {
		return err
	}
	for name, expression := range own {
		if _, taken := checks[name]; taken {
			return fmt.Errorf("entity %s: the CHECK %q is declared twice: rename the one in the schema's annotations", node.Name, name)
		}
		checks[name] = expression
	}
	if len(checks) == 0 {
		return nil
	}
	annotation.Check, annotation.Checks = "", checks
	t.Annotation = &annotation
	return nil
}

// enumCheck casts to text: Postgres reprints an IN over varchar in another form, which never compares equal again.
func enumCheck(column string, values []string) string {
	quoted := make([]string, len(values))
	for i, v := range values {
		quoted[i] = "'" + strings.ReplaceAll(v, "'", "''") + "'"
	}
	return fmt.Sprintf(`%q::text IN (%s)`, column, strings.Join(quoted, ", "))
}

func limitChecks(column string, t field.Type, limits validators.Limits) []string {
	var terms []string
	if limits.MinLen != nil && *limits.MinLen > 0 {
		terms = append(terms, fmt.Sprintf(`%s >= %d`, length(column, t), *limits.MinLen))
	}
	if limits.Min != "" {
		terms = append(terms, fmt.Sprintf(`%q %s %s`, column, bound(">", limits.ExclusiveMin), constantOf(t, limits.Min)))
	}
	if limits.Max != "" {
		terms = append(terms, fmt.Sprintf(`%q %s %s`, column, bound("<", limits.ExclusiveMax), constantOf(t, limits.Max)))
	}
	return terms
}

// length is the expression of what MinLen and MaxLen count: characters of texts, bytes of bytes.
func length(column string, t field.Type) string {
	if t == field.TypeBytes {
		return fmt.Sprintf(`octet_length(%q)`, column)
	}
	return fmt.Sprintf(`char_length(%q::text)`, column)
}

// constantOf is a limit as a constant of SQL. A real is compared with a real: it is not what a double of the same digits is.
func constantOf(t field.Type, limit string) string {
	if t == field.TypeFloat32 {
		return "'" + limit + "'::real"
	}
	return limit
}

func bound(operator string, exclusive bool) string {
	if exclusive {
		return operator
	}
	return operator + "="
}
