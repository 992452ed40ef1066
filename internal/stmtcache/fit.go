package stmtcache

import (
	"errors"
	"fmt"

	"github.com/lockstep-dev/lockstep/internal/pg"
)

// ShortError says that the expansions of a page do not fit, and how much of them did before that was known.
type ShortError struct{ Done, Of int }

func (e *ShortError) Error() string {
	return fmt.Sprintf("reading: the answer has room for %d of %d", e.Done, e.Of)
}

// Fit expands the bodies of a page and returns those that the answer shows: as many of the first ones as fit with all of
// their expansions, and at least one. The expansions of a single one end where the budget does. rows is what the bodies were
// read from, one each in the same order.
//
// expand fills the expansions of bodies anew. Its error is a *ShortError where budget.Short is true. It is called once if all
// fits. After that a page is as large as the failure said, and half as large each further time.
func Fit[T any](budget *pg.Budget, rows *pg.Result, bodies []T, expand func([]T) error) ([]T, error) {
	used := budget.Used()
	for again := false; ; again = true {
		budget.Retry(used, len(bodies) > 1)
		err := expand(bodies)
		short := &ShortError{Done: 1, Of: 2}
		if !errors.As(err, &short) && (err != nil || !budget.Short()) {
			return bodies, err
		}
		most := len(bodies) - 1
		if again {
			most = len(bodies) / 2
		}
		fit := max(1, min(most, len(bodies)*short.Done/max(short.Of, 1)))
		clear(bodies[fit:]) // lets go of what they were expanded with
		bodies = bodies[:fit]
		used = 0
		for i := range fit {
			rows.Move(i)
			used += rows.Size()
		}
	}
}
