package paging

import (
	"entgo.io/ent/dialect/sql"
)

// Words keeps rows whose tsvector holds what the text asks for, as people write it into search engines (PostgreSQL manual,
// websearch_to_tsquery), or with the text in any of the columns. The configuration is a name and not checked.
func Words(vector, configuration string, columns []string, text string) func(*sql.Selector) {
	return func(s *sql.Selector) {
		name := s.C(vector)
		matches := sql.P(func(b *sql.Builder) {
			b.Ident(name).WriteString(" @@ websearch_to_tsquery('" + configuration + "'::regconfig, ").Arg(text).WriteString("::text)")
		})
		if len(columns) == 0 {
			s.Where(matches)
			return
		}
		s.Where(sql.Or(matches, contains(s, columns, text)))
	}
}
