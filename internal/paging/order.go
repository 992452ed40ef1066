// Package paging orders, pages and searches lists: keyset pagination over any order, with cursors that are bound to the
// list, its order and its filters. A page costs the same wherever it is, because the database continues behind a key
// instead of counting rows.
package paging

import (
	"context"
	"strings"

	"entgo.io/ent/dialect/sql"
	"github.com/google/uuid"

	"github.com/lockstep-dev/lockstep/internal/authn"
)

// idColumn ends every order: it makes keys unique, so that rows that compare equal are neither lost nor repeated.
const idColumn = "id"

// Key is a column that a list can be ordered by.
type Key struct {
	// Name in the contract: createdAt.
	Name string
	// Column in the database.
	Column string
	// Kind says how a cursor's value is read.
	Kind Kind
	// Nullable columns order null as the greatest value, as Postgres does.
	Nullable bool
	// Permission is needed to order by a hidden field, because an order tells of its values; empty for none.
	Permission string
}

// term is one key of an order.
type term struct {
	Key
	descending bool
}

// Order is how a list is sorted. The zero Order is by id, which is by creation.
type Order struct {
	terms []term
}

// Parse reads the parameter sort: names of keys, with a leading - for descending. Unknown names cannot reach it: the
// contract lists the known ones. Its error is an *authn.PermissionError.
func Parse[S ~string](ctx context.Context, keys []Key, sort []S) (Order, error) {
	var o Order
	for _, item := range sort {
		name, descending := strings.CutPrefix(string(item), "-")
		for _, key := range keys {
			if key.Name != name || o.has(name) {
				continue
			}
			if key.Permission != "" {
				if err := authn.Require(ctx, key.Permission); err != nil {
					return o, err
				}
			}
			o.terms = append(o.terms, term{key, descending})
		}
	}
	return o, nil
}

func (o Order) has(name string) bool {
	for _, t := range o.terms {
		if t.Name == name {
			return true
		}
	}
	return false
}

// idDescending lets the id follow the last key, so that one index serves both.
func (o Order) idDescending() bool {
	return len(o.terms) > 0 && o.terms[len(o.terms)-1].descending
}

// Apply sorts a query.
func (o Order) Apply(s *sql.Selector) {
	for _, t := range o.terms {
		s.OrderBy(direction(s.C(t.Column), t.descending))
	}
	s.OrderBy(direction(s.C(idColumn), o.idDescending()))
}

func direction(column string, descending bool) string {
	if descending {
		return sql.Desc(column)
	}
	return sql.Asc(column)
}

// after returns the condition that leaves the rows behind the one with these values and this id.
func (o Order) after(values []any, id uuid.UUID) func(*sql.Selector) {
	terms, values := append(o.terms, term{Key{Column: idColumn}, o.idDescending()}), append(values, id)
	if oneDirection(terms) {
		// A row comparison is one range of an index, which the general form below is not.
		return func(s *sql.Selector) {
			columns := make([]string, len(terms))
			for i, t := range terms {
				columns[i] = s.C(t.Column)
			}
			if terms[0].descending {
				s.Where(sql.CompositeLT(columns, values...))
			} else {
				s.Where(sql.CompositeGT(columns, values...))
			}
		}
	}
	return func(s *sql.Selector) {
		var ways []*sql.Predicate
		for i, t := range terms {
			all := []*sql.Predicate{t.beyond(s, values[i])}
			for j, earlier := range terms[:i] {
				all = append(all, earlier.equal(s, values[j]))
			}
			ways = append(ways, sql.And(all...))
		}
		s.Where(sql.Or(ways...))
	}
}

// oneDirection reports whether the terms can be compared as one row: one direction, and no nulls.
func oneDirection(terms []term) bool {
	for _, t := range terms {
		if t.Nullable || t.descending != terms[0].descending {
			return false
		}
	}
	return true
}

// beyond is true of rows that come after the value in the term's direction, null being the greatest.
func (t term) beyond(s *sql.Selector, value any) *sql.Predicate {
	column := s.C(t.Column)
	switch {
	case value == nil && t.descending:
		return sql.NotNull(column)
	case value == nil:
		return sql.False()
	case t.descending:
		return sql.LT(column, value)
	case t.Nullable:
		return sql.Or(sql.GT(column, value), sql.IsNull(column))
	}
	return sql.GT(column, value)
}

func (t term) equal(s *sql.Selector, value any) *sql.Predicate {
	if value == nil {
		return sql.IsNull(s.C(t.Column))
	}
	return sql.EQ(s.C(t.Column), value)
}
