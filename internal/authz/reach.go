package authz

import (
	"entgo.io/ent/dialect/sql"
	"github.com/google/uuid"
)

// Reach is which rows of an entity a caller may use that does not hold the permission for all: those whose columns hold
// the caller, or somebody below. It is immutable.
type Reach struct {
	sources      []source
	line         Line
	tenant, user uuid.UUID
	bounds       Bounds
}

// source is one column that holds a user's id, and whose id opens the row: the caller's own, and those below.
type source struct {
	column   string
	own, led bool
}

// sources are the rule's columns, each once.
func (r Rule) sources() []source {
	var out []source
	at := func(column string) *source {
		for i := range out {
			if out[i].column == column {
				return &out[i]
			}
		}
		out = append(out, source{column: column})
		return &out[len(out)-1]
	}
	for _, column := range r.Self {
		at(column).own = true
	}
	for _, column := range r.Manager {
		at(column).led = true
	}
	return out
}

// leads reports whether any column opens rows of the people below the caller.
func (r *Reach) leads() bool {
	for _, src := range r.sources {
		if src.led {
			return true
		}
	}
	return false
}

// Row keeps the rows within reach. Each row is asked whose it is, from its people up to the caller: a row costs a look at
// each of its managers, whatever the size of the tenant. It suits statements about a few rows.
func (r *Reach) Row(s *sql.Selector) {
	var ways []*sql.Predicate
	for _, src := range r.sources {
		column := s.C(src.column)
		if !src.led {
			ways = append(ways, sql.EQ(column, r.user))
			continue
		}
		ways = append(ways, sql.P(func(b *sql.Builder) {
			b.WriteString("EXISTS (")
			r.above(b, column, src.own)
			b.WriteString(" SELECT FROM above WHERE id = ").Arg(r.user).WriteString(")")
		}))
	}
	s.Where(sql.Or(ways...))
}

// above writes the common table expression of the managers of the person in the column, with the person itself if
// inclusive. It ends at the caller; UNION, not UNION ALL, ends it when people manage each other in a circle.
func (r *Reach) above(b *sql.Builder, column string, inclusive bool) {
	b.WriteString("WITH RECURSIVE above AS (SELECT ")
	if inclusive {
		b.WriteString(column).WriteString(" AS id")
	} else {
		r.managers(b, column)
	}
	// The sub-query with an OFFSET is planned by itself: a look into the primary key for each, whatever the statistics say.
	b.WriteString(" UNION SELECT manager.id FROM above, LATERAL (SELECT ")
	r.managers(b, "above.id")
	b.WriteString(" AND above.id <> ").Arg(r.user).WriteString(" OFFSET 0) AS manager)")
}

// managers writes what follows SELECT in the query of the manager of the person in the column.
func (r *Reach) managers(b *sql.Builder, column string) {
	b.WriteString("u.").Ident(r.line.Manager).WriteString(" AS id FROM ")
	r.people(b)
	b.WriteString(" AND u.").Ident(r.line.ID).WriteString(" = ").WriteString(column).WriteString(" AND u." + fromTheRow)
}

// fromTheRow is true of every row and makes Postgres read it. With nothing but an index to read, a plan that is made for
// small tenants takes an index that begins with the tenant and only ends with the id: it reads all of the tenant in it.
const fromTheRow = "ctid <> '(0,0)'"

// people writes the people of the tenant, with WHERE.
func (r *Reach) people(b *sql.Builder) {
	b.Ident(r.line.Schema).WriteString(".").Ident(r.line.Table).WriteString(" AS u WHERE u.").Ident(r.line.Tenant).WriteString(" = ").Arg(r.tenant)
}

// below writes the definition of the common table expression led: the people below the caller, level by level. It is
// computed only as far as it is read.
func (r *Reach) below(b *sql.Builder) {
	children := func(manager func()) {
		b.WriteString("SELECT u.").Ident(r.line.ID).WriteString(" AS id FROM ")
		r.people(b)
		b.WriteString(" AND u.").Ident(r.line.Manager).WriteString(" = ")
		manager()
	}
	b.WriteString("led AS (")
	children(func() { b.Arg(r.user) })
	b.WriteString(" UNION SELECT report.id FROM led, LATERAL (")
	children(func() { b.WriteString("led.id") })
	b.WriteString(" OFFSET 0) AS report)")
}
