// Package insertcache caches the text of INSERTs by table and columns set. Ent's builder writes one anew for each row. The generated ORM
// calls the cache in the builder's place (internal/codegen/orm).
package insertcache

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"sync"
	"sync/atomic"

	"entgo.io/ent/dialect"
	"entgo.io/ent/dialect/sql"
)

const (
	// MaxColumns is how many columns a table may have.
	MaxColumns = 256
	// enough is how many texts are kept of a table: columns can be left out in more combinations than there is memory for.
	enough = 256
)

// Statements are the INSERTs of a table. They may be used from any goroutine.
type Statements struct {
	table   string
	columns []string
	// stored are the columns that a row is asked for once it is there, because Postgres may have written other values.
	stored []string
	// texts is never changed, only replaced.
	texts   atomic.Pointer[map[form]text]
	writing sync.Mutex
}

// form is what the text of an INSERT depends on: the schema that the table is in, and a bit for each column that is set.
type form struct {
	schema  string
	columns set
}

// set is a bit for each column.
type set [MaxColumns / 64]uint64

func (s *set) add(column int)      { s[column/64] |= 1 << (column % 64) }
func (s *set) has(column int) bool { return s[column/64]&(1<<(column%64)) != 0 }

// text is an INSERT, and the same with the binding to a tenant in it; empty for one that returns columns.
type text struct{ plain, bound string }

// binder is a driver that can send a row in a transaction that the INSERT itself binds to a tenant (internal/pg).
type binder interface {
	Insert(ctx context.Context, query, bound string, args []any) error
}

// New returns the statements of a table, with its columns in the order in which an INSERT names them.
func New(table string, columns ...string) *Statements {
	return &Statements{table: table, columns: columns}
}

// Stored has rows read back, in the same statement, the columns of which the database may hold other values than it was given.
func (s *Statements) Stored(columns ...string) *Statements {
	s.stored = columns
	return s
}

// Row is a row to be added.
type Row struct {
	of      *Statements
	columns set
	values  []any
}

// Row returns a row without values.
func (s *Statements) Row() Row { return Row{of: s, values: make([]any, 0, len(s.columns)+1)} }

// Set gives a value to the column with that index. Columns are set in their order.
func (r *Row) Set(column int, value any) {
	r.columns.add(column)
	r.values = append(r.values, value)
}

// SetJSON is Set of what the value is in JSON, as Ent's builder writes it.
func (r *Row) SetJSON(column int, value any) error {
	text, err := json.Marshal(value)
	if err != nil {
		return fmt.Errorf("encode column %q: %w", r.of.columns[column], err)
	}
	r.Set(column, json.RawMessage(text))
	return nil
}

// Node is the generated struct of a row: how Ent reads columns into it.
type Node struct {
	Values func(columns []string) ([]any, error)
	Assign func(columns []string, values []any) error
}

// Insert adds the row to the table in the schema, and reads into the node what the database has stored. It reports false, and has
// done nothing, if that is for Ent's builder: the database is another one than Postgres, or a value has a text of its own in the
// statement.
func (r *Row) Insert(ctx context.Context, to dialect.Driver, schema string, node Node) (bool, error) {
	if to.Dialect() != dialect.Postgres {
		return false, nil
	}
	for _, value := range r.values {
		if writesItself(value) {
			return false, nil
		}
	}
	text, err := r.of.text(form{schema, r.columns})
	if err != nil {
		return true, err
	}
	if len(r.of.stored) > 0 {
		return true, r.insertAndRead(ctx, to, text.plain, node)
	}
	if to, ok := to.(binder); ok {
		return true, to.Insert(ctx, text.plain, text.bound, r.values)
	}
	return true, to.Exec(ctx, text.plain, r.values, nil)
}

// insertAndRead sends an INSERT that returns the stored columns.
func (r *Row) insertAndRead(ctx context.Context, to dialect.Driver, text string, node Node) (err error) {
	rows := &sql.Rows{}
	if err := to.Query(ctx, text, r.values, rows); err != nil {
		return err
	}
	defer func() { err = errors.Join(err, rows.Close()) }()
	if !rows.Next() {
		return errors.Join(rows.Err(), fmt.Errorf("the row added to %s is not returned", r.of.table))
	}
	values, err := node.Values(r.of.stored)
	if err != nil {
		return err
	}
	if err := rows.Scan(values...); err != nil {
		return fmt.Errorf("read the row added to %s: %w", r.of.table, err)
	}
	if err := node.Assign(r.of.stored, values); err != nil {
		return err
	}
	return rows.Err()
}

// writesItself reports whether Ent's builder would ask the value for its text.
func writesItself(value any) bool {
	switch value.(type) {
	case sql.Querier, sql.ParamFormatter:
		return true
	}
	return false
}

// text returns the statement, which Ent writes if it is not known yet.
func (s *Statements) text(f form) (text, error) {
	if known := s.texts.Load(); known != nil {
		if t, ok := (*known)[f]; ok {
			return t, nil
		}
	}
	insert := sql.Dialect(dialect.Postgres).Insert(s.table).Schema(f.schema).Returning(s.stored...)
	var columns []string
	for i, column := range s.columns {
		if f.columns.has(i) {
			insert.Set(column, "") // a parameter whatever the value: of nil Ent would write NULL
			columns = append(columns, column)
		}
	}
	plain, _, err := insert.QueryErr()
	if err != nil {
		return text{}, err
	}
	t := text{plain: plain}
	if len(s.stored) == 0 {
		t.bound = s.bound(f.schema, columns)
	}
	s.keep(f, t)
	return t, nil
}

// bound is the INSERT of a row whose policies find their tenant, which is one argument more. A row is made before it is
// checked (PostgreSQL manual, CREATE POLICY: "WITH CHECK expressions are enforced after BEFORE ROW triggers are fired"), and
// what it is made from here sets the tenant. Parameters take the types of their columns, as in VALUES.
func (s *Statements) bound(schema string, columns []string) string {
	var b sql.Builder
	b.SetDialect(dialect.Postgres)
	b.WriteString("INSERT INTO ")
	if schema != "" {
		b.Ident(schema).WriteByte('.')
	}
	b.Ident(s.table).WriteString(" (").IdentComma(columns...).WriteString(") SELECT ")
	for i := range columns {
		if i > 0 {
			b.WriteString(", ")
		}
		b.WriteString("$" + strconv.Itoa(i+1))
	}
	return b.String() + " FROM (SELECT set_config('app.tenant_id', $" + strconv.Itoa(len(columns)+1) + ", true) AS tenant) AS bound WHERE tenant IS NOT NULL"
}

func (s *Statements) keep(f form, t text) {
	s.writing.Lock()
	defer s.writing.Unlock()
	more := map[form]text{f: t}
	if known := s.texts.Load(); known != nil {
		if len(*known) >= enough {
			return
		}
		for k, v := range *known {
			more[k] = v
		}
	}
	s.texts.Store(&more)
}
