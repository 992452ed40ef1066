package reading

import (
	"github.com/lockstep-dev/lockstep/ent/schema/contract"
	"github.com/lockstep-dev/lockstep/internal/postgres"
)

// envelope is what an answer has around its rows: a cursor, a count, names and brackets.
const envelope = 16 << 10

// Budget is what the rows of one answer may have.
func Budget() *postgres.Budget { return postgres.NewBudget(contract.MaxAnswerBytes - envelope) }

// MaxRows is more rows than an answer has room for: an id alone has 48 bytes. Statements of expansions end there, so that the database does not read
// what nobody gets.
const MaxRows = contract.MaxAnswerBytes / 64
