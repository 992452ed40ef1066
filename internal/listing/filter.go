package listing

import (
	"strings"

	"entgo.io/ent/dialect/sql"

	"github.com/lockstep-dev/lockstep/internal/postgres"
)

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
	pattern := "%" + strings.NewReplacer(`\`, `\\`, `%`, `\%`, `_`, `\_`).Replace(text) + "%"
	return func(s *sql.Selector) {
		var ways []*sql.Predicate
		for _, column := range columns {
			name := s.C(column)
			ways = append(ways, sql.P(func(b *sql.Builder) { b.Ident(name).WriteString(" ILIKE ").Arg(pattern) }))
		}
		s.Where(sql.Or(ways...))
	}
}

// Linked keeps rows whose id a join table pairs with one of the ids: far is its column for the listed rows, near for the
// ids. The sub-query carries the tenant itself, because Ent's own do not.
func Linked[T comparable](schema, table, tenantColumn string, tenant any, far, near string, ids []T) func(*sql.Selector) {
	return func(s *sql.Selector) {
		join := sql.Table(table).Schema(schema)
		s.Where(sql.In(s.C(idColumn), sql.Select(join.C(far)).From(join).Where(sql.And(
			sql.EQ(join.C(tenantColumn), tenant), postgres.InColumn(join.C(near), ids)))))
	}
}
