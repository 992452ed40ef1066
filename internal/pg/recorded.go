package pg

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/google/uuid"
)

// In a recorded statement these ids stand for those of the request that sends it. They are nobody's: a statement that was
// sent with one of them would find nothing.
var (
	AnyTenant = uuid.UUID{0: 0xff, 6: 0x80, 8: 0x80, 15: 1}
	AnyUser   = uuid.UUID{0: 0xff, 6: 0x80, 8: 0x80, 15: 2}
	AnyRow    = uuid.UUID{0: 0xff, 6: 0x80, 8: 0x80, 15: 3}
)

// Recorded is a read as Ent has written it once, to be sent with other ids. To have Ent write a statement takes longer than
// everything else that a server does to send it.
type Recorded struct {
	sql  string
	args []any
}

// errRecorded is what a read gets instead of rows while it is recorded.
var errRecorded = errors.New("postgres: the statement was recorded and not sent")

// errFetched is what a read gets instead of rows that are somebody else's.
var errFetched = errors.New("postgres: the rows were fetched past Ent")

type interceptKey struct{}

// intercept says what becomes of the statements of a context other than that they are sent, and their rows Ent's.
type intercept struct {
	records    bool // they are not sent
	statements []*statement

	budget  *Budget // bounds their rows
	fetches bool    // rows are kept here
	rows    *rows
}

// Record returns the one statement that read issues on the driver, with the context it is given, which is in the scope of
// AnyTenant. The statement is not sent; read returns the error it gets.
func (db *DB) Record(ctx context.Context, read func(context.Context) error) (*Recorded, error) {
	r := &intercept{records: true}
	ctx = context.WithValue(WithScope(ctx, Scope{TenantID: AnyTenant}), interceptKey{}, r)
	err := read(ctx)
	if len(r.statements) != 1 || !errors.Is(err, errRecorded) {
		return nil, fmt.Errorf("postgres: record a read: got %d statements and %w, want one", len(r.statements), err)
	}
	s := r.statements[0]
	if !slices.Contains(s.args, any(AnyTenant)) {
		return nil, fmt.Errorf("postgres: record a read: it does not bind its tenant: %s", s.sql)
	}
	return &Recorded{sql: s.sql, args: s.args}, nil
}

func interceptFrom(ctx context.Context) *intercept {
	i, _ := ctx.Value(interceptKey{}).(*intercept)
	return i
}

// Ids are what a recorded statement is sent with, besides the tenant, which is the scope's.
type Ids struct {
	User, Row uuid.UUID
}

// Send runs recorded reads in the scope of ctx, in one round trip, and returns their results in order, each with its share of
// the budget. A nil read is not sent and has no rows; a nil budget is none.
func (db *DB) Send(ctx context.Context, with Ids, budget *Budget, recorded ...*Recorded) ([]Result, error) {
	scope, err := requireScope(ctx)
	if err != nil {
		return nil, err
	}
	// Boxed once for all statements, whose arguments lie side by side.
	tenant, user, row := any(scope.TenantID), any(with.User), any(with.Row)
	size := 0
	for _, r := range recorded {
		if r != nil {
			size += len(r.args)
		}
	}
	args := make([]any, 0, size)
	statements := make([]statement, len(recorded))
	sent := make([]*statement, 0, len(recorded))
	for i, r := range recorded {
		if r == nil {
			continue
		}
		first := len(args)
		for _, arg := range r.args {
			switch arg {
			case any(AnyTenant):
				arg = tenant
			case any(AnyUser):
				arg = user
			case any(AnyRow):
				arg = row
			}
			args = append(args, arg)
		}
		s := &statements[i]
		s.sql, s.args = r.sql, args[first:len(args):len(args)]
		s.budget, s.shares = budget, int64(len(recorded)-i)
		db.observe(ctx, s)
		sent = append(sent, s)
	}
	if len(sent) > 0 {
		if err := db.run(ctx, scope, sent...); err != nil {
			return nil, err
		}
	}
	results := make([]Result, len(recorded))
	for i := range statements {
		if s := &statements[i]; s.rows != nil {
			results[i] = newResult(s.rows)
		}
	}
	return results, nil
}
