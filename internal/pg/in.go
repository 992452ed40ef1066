package pg

import (
	"reflect"

	"entgo.io/ent/dialect/sql"
)

// In keeps rows whose column is one of the values. However many there are, they are one parameter: a statement has 65,535
// at most (PostgreSQL manual, 55.7 "Bind"), and one text serves any number of values.
func In[T comparable](column string, values []T) func(*sql.Selector) {
	return func(s *sql.Selector) { s.Where(InColumn(s.C(column), values)) }
}

// InColumn is In for a column that is qualified already.
func InColumn[T comparable](column string, values []T) *sql.Predicate {
	values = Distinct(values)
	switch len(values) {
	case 0:
		return sql.False()
	case 1:
		// An index gives the rows of one value in its order, and those of an array in none.
		return sql.EQ(column, values[0])
	}
	return sql.P(func(b *sql.Builder) {
		b.Ident(column).WriteString(" = ANY(").Arg(array(values)).WriteString(")")
	})
}

// Distinct returns each value once, in the order in which they first came.
func Distinct[T comparable](values []T) []T {
	if len(values) < 2 {
		return values
	}
	seen := map[T]struct{}{} // often of a few values only, each many times
	var out []T
	for _, v := range values {
		if _, again := seen[v]; !again {
			seen[v] = struct{}{}
			out = append(out, v)
		}
	}
	return out
}

// array is values in a type whose arrays the driver knows: an enum's members are texts.
func array[T comparable](values []T) any {
	if reflect.TypeFor[T]().Kind() != reflect.String || reflect.TypeFor[T]() == reflect.TypeFor[string]() {
		return values
	}
	texts := make([]string, len(values))
	for i, v := range values {
		texts[i] = reflect.ValueOf(v).String()
	}
	return texts
}
