package postgres

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

	next    int    // row Next moves to
	start   uint32 // where the current row begins in data
	current []uint32
	closed  bool
	// types decodes what has no fast path. Not safe for concurrent use, so it is borrowed.
	types *pgtype.Map
}

const null = 1 << 31

// errTooLarge is for a result that would not fit into memory next to others.
var errTooLarge = fmt.Errorf("postgres: a result is larger than %d bytes: read it in pages", null-1)

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

// maxScratch is the most bytes that are kept for the next result.
const maxScratch = 1 << 20

var scratches = sync.Pool{New: func() any { return &scratch{} }}

// readRows reads r to its end. How its columns are sent is part of the plan, if there is one.
func readRows(r *pgconn.ResultReader, plan *prepared) (*rows, error) {
	out := &rows{}
	if plan != nil {
		out.columns = plan.columns
	} else {
		out.columns = describe(r.FieldDescriptions())
	}
	if len(out.columns) == 0 {
		return out, nil
	}
	s, _ := scratches.Get().(*scratch)
	s.data, s.ends = s.data[:0], s.ends[:0]
	defer func() {
		out.data, out.ends = bytes.Clone(s.data), slices.Clone(s.ends)
		if cap(s.data) <= maxScratch {
			scratches.Put(s)
		}
	}()
	for r.NextRow() {
		for _, v := range r.Values() {
			if len(v) >= null-len(s.data) {
				return out, errTooLarge
			}
			s.data = append(s.data, v...)
			end := uint32(len(s.data))
			if v == nil {
				end |= null
			}
			s.ends = append(s.ends, end)
		}
	}
	return out, nil
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
