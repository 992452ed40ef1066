// Package inserting adds rows with statements that are written once. Ent's builder writes an INSERT anew for each row, though
// its text follows from the table and the columns that are set. The generated ORM calls NewRow and Node
// in Ent's place.
package inserting

import (
	"context"
	"database/sql/driver"
	"sync"
	"sync/atomic"

	"entgo.io/ent/dialect"
	"entgo.io/ent/dialect/sql"
	"entgo.io/ent/dialect/sql/sqlgraph"
	"entgo.io/ent/schema/field"
)

// enough is how many texts are kept: columns can be left out in more combinations than there is memory for.
const enough = 1000

// texts are the statements by table and columns; see key. The map is never changed, only replaced.
var (
	texts   atomic.Pointer[map[string]string]
	writing sync.Mutex
)

// Node is sqlgraph.CreateNode.
func Node(ctx context.Context, to dialect.Driver, spec *sqlgraph.CreateSpec) error {
	if to.Dialect() != dialect.Postgres || !plain(spec) {
		return sqlgraph.CreateNode(ctx, to, spec)
	}
	var space [256]byte
	key := key(space[:0], spec)
	var text string
	if known := texts.Load(); known != nil {
		text = (*known)[string(key)]
	}
	if text == "" {
		query, err := write(spec)
		if err != nil {
			return err
		}
		keep(string(key), query)
		text = query
	}
	return to.Exec(ctx, text, args(spec), nil)
}

// Row is the specification of a row, with room for its fields: Ent allocates each by itself.
type Row struct {
	sqlgraph.CreateSpec
	fields [16]sqlgraph.FieldSpec
	list   [16]*sqlgraph.FieldSpec
}

// NewRow is sqlgraph.NewCreateSpec.
func NewRow(table string, id *sqlgraph.FieldSpec) *Row {
	r := &Row{CreateSpec: sqlgraph.CreateSpec{Table: table, ID: id}}
	r.Fields = r.list[:0]
	return r
}

// SetField is that of sqlgraph.CreateSpec.
func (r *Row) SetField(column string, kind field.Type, value driver.Value) {
	n := len(r.Fields)
	if n >= len(r.fields) {
		r.CreateSpec.SetField(column, kind, value)
		return
	}
	r.fields[n] = sqlgraph.FieldSpec{Column: column, Type: kind, Value: value}
	r.Fields = append(r.Fields, &r.fields[n])
}

// plain reports whether the row is one INSERT, with values that go out as they are and an id that is known beforehand.
func plain(spec *sqlgraph.CreateSpec) bool {
	if spec.ID == nil || spec.ID.Value == nil || len(spec.OnConflict) > 0 {
		return false
	}
	for _, f := range spec.Fields {
		if f.Type == field.TypeJSON || writesItself(f.Value) {
			return false
		}
	}
	for _, e := range spec.Edges {
		if e.Rel != sqlgraph.M2O || len(e.Columns) != 1 || len(e.Target.Nodes) != 1 {
			return false
		}
	}
	return true
}

// writesItself reports whether Ent's builder would ask the value for its text.
func writesItself(value any) bool {
	switch value.(type) {
	case sql.Querier, sql.ParamFormatter:
		return true
	}
	return false
}

// key names what the text depends on. No name in it holds a NUL.
func key(to []byte, spec *sqlgraph.CreateSpec) []byte {
	to = append(append(append(to, spec.Schema...), 0), spec.Table...)
	for _, f := range spec.Fields {
		to = append(append(to, 0), f.Column...)
	}
	for _, e := range spec.Edges {
		to = append(append(to, 0), e.Columns[0]...)
	}
	return append(append(to, 0), spec.ID.Column...)
}

// args are the values in the order of the columns: fields, edges, id.
func args(spec *sqlgraph.CreateSpec) []any {
	out := make([]any, 0, len(spec.Fields)+len(spec.Edges)+1)
	for _, f := range spec.Fields {
		out = append(out, f.Value)
	}
	for _, e := range spec.Edges {
		out = append(out, e.Target.Nodes[0])
	}
	return append(out, spec.ID.Value)
}

// write has Ent write the statement.
func write(spec *sqlgraph.CreateSpec) (string, error) {
	insert := sql.Dialect(dialect.Postgres).Insert(spec.Table).Schema(spec.Schema)
	for _, f := range spec.Fields {
		insert.Set(f.Column, f.Value)
	}
	for _, e := range spec.Edges {
		insert.Set(e.Columns[0], e.Target.Nodes[0])
	}
	text, _, err := insert.Set(spec.ID.Column, spec.ID.Value).QueryErr()
	return text, err
}

func keep(key, text string) {
	writing.Lock()
	defer writing.Unlock()
	more := map[string]string{key: text}
	if known := texts.Load(); known != nil {
		if len(*known) >= enough {
			return
		}
		for k, v := range *known {
			more[k] = v
		}
	}
	texts.Store(&more)
}
