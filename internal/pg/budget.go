package pg

import (
	"context"
	"errors"
	"sync/atomic"

	"github.com/jackc/pgx/v5/pgconn"
)

// Budget is how many bytes of JSON an answer may have. Results that are read within it end where it does: the rows behind
// are taken off the connection and not kept. The first row always fits, so that a list goes on behind a row that is larger
// than any answer should be. It is safe for concurrent use.
type Budget struct {
	total int64
	left  atomic.Int64
	begun atomic.Bool
	ended atomic.Bool
	whole atomic.Bool
}

// NewBudget returns a budget of so many bytes.
func NewBudget(bytes int64) *Budget {
	b := &Budget{total: bytes}
	b.left.Store(bytes)
	return b
}

// Take takes bytes off the budget. If there are fewer left it takes none, and returns false.
func (b *Budget) Take(bytes int64) bool {
	if b.left.Add(-bytes) >= 0 || !b.begun.Load() {
		b.begun.Store(true)
		return true
	}
	b.left.Add(bytes)
	b.ended.Store(true)
	return false
}

// Give puts bytes back.
func (b *Budget) Give(bytes int64) { b.left.Add(bytes) }

// Keep takes all but one of so many equal shares of what is left, and returns how much that is. Give puts it back for those
// that come later.
func (b *Budget) Keep(shares int64) int64 {
	kept := max(b.left.Load(), 0) / shares * (shares - 1)
	b.left.Add(-kept)
	return kept
}

// Used is how many bytes have been taken. It is exact but for small results, which are not measured.
func (b *Budget) Used() int64 { return b.total - b.left.Load() }

// Ended reports whether something had no room.
func (b *Budget) Ended() bool { return b.ended.Load() }

// Force takes bytes off the budget whether or not there are so many left. If there are fewer, the budget has ended.
func (b *Budget) Force(bytes int64) {
	b.begun.Store(true)
	if b.left.Add(-bytes) < 0 {
		b.ended.Store(true)
	}
}

// Retry begins again with so many bytes taken. Whole says that what follows is of no use unless all of it fits.
func (b *Budget) Retry(used int64, whole bool) {
	b.left.Store(b.total - used)
	b.ended.Store(false)
	b.whole.Store(whole)
}

// Short reports whether something had no room of what is of use only as a whole.
func (b *Budget) Short() bool { return b.whole.Load() && b.ended.Load() }

// room is how many bytes the next row may have, and whether it may have more because it is the first.
func (b *Budget) room() (left int64, first bool) { return max(b.left.Load(), 0), !b.begun.Load() }

// WithBudget returns a context in which the rows that Ent reads outside of a transaction, into its own types, end where the
// budget does: for operations that answer lists and read them by Ent.
func WithBudget(ctx context.Context, b *Budget) context.Context {
	return context.WithValue(ctx, interceptKey{}, &intercept{budget: b})
}

// Fetch has Ent write and send the one statement of read, and returns its result instead of having Ent make rows of its own
// of it. A nil budget is none. It is for reads outside of a transaction; read returns the error it gets.
func (db *DB) Fetch(ctx context.Context, b *Budget, read func(context.Context) error) (Result, error) {
	i := &intercept{budget: b, fetches: true}
	err := read(context.WithValue(ctx, interceptKey{}, i))
	if i.rows == nil {
		if err == nil {
			err = errors.New("postgres: fetch a read: it issued no statement")
		}
		return Result{}, err
	}
	return newResult(i.rows), nil
}

// unmeasured is the share of a budget up to which rows are not measured: that a page of ordinary rows fits is plain from
// its bytes on the wire.
const unmeasured = 8

// readWithin reads the rows that the budget has room for into s, and takes the others off the connection.
func (r *rows) readWithin(from *pgconn.ResultReader, s *scratch, shares int64) error {
	left, first := r.budget.room()
	left /= max(shares, 1)
	each := rowSize(r.columns)
	var size, count int64
	measured := false
	for from.NextRow() {
		if r.cut {
			r.missed++
			continue
		}
		values := from.Values()
		row := int64(sizeOf(values))
		if most := (int64(len(s.data))+row)*maxGrowth + (count+1)*each; !measured && most <= left/unmeasured {
			size = most
		} else {
			if !measured {
				measured = true
				size = s.measure(r.columns) + count*each
			}
			row = max(row, measure(r.columns, values)) + each
			if alone := first && count == 0; size+row > left && !alone {
				r.cut = true
				r.missed++
				continue
			}
			if row >= null-int64(len(s.data)) {
				return errTooLarge
			}
			size += row
		}
		s.add(values)
		count++
	}
	r.taken = size
	if size > 0 {
		r.budget.begun.Store(true)
		r.budget.left.Add(-size)
	}
	if r.cut {
		r.budget.ended.Store(true)
	}
	return nil
}

// measure is what the rows read so far have in JSON, without what each column adds.
func (s *scratch) measure(columns []column) int64 {
	var size int64
	var start uint32
	for i, end := range s.ends {
		if end&null == 0 {
			size += jsonSize(&columns[i%len(columns)], s.data[start:end:end])
			start = end
		}
	}
	return size
}

// release gives the budget back what the rows took of it.
func (r *rows) release() {
	if r.budget != nil {
		r.budget.Give(r.taken)
		r.taken = 0
	}
}
