package planner

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"ariga.io/atlas/sql/schema"
	"github.com/jackc/pgx/v5/pgconn"
)

// advice says what helps where rows are in the way.
func (o Options) advice(ctx context.Context, d pair, err error) string {
	var pg *pgconn.PgError
	if !errors.As(err, &pg) {
		return ""
	}
	switch pg.Code {
	case "23514", "23502":
		var flags []string
		for _, column := range o.broken(ctx, d, pg) {
			flags = append(flags, fmt.Sprintf("`--backfill %s.%s=\"SQL expression\"`", pg.TableName, column))
		}
		give := strings.Join(flags, " or ")
		if pg.Code == "23514" && pg.ConstraintName != "" {
			return fmt.Sprintf("rows that are already there may break it: say what they get, %s, or that yours keep to it already, `--complies %s`: then none is changed, and the migration fails where one does not", give, pg.ConstraintName)
		}
		return "rows that are already there break it: say what they get, " + give
	case "23505":
		return "rows that are already there have the same value twice: write a migration that makes them different first"
	case "22001", "22003", "22P02", "22007", "22008":
		return "values that are already there do not fit the new type: write a migration that changes them first, or add a new column, copy and switch"
	}
	return ""
}

// broken are the columns of the constraint that rows break. Postgres names the column of a NOT NULL; of a CHECK it names the
// constraint, which is where the migration stopped, or in the desired state.
func (o Options) broken(ctx context.Context, d pair, pg *pgconn.PgError) []string {
	if pg.ColumnName != "" {
		return []string{pg.ColumnName}
	}
	columns, _ := d.current.columnsOf(ctx, pg)
	if len(columns) > 0 {
		return columns
	}
	goal, err := d.desired.inspect(ctx)
	if err == nil && len(tablesOf(goal)) == 0 {
		// Verify has not come to it yet.
		if err = d.desired.load(ctx, o.Schema); err == nil {
			goal, err = d.desired.inspect(ctx)
		}
	}
	if err != nil {
		return []string{"column"}
	}
	if t, ok := realmTable(goal, pg.TableName); ok {
		for _, a := range t.Attrs {
			if c, ok := a.(*schema.Check); ok && c.Name == pg.ConstraintName {
				for _, column := range t.Columns {
					if mentions(c.Expr, column.Name) {
						columns = append(columns, column.Name)
					}
				}
			}
		}
	}
	if len(columns) == 0 {
		return []string{"column"}
	}
	return columns
}

// columnsOf are the columns of a constraint that an error names, where the database has it.
func (d *database) columnsOf(ctx context.Context, pg *pgconn.PgError) ([]string, error) {
	conn, err := d.connection(ctx)
	if err != nil {
		return nil, err
	}
	var columns []string
	err = conn.QueryRow(ctx, `SELECT coalesce(array_agg(a.attname::text ORDER BY a.attnum), '{}') FROM pg_constraint k JOIN pg_class c ON c.oid = k.conrelid
JOIN pg_namespace n ON n.oid = c.relnamespace JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum = ANY (k.conkey)
WHERE n.nspname = $1 AND c.relname = $2 AND k.conname = $3`, pg.SchemaName, pg.TableName, pg.ConstraintName).Scan(&columns)
	return columns, err
}
