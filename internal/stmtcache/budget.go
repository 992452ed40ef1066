package stmtcache

import (
	"context"

	"github.com/lockstep-dev/lockstep/ent/schema/contract"
	"github.com/lockstep-dev/lockstep/internal/pg"
	"github.com/lockstep-dev/lockstep/internal/requestlog"
)

// envelope is what an answer has around its rows: a cursor, a count, names and brackets.
const envelope = 16 << 10

// Budget is what the rows of one answer may have.
func Budget() *pg.Budget { return pg.NewBudget(contract.MaxAnswerBytes - envelope) }

// MaxRows is more rows than an answer has room for: an id alone has 48 bytes. Statements of expansions end there, so that the database does not read
// what nobody gets.
const MaxRows = contract.MaxAnswerBytes / 64

// large is an answer for which memory is made ready at once.
const large = 512 << 10

// Announce tells who will write the answer of ctx how large it is going to be.
func Announce(ctx context.Context, budget *pg.Budget) {
	if used := budget.Used(); used > large {
		requestlog.From(ctx).AnswerBytes = used + envelope
	}
}
