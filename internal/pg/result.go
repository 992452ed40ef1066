package pg

import (
	"encoding/binary"
	"math"
	"slices"
	"strings"
	"time"
	"unsafe"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5/pgtype"
	"github.com/lib/pq"

	"github.com/lockstep-dev/lockstep/internal/clamp"
)

// Result is the rows of a recorded read. Its accessors return the value of a column, counted from 0, of the current row; a
// value they cannot return is zero, and Err says why.
type Result struct {
	rows *rows
	text string // rows.data: strings are cut out of it
	row  int    // current row, from 1
	err  error
}

// newResult lends the rows' bytes to strings, which is safe because neither changes.
func newResult(r *rows) Result {
	return Result{rows: r, text: unsafe.String(unsafe.SliceData(r.data), len(r.data))}
}

// Len is the number of rows.
func (r *Result) Len() int {
	if r.rows == nil || len(r.rows.columns) == 0 {
		return 0
	}
	return len(r.rows.ends) / len(r.rows.columns)
}

// Cut reports whether there are rows that the budget had no room for.
func (r *Result) Cut() bool { return r.rows != nil && r.rows.cut }

// All is how many rows there are with those that the budget had no room for.
func (r *Result) All() int {
	if r.rows == nil {
		return 0
	}
	return r.Len() + r.rows.missed
}

// Release gives back what reading the rows took of the budget: for rows that do not go into the answer once each.
func (r *Result) Release() {
	if r.rows != nil {
		r.rows.release()
	}
}

// Move moves to a row, counted from 0.
func (r *Result) Move(row int) { r.row = row + 1 }

// Size is the most bytes that the current row has in JSON.
func (r *Result) Size() int64 {
	size := rowSize(r.rows.columns)
	for i := range r.rows.columns {
		size += jsonSize(&r.rows.columns[i], r.raw(i))
	}
	return size
}

// Column is where the column with the name is, -1 for nowhere.
func (r *Result) Column(name string) int {
	if r.rows == nil {
		return -1
	}
	return slices.IndexFunc(r.rows.columns, func(c column) bool { return c.name == name })
}

// Value is the value of the column with the name in a type of driver.Value; nil for NULL and for no such column.
func (r *Result) Value(name string) any {
	i := r.Column(name)
	if i < 0 {
		return nil
	}
	c := &r.rows.columns[i]
	v, err := r.rows.value(c, r.raw(i))
	if err != nil && r.err == nil {
		r.err = scanError(c, err)
	}
	return v
}

// Next moves to the next row.
func (r *Result) Next() bool {
	if r.row >= r.Len() {
		return false
	}
	r.row++
	return true
}

// Err is the first error of an accessor.
func (r *Result) Err() error { return r.err }

// Rewind moves in front of the first row.
func (r *Result) Rewind() { r.row = 0 }

// Has reports whether the result has these columns, in this order.
func (r *Result) Has(columns []string) bool {
	return r.rows != nil && slices.EqualFunc(r.rows.columns, columns, func(c column, name string) bool { return c.name == name })
}

// bounds is where the value of a column lies.
func (r *Result) bounds(column int) (start, end uint32, isNull bool) {
	at := (r.row-1)*len(r.rows.columns) + column
	if at > 0 {
		start = r.rows.ends[at-1] &^ null
	}
	end = r.rows.ends[at]
	return start, end &^ null, end&null != 0
}

// raw is the value of a column, nil for NULL.
func (r *Result) raw(column int) []byte {
	start, end, isNull := r.bounds(column)
	if isNull {
		return nil
	}
	if start == end {
		return []byte{}
	}
	return r.rows.data[start:end:end]
}

// binary is the value of a column of the type in binary, nil for anything else.
func (r *Result) binary(column int, oid uint32) []byte {
	c := &r.rows.columns[column]
	if c.oid != oid || c.format != pgtype.BinaryFormatCode {
		return nil
	}
	return r.raw(column)
}

// IsNull reports whether the value is NULL.
func (r *Result) IsNull(column int) bool {
	_, _, isNull := r.bounds(column)
	return isNull
}

// Scan stores the value in what dst points to, as the driver's rows do for Ent.
func (r *Result) Scan(column int, dst any) {
	c := &r.rows.columns[column]
	if err := r.rows.scan(c, r.raw(column), dst); err != nil && r.err == nil {
		r.err = scanError(c, err)
	}
}

// JSON decodes a json or jsonb value into what dst points to; NULL leaves it as it is, and so does what dst cannot hold.
func (r *Result) JSON(column int, dst any) {
	if !r.IsNull(column) {
		clamp.JSON(Scanned[[]byte](r, column), dst)
	}
}

// Scanned is the value of a column that has no shorter way. The accessors leave it to this function, and not to Scan, so
// that their own result need not live on the heap.
func Scanned[T any](r *Result, column int) T {
	var v T
	r.Scan(column, &v)
	return v
}

// Decoded is the value that a json or jsonb column holds; NULL is the zero value.
func Decoded[T any](r *Result, column int) T {
	var v T
	r.JSON(column, &v)
	return v
}

// UUID returns a uuid; NULL is the zero one.
func (r *Result) UUID(column int) uuid.UUID {
	if v := r.binary(column, pgtype.UUIDOID); len(v) == len(uuid.UUID{}) {
		return uuid.UUID(v)
	}
	if r.IsNull(column) {
		return uuid.Nil
	}
	return Scanned[uuid.UUID](r, column)
}

// String returns a text, varchar or char.
func (r *Result) String(column int) string {
	start, end, isNull := r.bounds(column)
	if !isNull && isText(r.rows.columns[column].oid) {
		return r.text[start:end]
	}
	return Scanned[string](r, column)
}

// Int returns a smallint, integer or bigint.
func (r *Result) Int(column int) int64 {
	if v := r.binary(column, pgtype.Int8OID); len(v) == 8 {
		return int64(binary.BigEndian.Uint64(v))
	}
	return Scanned[int64](r, column)
}

// Bool returns a boolean.
func (r *Result) Bool(column int) bool {
	if v := r.binary(column, pgtype.BoolOID); len(v) == 1 {
		return v[0] == 1
	}
	return Scanned[bool](r, column)
}

// Float returns a double precision.
func (r *Result) Float(column int) float64 {
	if v := r.binary(column, pgtype.Float8OID); len(v) == 8 {
		return math.Float64frombits(binary.BigEndian.Uint64(v))
	}
	return Scanned[float64](r, column)
}

// Time returns a timestamptz or date in UTC; infinity and years that RFC 3339 has not are times too (package special).
func (r *Result) Time(column int) time.Time {
	if at, ok := instant(&r.rows.columns[column], r.raw(column)); ok {
		return at
	}
	return Scanned[time.Time](r, column)
}

// Texts returns a text[]. It is never nil.
func (r *Result) Texts(column int) []string {
	start, end, isNull := r.bounds(column)
	if c := &r.rows.columns[column]; !isNull && (c.oid == pgtype.TextArrayOID || c.oid == pgtype.VarcharArrayOID) && c.format == pgtype.TextFormatCode {
		if texts, ok := plainTexts(r.text[start:end]); ok {
			return texts
		}
	}
	return Scanned[pq.StringArray](r, column)
}

// plainTexts reads an array that is written without quotes and has one dimension, as most have (PostgreSQL manual, "Array
// Input and Output Syntax").
func plainTexts(text string) ([]string, bool) {
	if len(text) < 2 || text[0] != '{' || text[len(text)-1] != '}' {
		return nil, false
	}
	text = text[1 : len(text)-1]
	if text == "" {
		return []string{}, true
	}
	if strings.ContainsAny(text, `"\{}`) {
		return nil, false
	}
	out := make([]string, 0, 1+strings.Count(text, ","))
	for item := range strings.SplitSeq(text, ",") {
		if item == "NULL" {
			return nil, false
		}
		out = append(out, item)
	}
	return out, true
}
