package planner

import (
	"context"
	"errors"
	"fmt"
	"regexp"
	"strings"

	"ariga.io/atlas/sql/schema"
	"github.com/jackc/pgx/v5/pgconn"

	"github.com/lockstep-dev/lockstep/internal/migrate"
)

// retyped finds the columns whose type a statement changes.
var retyped = regexp.MustCompile(`(?i)ALTER COLUMN "(\w+)" TYPE `)

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
	case "23P01":
		return "rows that are already there exclude one another: write a migration that changes them first"
	case "22001", "22003", "22P02", "22007", "22008", "22021", "22023", "2201B":
		var flags []string
		var failed *migrate.StatementError
		if errors.As(err, &failed) {
			table := alterTable.FindStringSubmatch(failed.SQL)
			for _, m := range retyped.FindAllStringSubmatch(failed.SQL, -1) {
				if table != nil {
					flags = append(flags, fmt.Sprintf("`--backfill %s.%s=\"SQL expression\"`, of the column as it was", table[1], m[1]))
				}
			}
		}
		if len(flags) == 0 {
			return "values that are already there do not fit: write a migration that changes them first"
		}
		return "values that are already there may not fit the new type: say what becomes of them, " + strings.Join(flags, " or ") +
			"; if all of yours fit, declare some that do beside the field, contract.Sample(…), so that generated rows do too; or add a new column, copy and switch"
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
