package authz

import (
	"fmt"
	"slices"

	"entgo.io/ent/dialect"
	"entgo.io/ent/dialect/sql"
)

// How much is looked at before another way is taken. Measured in a tenant of 1,000,000 users: to fetch the rows of 5,000
// people takes 45 ms.
var usual = Bounds{Nearby: 5000, PerParent: 500, First: 4, Above: 50_000}

// Bounds are how much a statement looks at before it takes another way.
type Bounds struct {
	// Nearby is how many people below the caller are looked at, and how many rows of a list.
	Nearby int
	// PerParent is how many related rows of one row are looked at.
	PerParent int
	// First is how many times the rows of a page are looked at, before Nearby rows are.
	First int
	// Above is the most people above the rows that are looked at, with those of the rows.
	Above int
}

// Page makes the query one of the first rows in an order, within reach and where all conditions hold. Limit is the
// query's own; zero means all rows, and then order may be nil. It suits queries that carry no conditions but the tenant's
// besides.
//
// One statement holds several ways, and Postgres runs the one whose condition is true. The rows of those below, fetched by
// their keys, when these are few. Else the first rows in the list's order, whose people are asked upward together, then more
// of them, until the page is full. Else, when these did not fill it, the rows of all below. No way reads the tenant for
// somebody who leads few, none looks at a person twice, and none depends on what the planner believes of the tenant: plans are
// kept, and serve small tenants and large ones.
func Page[P ~func(*sql.Selector)](r *Reach, order func(*sql.Selector), limit int, where ...P) P {
	return func(s *sql.Selector) {
		q := r.query(s, order, limit, conditions(where))
		q.replace(s, q.page)
	}
}

// Set is Page without order and limit.
func Set[P ~func(*sql.Selector)](r *Reach, where ...P) P { return Page(r, nil, 0, where...) }

// Related makes the query one of the rows, by id, that are related to one row: where all conditions hold and within reach.
// It looks at the first 500.
func Related[P ~func(*sql.Selector)](r *Reach, where ...P) P {
	return func(s *sql.Selector) { r.some(s, r.bounds.PerParent, conditions(where)) }
}

// Among makes the query one of the rows where all conditions hold and within reach. It looks at each row where they hold: it
// suits conditions that name the rows, such as their ids.
func Among[P ~func(*sql.Selector)](r *Reach, where ...P) P {
	return func(s *sql.Selector) { r.some(s, 0, conditions(where)) }
}

// some makes the query one of the first rows, by id, so many of which are looked at; zero means all.
func (r *Reach) some(s *sql.Selector, most int, where []func(*sql.Selector)) {
	q := r.query(s, r.byID, 0, where)
	q.replace(s, func(b *sql.Builder) { q.some(b, most) })
}

func (r *Reach) byID(s *sql.Selector) { s.OrderBy(s.C(r.line.ID)) }

// Capped makes the query one of the first rows, by id, of each parent, within reach. Of the parents of one who leads many,
// it looks at the first 500 rows each. Parents must be a slice that the driver binds as an array of ids.
func Capped[P ~func(*sql.Selector)](r *Reach, parent string, parents any, limit int) P {
	return func(s *sql.Selector) {
		q := r.query(s, r.byID, limit, nil)
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

func (r *Reach) query(s *sql.Selector, order func(*sql.Selector), limit int, where []func(*sql.Selector)) *query {
	q := &query{Reach: r, from: s.Clone(), table: s.TableName(), columns: s.UnqualifiedColumns(), order: order, limit: limit, where: where}
	q.add(r.line.ID, r.line.Tenant)
	for _, src := range r.sources {
		q.add(src.column)
	}
	return q
}

// conditions are predicates of any entity as what they are.
func conditions[P ~func(*sql.Selector)](where []P) []func(*sql.Selector) {
	out := make([]func(*sql.Selector), len(where))
	for i, condition := range where {
		out[i] = condition
	}
	return out
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

// The ways of a statement: near is the rows of few people below, all those of all below; the others, from one on, are walks.
const (
	near = 0
	all  = -1
)

func (q *query) page(b *sql.Builder) {
	if !q.leads() {
		b.Join(q.sorted(q.over(func(b *sql.Builder) { q.of(b, "") }, "")))
		return
	}
	b.WriteString("WITH RECURSIVE ")
	q.below(b)
	q.near(b)
	sizes := []int{q.bounds.Nearby}
	if first := q.bounds.First * q.limit; 0 < first && first < q.bounds.Nearby {
		sizes = []int{first, q.bounds.Nearby}
	}
	var walks []*walk
	for _, size := range sizes {
		rows := q.rows()
		if q.order != nil {
			q.order(rows)
		}
		w := q.walk(b, len(walks)+1, func(b *sql.Builder) { b.Join(rows.Limit(size)) })
		writef(b, ", seen%d AS MATERIALIZED (SELECT * FROM asked%d WHERE reached", w.number, w.number)
		w.enough = fmt.Sprintf("(SELECT count(*) FROM walked%d) < %d", w.number, size)
		if q.limit > 0 {
			writef(b, " LIMIT %d", q.limit)
			w.enough += fmt.Sprintf(" OR (SELECT count(*) FROM seen%d) = %d", w.number, q.limit)
		}
		b.WriteString(")")
		walks = append(walks, w)
	}
	q.way(b, true, walks)
	b.WriteString("(")
	b.Join(q.sorted(q.over(func(b *sql.Builder) { q.of(b, "near") }, chosen(near))))
	for _, w := range walks {
		b.WriteString(") UNION ALL (")
		b.Join(q.over(func(b *sql.Builder) { writef(b, "SELECT * FROM seen%d", w.number) }, chosen(w.number)))
	}
	b.WriteString(") UNION ALL (")
	b.Join(q.sorted(q.over(func(b *sql.Builder) { q.of(b, "led") }, chosen(all))))
	b.WriteString(")")
}

// some writes the rows, of which most are looked at; zero means all.
func (q *query) some(b *sql.Builder, most int) {
	if !q.leads() {
		b.Join(q.over(func(b *sql.Builder) { q.of(b, "") }, ""))
		return
	}
	b.WriteString("WITH RECURSIVE ")
	q.below(b)
	w := q.walk(b, 1, func(b *sql.Builder) {
		rows := q.rows()
		if most > 0 {
			q.order(rows)
			rows.Limit(most)
		}
		b.Join(rows)
	})
	q.way(b, false, []*walk{w})
	b.WriteString("SELECT ").IdentComma(q.columns...).WriteString(" FROM asked1 WHERE reached AND " + chosen(w.number) + " UNION ALL (")
	b.Join(q.over(func(b *sql.Builder) { q.of(b, "led") }, chosen(all)))
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
	first := func(rows func(), when string) {
		b.WriteString("SELECT ").IdentComma(q.columns...).WriteString(" FROM (SELECT *, row_number() OVER (PARTITION BY ")
		b.Ident(parent).WriteString(" ORDER BY ").Ident(q.line.ID).WriteString(") AS place FROM (")
		rows()
		b.WriteString(") AS every")
		if when != "" {
			b.WriteString(" WHERE " + when)
		}
		writef(b, ") AS placed WHERE place <= %d", q.limit)
	}
	if !q.leads() {
		first(func() { q.of(b, "", among) }, "")
		return
	}
	b.WriteString("WITH RECURSIVE ")
	q.below(b)
	q.near(b)
	sizes := []int{q.bounds.PerParent}
	if q.limit < q.bounds.PerParent {
		sizes = []int{q.limit, q.bounds.PerParent}
	}
	var walks []*walk
	for i, size := range sizes {
		w := q.walk(b, i+1, func(b *sql.Builder) {
			b.WriteString("SELECT child.* FROM unnest(")
			list(b)
			b.WriteString(") AS parent (id), LATERAL (")
			rows := q.rows(func(s *sql.Selector) {
				column := s.C(parent)
				s.Where(sql.P(func(b *sql.Builder) { b.WriteString(column).WriteString(" = parent.id") }))
			})
			q.order(rows)
			b.Join(rows.Limit(size)).WriteString(") AS child")
		})
		if i < len(sizes)-1 {
			// No parent has more rows than were looked at while some of these were out of reach.
			w.enough = fmt.Sprintf("NOT EXISTS (SELECT FROM asked%d GROUP BY %s HAVING count(*) = %d AND NOT bool_and(reached))", w.number, b.Quote(parent), size)
		}
		walks = append(walks, w)
	}
	q.way(b, true, walks)
	first(func() { q.of(b, "near", among) }, chosen(near))
	for _, w := range walks {
		b.WriteString(" UNION ALL ")
		first(func() { writef(b, "SELECT * FROM asked%d WHERE reached", w.number) }, chosen(w.number))
	}
	b.WriteString(" UNION ALL ")
	first(func() { q.of(b, "led", among) }, chosen(all))
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

func writef(b *sql.Builder, format string, args ...any) { b.WriteString(fmt.Sprintf(format, args...)) }
