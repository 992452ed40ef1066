package paging

import (
	"strings"

	"entgo.io/ent/dialect"
	"entgo.io/ent/dialect/sql"

	"github.com/lockstep-dev/lockstep/internal/pg"
)

// Lower returns texts in lower case, as e-mail addresses are stored.
func Lower(values []string) []string {
	out := make([]string, len(values))
	for i, v := range values {
		out[i] = strings.ToLower(v)
	}
	return out
}

// Null keeps rows whose column is null, or is not.
func Null(column string, null bool) func(*sql.Selector) {
	return func(s *sql.Selector) {
		if null {
			s.Where(sql.IsNull(s.C(column)))
		} else {
			s.Where(sql.NotNull(s.C(column)))
		}
	}
}

// Contains keeps rows with the text in any of the columns, in any case. What LIKE would read as a pattern is taken as text.
func Contains(columns []string, text string) func(*sql.Selector) {
	return func(s *sql.Selector) { s.Where(contains(s, columns, text)) }
}

func contains(s *sql.Selector, columns []string, text string) *sql.Predicate {
	pattern := "%" + strings.NewReplacer(`\`, `\\`, `%`, `\%`, `_`, `\_`).Replace(text) + "%"
	var ways []*sql.Predicate
	for _, column := range columns {
		name := s.C(column)
		ways = append(ways, sql.P(func(b *sql.Builder) { b.Ident(name).WriteString(" ILIKE ").Arg(pattern) }))
	}
	return sql.Or(ways...)
}

// Linked keeps rows whose id a join table pairs with one of the ids: far is its column for the listed rows, near for the
// ids. The sub-query carries the tenant itself, because Ent's own do not; narrow puts the condition on the join table's rows
// into it, and what else they must meet.
func Linked[T comparable](schema, table, tenantColumn string, tenant any, far, near string, ids []T, narrow func(join *sql.Selector, condition func(*sql.Selector))) func(*sql.Selector) {
	return func(s *sql.Selector) {
		join := sql.Dialect(dialect.Postgres).Select().From(sql.Table(table).Schema(schema))
		join.Select(join.C(far))
		narrow(join, func(join *sql.Selector) {
			join.Where(sql.And(sql.EQ(join.C(tenantColumn), tenant), pg.InColumn(join.C(near), ids)))
		})
		s.Where(sql.In(s.C(idColumn), join))
	}
}
