package access

import (
	"fmt"
	"slices"

	"entgo.io/ent/dialect"
	"entgo.io/ent/dialect/sql"
)

// How much is looked at before another way is taken. Measured in a tenant of 1,000,000 users: to fetch the rows of 5,000
// people takes 45 ms, to ask 5,000 rows upward 100 ms.
var usual = Bounds{Nearby: 5000, PerParent: 500, Steep: 1000}

// Bounds are how much a statement looks at before it takes another way.
type Bounds struct {
	// Nearby is how many people below the caller are looked at, and how many rows of a list are asked upward.
	Nearby int
	// PerParent is how many related rows of one row are asked upward.
	PerParent int
	// Steep is the most managers above one row that are asked while a list is walked.
	Steep int
}

// Page makes the query one of the first rows in an order, within reach and where all conditions hold. Limit is the
// query's own; zero means all rows, and then order may be nil. It suits queries that carry no conditions but the tenant's
// besides.
//
// One statement holds three ways, and Postgres runs the one whose condition is true. The rows of those below, fetched by
// their keys, when these are few. Else the rows in the list's order, each asked upward, until the page is full. Else, when
// many rows did not fill it, the rows of all below. No way reads the tenant for somebody who leads few, and none depends
// on what the planner believes of the tenant: plans are kept, and serve small tenants and large ones.
func Page[P ~func(*sql.Selector)](r *Reach, order func(*sql.Selector), limit int, where ...P) P {
	return func(s *sql.Selector) {
		q := r.query(s, order, limit)
		for _, condition := range where {
			q.where = append(q.where, condition)
		}
		q.replace(s, q.page)
	}
}

// Set is Page without order and limit.
func Set[P ~func(*sql.Selector)](r *Reach, where ...P) P { return Page(r, nil, 0, where...) }

// Related makes the query one of the rows, by id, that are related to one row: where all conditions hold and within reach.
// It looks at the first 500, and asks each upward.
func Related[P ~func(*sql.Selector)](r *Reach, where ...P) P {
	return func(s *sql.Selector) {
		q := r.query(s, r.byID, 0)
		for _, condition := range where {
			q.where = append(q.where, condition)
		}
		q.replace(s, func(b *sql.Builder) {
			walked := q.rows()
			r.byID(walked)
			b.Join(walked.Limit(q.bounds.PerParent))
		})
		r.Row(s)
	}
}

func (r *Reach) byID(s *sql.Selector) { s.OrderBy(s.C(r.line.ID)) }

// Capped makes the query one of the first rows, by id, of each parent, within reach. Of the parents of one who leads many,
// it looks at the first 500 rows each. Parents must be a slice that the driver binds as an array of ids.
func Capped[P ~func(*sql.Selector)](r *Reach, parent string, parents any, limit int) P {
	return func(s *sql.Selector) {
		q := r.query(s, r.byID, limit)
		q.add(parent)
		q.replace(s, func(b *sql.Builder) { q.capped(b, parent, parents) })
	}
}

// query is one use of a reach: rows of a table.
type query struct {
	*Reach
	from    *sql.Selector // the query as it was
	table   string
	columns []string
	order   func(*sql.Selector)
	limit   int
	where   []func(*sql.Selector)
}

func (r *Reach) query(s *sql.Selector, order func(*sql.Selector), limit int) *query {
	q := &query{Reach: r, from: s.Clone(), table: s.TableName(), columns: s.UnqualifiedColumns(), order: order, limit: limit}
	q.add(r.line.ID, r.line.Tenant)
	for _, src := range r.sources {
		q.add(src.column)
	}
	return q
}

func (q *query) add(columns ...string) {
	for _, column := range columns {
		if !slices.Contains(q.columns, column) {
			q.columns = append(q.columns, column)
		}
	}
}

// replace has s read from what write writes, instead of from the table and under its name.
func (q *query) replace(s *sql.Selector, write func(*sql.Builder)) {
	selected := s.UnqualifiedColumns()
	s.FromExpr(named(q.table, write)).As(q.table)
	s.Select(s.Columns(selected...)...)
	if q.order != nil {
		q.order(s.ClearOrder())
	}
}

// named is a sub-query under a name.
func named(name string, write func(*sql.Builder)) sql.Querier {
	return sql.ExprFunc(func(b *sql.Builder) {
		b.Wrap(write)
		b.WriteString(" AS ").Ident(name)
	})
}

// rows selects the rows of the table where the conditions hold.
func (q *query) rows(conditions ...func(*sql.Selector)) *sql.Selector {
	s := sql.Dialect(dialect.Postgres).Select().From(q.from.Table()).WithContext(q.from.Context())
	s.Select(s.Columns(q.columns...)...)
	for _, condition := range append(conditions, q.where...) {
		condition(s)
	}
	return s.Where(sql.EQ(s.C(q.line.Tenant), q.tenant))
}

// over selects from a sub-query of the same columns, when the condition holds.
func (q *query) over(write func(*sql.Builder), when string) *sql.Selector {
	s := sql.Dialect(dialect.Postgres).Select().FromExpr(named(q.table, write)).As(q.table)
	s.Select(s.Columns(q.columns...)...)
	if when != "" {
		s.Where(sql.ExprP(when))
	}
	return s
}

// sorted is the page of what s selects.
func (q *query) sorted(s *sql.Selector) *sql.Selector {
	if q.order != nil {
		q.order(s)
	}
	if q.limit > 0 {
		s.Limit(q.limit)
	}
	return s
}

// chosen is the condition of one of the ways.
func chosen(way int) string { return fmt.Sprintf("(SELECT number FROM way) = %d", way) }

func (q *query) page(b *sql.Builder) {
	if !q.leads() {
		b.Join(q.sorted(q.over(func(b *sql.Builder) { q.of(b, "") }, "")))
		return
	}
	b.WriteString("WITH RECURSIVE ")
	q.below(b)
	writef(b, ", near AS MATERIALIZED (SELECT id FROM led LIMIT %d), walked AS MATERIALIZED (", q.bounds.Nearby+1)
	walked := q.rows()
	if q.order != nil {
		q.order(walked)
	}
	b.Join(walked.Limit(q.bounds.Nearby)).WriteString("), asked AS MATERIALIZED (SELECT walked.*, ")
	q.verdict(b, "walked", q.bounds.Steep)
	b.WriteString(" AS verdict FROM walked), seen AS MATERIALIZED (SELECT * FROM asked WHERE verdict IS NOT FALSE")
	if q.limit > 0 {
		writef(b, " LIMIT %d", q.limit)
	}
	writef(b, "), way AS MATERIALIZED (SELECT CASE WHEN (SELECT count(*) FROM near) <= %d THEN 1 WHEN ", q.bounds.Nearby)
	if q.limit > 0 {
		writef(b, "(SELECT count(*) FROM seen) < %d AND ", q.limit)
	}
	writef(b, "(SELECT count(*) FROM walked) = %d THEN 3 WHEN EXISTS (SELECT FROM seen WHERE verdict IS NULL) THEN 3 ELSE 2 END AS number) (", q.bounds.Nearby)
	b.Join(q.sorted(q.over(func(b *sql.Builder) { q.of(b, "near") }, chosen(1))))
	b.WriteString(") UNION ALL (")
	b.Join(q.over(func(b *sql.Builder) { b.WriteString("SELECT * FROM seen") }, chosen(2)))
	b.WriteString(") UNION ALL (")
	b.Join(q.sorted(q.over(func(b *sql.Builder) { q.of(b, "led") }, chosen(3))))
	b.WriteString(")")
}

// capped writes the first rows of each parent.
func (q *query) capped(b *sql.Builder, parent string, parents any) {
	list := func(b *sql.Builder) { b.WriteString("(").Arg(parents).WriteString(")::uuid[]") }
	among := func(s *sql.Selector) {
		column := s.C(parent)
		s.Where(sql.P(func(b *sql.Builder) {
			b.WriteString(column).WriteString(" = ANY (")
			list(b)
			b.WriteString(")")
		}))
	}
	first := func(people, when string) {
		b.WriteString("SELECT ").IdentComma(q.columns...).WriteString(" FROM (SELECT *, row_number() OVER (PARTITION BY ")
		b.Ident(parent).WriteString(" ORDER BY ").Ident(q.line.ID).WriteString(") AS place FROM (")
		q.of(b, people, among)
		b.WriteString(") AS every")
		if when != "" {
			b.WriteString(" WHERE " + when)
		}
		writef(b, ") AS placed WHERE place <= %d", q.limit)
	}
	if !q.leads() {
		first("", "")
		return
	}
	b.WriteString("WITH RECURSIVE ")
	q.below(b)
	writef(b, ", near AS MATERIALIZED (SELECT id FROM led LIMIT %d), way AS MATERIALIZED (SELECT CASE WHEN (SELECT count(*) FROM near) <= %d THEN 1 ELSE 2 END AS number) ", q.bounds.Nearby+1, q.bounds.Nearby)
	first("near", chosen(1))
	b.WriteString(" UNION ALL SELECT child.* FROM unnest(")
	list(b)
	b.WriteString(") AS parent (id), LATERAL (SELECT ").IdentComma(q.columns...).WriteString(" FROM (")
	walked := q.rows(func(s *sql.Selector) {
		column := s.C(parent)
		s.Where(sql.P(func(b *sql.Builder) { b.WriteString(column).WriteString(" = parent.id") }))
	})
	q.order(walked)
	b.Join(walked.Limit(q.bounds.PerParent)).WriteString(") AS walked WHERE ")
	q.verdict(b, "walked", 0)
	writef(b, " LIMIT %d) AS child WHERE %s", q.limit, chosen(2))
}

// of writes the query of the rows whose columns hold the caller or one of the people, a common table expression; empty for
// nobody. The rows of each person are looked up by themselves, as above.
func (q *query) of(b *sql.Builder, people string, conditions ...func(*sql.Selector)) {
	if len(q.sources) > 1 {
		// A row may belong to several people.
		b.WriteString("SELECT DISTINCT ON (").Ident(q.line.ID).WriteString(") * FROM (")
		defer func() { b.WriteString(") AS every ORDER BY ").Ident(q.line.ID) }()
	}
	for i, src := range q.sources {
		if i > 0 {
			b.WriteString(" UNION ALL ")
		}
		b.WriteString("SELECT theirs.* FROM (")
		if src.own {
			b.WriteString("SELECT ").Arg(q.user).WriteString("::uuid AS id")
		}
		if src.own && src.led {
			b.WriteString(" UNION ")
		}
		if src.led {
			b.WriteString("SELECT id FROM " + people)
		}
		b.WriteString(") AS person, LATERAL (")
		b.Join(q.rows(append([]func(*sql.Selector){func(s *sql.Selector) {
			column := s.C(src.column)
			s.Where(sql.P(func(b *sql.Builder) { b.WriteString(column).WriteString(" = person.id AND " + fromTheRow) }))
		}}, conditions...)...).Offset(0))
		b.WriteString(") AS theirs")
	}
}

// verdict writes whether a row of the table is within reach, asked upward: NULL when it has at least so many managers above
// it and the caller is none of the first, unless limit is zero.
func (q *query) verdict(b *sql.Builder, table string, limit int) {
	b.WriteString("(")
	for i, src := range q.sources {
		if i > 0 {
			b.WriteString(" OR ")
		}
		column := table + "." + b.Quote(src.column)
		if !src.led {
			b.WriteString("(" + column + " = ").Arg(q.user).WriteString(") IS TRUE")
			continue
		}
		if limit == 0 {
			b.WriteString("EXISTS (")
			q.above(b, column, src.own)
			b.WriteString(" SELECT FROM above WHERE id = ").Arg(q.user).WriteString(")")
			continue
		}
		b.WriteString("(SELECT CASE WHEN bool_or(asked.id = ").Arg(q.user)
		writef(b, ") THEN true WHEN count(*) < %d THEN false END FROM (", limit)
		q.above(b, column, src.own)
		writef(b, " SELECT id FROM above LIMIT %d) AS asked)", limit)
	}
	b.WriteString(")")
}

func writef(b *sql.Builder, format string, args ...any) { b.WriteString(fmt.Sprintf(format, args...)) }
