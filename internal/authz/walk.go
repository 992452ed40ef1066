package authz

import (
	"fmt"

	"entgo.io/ent/dialect/sql"
)

// walk is rows that are looked at in a list's order, whose people are asked upward together: one way to find the rows within
// reach of somebody who leads many.
type walk struct {
	number int
	// enough is the condition that it has found all rows that were asked for; empty: it has in any case.
	enough string
}

// near writes the definition of the common table expression near: the people below the caller, as far as these are looked at.
func (q *query) near(b *sql.Builder) {
	writef(b, ", near AS MATERIALIZED (SELECT id FROM led LIMIT %d)", q.bounds.Nearby+1)
}

// walk writes the definitions of common table expressions, whose names end in the number: walked is the rows that rows writes,
// and asked the same rows with reached, whether they are within reach.
//
// Each person above any of the rows is looked up once, in up, whatever the number of rows below: a line of 4,000 managers costs
// 4,000 looks and not 4,000 for each row. Then those below the caller are found among them, in a map of JSON from each manager
// to the people he leads: Postgres finds a key in it without reading all, and the planner cannot do it in another way.
func (q *query) walk(b *sql.Builder, number int, rows func(*sql.Builder)) *walk {
	writef(b, ", walked%d AS MATERIALIZED (", number)
	rows(b)
	writef(b, "), up%d (id, manager) AS (", number)
	boss := func(of string) {
		b.WriteString("LATERAL (SELECT u.").Ident(q.line.Manager).WriteString(" AS manager FROM ")
		q.people(b)
		b.WriteString(" AND u.").Ident(q.line.ID).WriteString(" = " + of + " AND u." + fromTheRow + " OFFSET 0) AS boss")
	}
	b.WriteString("SELECT person.id, boss.manager FROM (")
	union := ""
	for _, src := range q.sources {
		if src.led {
			b.WriteString(union + "SELECT DISTINCT ").Ident(src.column)
			writef(b, " AS id FROM walked%d", number)
			union = " UNION "
		}
	}
	b.WriteString(") AS person, ")
	boss("person.id")
	b.WriteString(" WHERE " + few("person.id"))
	writef(b, " UNION SELECT up%d.manager, boss.manager FROM up%d, ", number, number)
	boss(fmt.Sprintf("up%d.manager", number))
	writef(b, "), above%d AS MATERIALIZED (SELECT * FROM up%d LIMIT %d)", number, number, q.bounds.Above+1)
	writef(b, ", reports%d AS MATERIALIZED (SELECT jsonb_object_agg(manager, people) AS of FROM (SELECT manager, jsonb_agg(id) AS people FROM above%d WHERE manager IS NOT NULL GROUP BY manager) AS each)", number, number)
	writef(b, ", under%d (id) AS (SELECT report.id FROM reports%d, LATERAL jsonb_array_elements_text(of -> ", number, number)
	b.Arg(q.user)
	writef(b, "::uuid::text) AS report (id) WHERE %s UNION ", few("report.id"))
	writef(b, "SELECT report.id FROM under%d, LATERAL jsonb_array_elements_text((SELECT of FROM reports%d) -> under%d.id) AS report (id) WHERE %s)", number, number, number, few("report.id"))
	writef(b, ", known%d AS MATERIALIZED (SELECT jsonb_object_agg(id, true) AS led FROM under%d)", number, number)
	writef(b, ", asked%d AS MATERIALIZED (SELECT *, ", number)
	for i, src := range q.sources {
		if i > 0 {
			b.WriteString(" OR ")
		}
		if src.own {
			b.WriteString("(").Ident(src.column).WriteString(" = ").Arg(q.user).WriteString(") IS TRUE")
		}
		if src.own && src.led {
			b.WriteString(" OR ")
		}
		if src.led {
			writef(b, "((SELECT led FROM known%d) -> ", number)
			b.Ident(src.column).WriteString("::text) IS NOT NULL")
		}
	}
	writef(b, " AS reached FROM walked%d)", number)
	return &walk{number: number}
}

// few is true of every value, and the planner believes that it is of one in many: before a recursion begins, Postgres makes
// room for a hundred times as many rows as it expects of its first step, and fills it with zeros, whether it runs or not.
func few(value string) string { return value + " = ANY (ARRAY[" + value + "])" }

// way writes the definition of the common table expression way, the number of the one that is taken, and a space. With near
// it is near's, where these people are few.
func (q *query) way(b *sql.Builder, withNear bool, walks []*walk) {
	b.WriteString(", way AS MATERIALIZED (SELECT CASE ")
	if withNear {
		writef(b, "WHEN (SELECT count(*) FROM near) <= %d THEN %d ", q.bounds.Nearby, near)
	}
	for _, w := range walks {
		writef(b, "WHEN (SELECT count(*) FROM above%d) > %d THEN %d ", w.number, q.bounds.Above, all)
		if w.enough != "" {
			writef(b, "WHEN %s THEN %d ", w.enough, w.number)
		} else {
			writef(b, "ELSE %d ", w.number)
		}
	}
	if walks[len(walks)-1].enough != "" {
		writef(b, "ELSE %d ", all)
	}
	b.WriteString("END AS number) ")
}
