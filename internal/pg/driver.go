package pg

import (
	"context"
	"database/sql"
	"errors"
	"fmt"

	"entgo.io/ent/dialect"
	entsql "entgo.io/ent/dialect/sql"
)

// entDriver is Ent's view of a DB.
type entDriver DB

var _ dialect.Driver = (*entDriver)(nil)

func (d *entDriver) db() *DB { return (*DB)(d) }

// Dialect implements dialect.Driver.
func (d *entDriver) Dialect() string { return dialect.Postgres }

// Close closes the pool.
func (d *entDriver) Close() error {
	d.db().Close()
	return nil
}

// Exec runs a statement without rows; v is nil or a *sql.Result.
func (d *entDriver) Exec(ctx context.Context, query string, args, v any) error {
	return execute(ctx, d.do, query, args, v)
}

// Insert is Exec of an INSERT that is known in another form as well: one that sets app.tenant_id for its transaction before it
// makes the row. That is a statement less where the transaction has no other.
func (d *entDriver) Insert(ctx context.Context, query, bound string, args []any) error {
	s := &statement{sql: query, bound: bound, args: args}
	return markDeleting(d.do(ctx, s), query)
}

// Query runs a statement and leaves its rows in v, a *sql.Rows of Ent.
func (d *entDriver) Query(ctx context.Context, query string, args, v any) error {
	return fetch(ctx, d.do, query, args, v)
}

// do runs s in the scope of ctx, as a transaction of its own or in the round of a Pipelined.
func (d *entDriver) do(ctx context.Context, s *statement) error {
	i := interceptFrom(ctx)
	if i != nil && i.records {
		i.statements = append(i.statements, s)
		return errRecorded
	}
	db := d.db()
	db.observe(ctx, s)
	scope, err := requireScope(ctx)
	if err != nil {
		return err
	}
	asked := termsOf(ctx)
	if asked.requires {
		return ErrNoTransaction
	}
	s.notify = asked.notify
	defer callAll(asked.after)
	if i != nil {
		s.budget = i.budget
	}
	if m := memberFrom(ctx); m != nil {
		err = m.do(ctx, scope, s)
	} else {
		err = db.run(ctx, scope, s)
	}
	if err == nil && i != nil && i.fetches {
		i.rows, err = s.rows, errFetched
	}
	return err
}

// Tx begins a transaction bound to the scope of ctx.
func (d *entDriver) Tx(ctx context.Context) (dialect.Tx, error) { return d.BeginTx(ctx, nil) }

// BeginTx is Tx with an isolation level or read-only; Ent's Client.BeginTx looks for it.
func (d *entDriver) BeginTx(ctx context.Context, opts *sql.TxOptions) (dialect.Tx, error) {
	return d.db().begin(ctx, opts)
}

// execute and fetch are Exec and Query of entDriver and tx, which differ in how they do a statement.
func execute(ctx context.Context, do func(context.Context, *statement) error, query string, args, v any) error {
	res, ok := v.(*sql.Result)
	if !ok && v != nil {
		return fmt.Errorf("postgres: result is %T: pass nil or *sql.Result", v)
	}
	s, err := newStatement(query, args)
	if err != nil {
		return err
	}
	if err := do(ctx, s); err != nil {
		return markDeleting(err, query)
	}
	if res != nil {
		*res = result(s.tag.RowsAffected())
	}
	return nil
}

func fetch(ctx context.Context, do func(context.Context, *statement) error, query string, args, v any) error {
	dst, ok := v.(*entsql.Rows)
	if !ok {
		return fmt.Errorf("postgres: rows are %T: pass *sql.Rows of entgo.io/ent/dialect/sql", v)
	}
	s, err := newStatement(query, args)
	if err != nil {
		return err
	}
	if err := do(ctx, s); err != nil {
		return markDeleting(err, query)
	}
	*dst = entsql.Rows{ColumnScanner: s.rows}
	return nil
}

// result is the number of rows a statement affected.
type result int64

// LastInsertId is not a notion of Postgres: use RETURNING.
func (result) LastInsertId() (int64, error) {
	return 0, errors.New("postgres: no last insert id: use RETURNING")
}

func (r result) RowsAffected() (int64, error) { return int64(r), nil }
