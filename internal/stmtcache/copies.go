package stmtcache

import (
	"context"
	"fmt"
	"slices"

	"github.com/google/uuid"

	"github.com/lockstep-dev/lockstep/internal/authn"
	"github.com/lockstep-dev/lockstep/internal/pg"
)

// Copies puts the rows of a result into bodies, each as often as it is asked for: a role is shown below each of its holders.
// The budget pays for each copy. Rows are named by their place in the result.
type Copies[T any] struct {
	rows      pg.Result
	budget    *pg.Budget
	principal *authn.Principal
	body      Body[T]
	copied    []copied[T]
}

// copied is what is known of a row: its first copy, which the others share strings and arrays with, and its size.
type copied[T any] struct {
	first *T
	size  int64
}

// CopiesOf copies from a result of the columns, as the caller of ctx may see the rows. What reading them took of the budget is given back. Its error is a programming error, as that of Bodies.
func CopiesOf[T any](ctx context.Context, budget *pg.Budget, rows pg.Result, columns []string, body Body[T]) (*Copies[T], error) {
	rows.Release()
	if rows.Len() > 0 && !rows.Has(columns) {
		return nil, fmt.Errorf("reading: the result has other columns than %v", columns)
	}
	principal, _ := authn.From(ctx)
	return &Copies[T]{
		rows: rows, budget: budget, principal: principal, body: body, copied: make([]copied[T], rows.Len()),
	}, nil
}

// By is the places of the rows by the id in a column, which is not NULL.
func (c *Copies[T]) By(column int) Places { return PlacesOf(&c.rows, column) }

// One copies the row at the place into a body. It reports false if there is no room; for the only body there always is.
func (c *Copies[T]) One(place int, into *T, only bool) bool {
	if only {
		c.budget.Force(c.size(place))
	} else if !c.budget.Take(c.size(place)) {
		return false
	}
	c.copy(place, into)
	return true
}

// All returns copies of the rows, in the order of their places, up to where there is no room. It is nil only where the budget
// is short: nobody will use a part.
func (c *Copies[T]) All(places []int) []T {
	slices.Sort(places)
	fit := 0
	for fit < len(places) && c.budget.Take(c.size(places[fit])) {
		fit++
	}
	if c.budget.Short() {
		return nil
	}
	out := make([]T, fit)
	for i, place := range places[:fit] {
		c.copy(place, &out[i])
	}
	return out
}

func (c *Copies[T]) size(place int) int64 {
	known := &c.copied[place]
	if known.size == 0 {
		c.rows.Move(place)
		known.size = c.rows.Size()
	}
	return known.size
}

func (c *Copies[T]) copy(place int, into *T) {
	known := &c.copied[place]
	if known.first != nil {
		*into = *known.first
		return
	}
	c.rows.Move(place)
	c.body(&c.rows, c.principal, into)
	known.first = into
}

// Err is the first error of reading a row.
func (c *Copies[T]) Err() error { return c.rows.Err() }

// Places are where rows are in a result, by an id in them.
type Places map[uuid.UUID][]int

// PlacesOf is the places of the rows by the id in a column.
func PlacesOf(rows *pg.Result, column int) Places {
	places := make(Places, rows.Len())
	rows.Rewind()
	for place := 0; rows.Next(); place++ {
		id := rows.UUID(column)
		places[id] = append(places[id], place)
	}
	return places
}

// Through is the places by the ids that pairs lead from: those of the ids that they lead to.
func (p Places) Through(pairs []Pair) Places {
	counts := map[uuid.UUID]int{}
	for _, pair := range pairs {
		counts[pair.Near] += len(p[pair.Far])
	}
	out := make(Places, len(counts))
	for _, pair := range pairs {
		if out[pair.Near] == nil {
			out[pair.Near] = make([]int, 0, counts[pair.Near])
		}
		out[pair.Near] = append(out[pair.Near], p[pair.Far]...)
	}
	return out
}

// Pair is a row of a join table: it leads from one row to another.
type Pair struct{ Near, Far uuid.UUID }

// Pairs reads a result of a join table, by the names of the columns that hold the ids. What reading it took of the budget is
// given back: the pairs themselves are not answered.
func Pairs(rows pg.Result, near, far string) ([]Pair, error) {
	rows.Release()
	pairs := make([]Pair, 0, rows.Len())
	from, to := rows.Column(near), rows.Column(far)
	if rows.Len() > 0 && (from < 0 || to < 0) {
		return nil, fmt.Errorf("reading: the result has no columns %s and %s", near, far)
	}
	for rows.Rewind(); rows.Next(); {
		pairs = append(pairs, Pair{Near: rows.UUID(from), Far: rows.UUID(to)})
	}
	return pairs, rows.Err()
}

// Fars are the ids that pairs lead to.
func Fars(pairs []Pair) []uuid.UUID {
	ids := make([]uuid.UUID, len(pairs))
	for i, p := range pairs {
		ids[i] = p.Far
	}
	return ids
}
