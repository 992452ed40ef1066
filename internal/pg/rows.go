package pg

import (
	"bytes"
	"database/sql"
	"errors"
	"fmt"
	"slices"
	"sync"

	entsql "entgo.io/ent/dialect/sql"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgtype"
)

// rows is a complete result, detached from its connection: closing is optional and Err is always nil.
type rows struct {
	columns []column
	// data holds the raw values of all rows one after the other and never changes; ends[i] is where value i
	// ends, with null marking NULL in the top bit.
	data []byte
	ends []uint32

	budget *Budget // nil for none
	taken  int64   // of the budget
	cut    bool    // there were rows that it had no room for
	missed int     // how many

	next    int    // row Next moves to
	start   uint32 // where the current row begins in data
	current []uint32
	closed  bool
	// types decodes what has no fast path. Not safe for concurrent use, so it is borrowed.
	types *pgtype.Map
}

const null = 1 << 31

// maxResult is the most bytes of a result that is read without a budget.
const maxResult = 64 << 20

// errTooLarge is for a result that would not fit into memory next to others.
var errTooLarge = fmt.Errorf("postgres: a result is larger than %d bytes: read it in pages, or within a Budget", maxResult)

// column is what scanning needs of a field description, which pgx reuses for the next statement.
type column struct {
	name   string
	oid    uint32
	format int16
}

var _ entsql.ColumnScanner = (*rows)(nil)

// scratch is where a result grows until its size is known.
type scratch struct {
	data []byte
	ends []uint32
}

// minScratch is where a result begins to grow, maxScratch the most bytes that are kept for the next one.
const (
	minScratch = 4 << 10
	maxScratch = 1 << 20
)

var scratches = sync.Pool{New: func() any { return &scratch{} }}

// readRows reads the result of st to its end, and keeps what its budget has room for, if it has one. How its columns are sent
// is part of the plan, if there is one.
func readRows(r *pgconn.ResultReader, st *statement) (*rows, error) {
	out := &rows{budget: st.budget}
	if st.plan != nil {
		out.columns = st.plan.columns
	} else {
		out.columns = describe(r.FieldDescriptions())
	}
	if len(out.columns) == 0 {
		return out, nil
	}
	s, _ := scratches.Get().(*scratch)
	s.data, s.ends = s.data[:0], s.ends[:0]
	var err error
	if out.budget == nil {
		err = s.readAll(r)
	} else {
		err = out.readWithin(r, s, st.shares)
	}
	out.ends = slices.Clone(s.ends)
	if cap(s.data) <= maxScratch {
		out.data = bytes.Clone(s.data)
		scratches.Put(s)
	} else {
		out.data = s.data // copying it would need as much again
	}
	return out, err
}

// readAll reads all rows.
func (s *scratch) readAll(r *pgconn.ResultReader) error {
	for r.NextRow() {
		values := r.Values()
		if sizeOf(values) > maxResult-len(s.data) {
			return errTooLarge
		}
		s.add(values)
	}
	return nil
}

// sizeOf is how many bytes the values have.
func sizeOf(values [][]byte) int {
	size := 0
	for _, v := range values {
		size += len(v)
	}
	return size
}

// add appends a row.
func (s *scratch) add(values [][]byte) {
	if needed := len(s.data) + sizeOf(values); needed > cap(s.data) {
		// append would grow a large slice by a quarter, and leave four times as much behind.
		s.data = append(make([]byte, 0, max(needed, min(4*cap(s.data), maxScratch), 2*cap(s.data), minScratch)), s.data...)
	}
	for _, v := range values {
		s.data = append(s.data, v...)
		end := uint32(len(s.data))
		if v == nil {
			end |= null
		}
		s.ends = append(s.ends, end)
	}
}

func describe(fields []pgconn.FieldDescription) []column {
	columns := make([]column, len(fields))
	for i, f := range fields {
		columns[i] = column{name: f.Name, oid: f.DataTypeOID, format: f.Format}
	}
	return columns
}

// Columns returns the names of the columns, also after the last row and after Close.
func (r *rows) Columns() ([]string, error) {
	names := make([]string, len(r.columns))
	for i, c := range r.columns {
		names[i] = c.name
	}
	return names, nil
}

// ColumnTypes is not possible: *sql.ColumnType cannot be made outside database/sql. Ent then scans into
// any, for columns added by Modify.
func (r *rows) ColumnTypes() ([]*sql.ColumnType, error) {
	return nil, errors.New("postgres: no *sql.ColumnType without database/sql")
}

// Next moves to the next row.
func (r *rows) Next() bool {
	n := len(r.columns)
	if r.closed || n == 0 || (r.next+1)*n > len(r.ends) {
		r.current = nil
		return false
	}
	if r.next > 0 {
		r.start = r.ends[r.next*n-1] &^ null
	}
	r.current = r.ends[r.next*n : (r.next+1)*n]
	r.next++
	return true
}

// NextResultSet is false: a statement has one result.
func (r *rows) NextResultSet() bool { return false }

// Err is nil: an error while reading has been returned by Query.
func (r *rows) Err() error { return nil }

// Close lets go of the memory.
func (r *rows) Close() error {
	if r.types != nil {
		decoders.Put(r.types)
	}
	r.closed, r.data, r.ends, r.current, r.types = true, nil, nil, nil, nil
	return nil
}

// Scan copies the current row into dest as (*sql.Rows).Scan of database/sql does.
func (r *rows) Scan(dest ...any) error {
	if r.current == nil {
		return errors.New("postgres: Scan without a row: call Next first, and look at its result")
	}
	if len(dest) != len(r.columns) {
		return fmt.Errorf("postgres: scan %d columns into %d destinations", len(r.columns), len(dest))
	}
	start := r.start
	for i, end := range r.current {
		var src []byte
		if end&null == 0 {
			src = r.data[start:end:end]
			if src == nil {
				src = []byte{}
			}
			start = end
		}
		if err := r.scan(&r.columns[i], src, dest[i]); err != nil {
			return scanError(&r.columns[i], err)
		}
	}
	return nil
}

func scanError(c *column, err error) error {
	return fmt.Errorf("postgres: scan column %q: %w", c.name, err)
}
