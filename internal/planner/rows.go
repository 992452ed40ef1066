package planner

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"github.com/lockstep-dev/lockstep/internal/pgcatalog"
)

// rowsPerTable is how many rows a table gets: enough for every tenant to have several, for every value of a short
// enumeration, and for a null in every column that takes one.
const rowsPerTable = 6

// connection is one the database keeps, for the many small reads that compare states.
func (d *database) connection(ctx context.Context) (*pgx.Conn, error) {
	if d.conn != nil && !d.conn.IsClosed() {
		return d.conn, nil
	}
	config, err := pgx.ParseConfig(d.url)
	if err != nil {
		return nil, fmt.Errorf("read the scratch database's URL: %w", err)
	}
	config.RuntimeParams["jit"] = "off"
	pgcatalog.PinAtStart(config.RuntimeParams, "public")
	// Tables change between the reads, so plans must not be kept.
	config.DefaultQueryExecMode = pgx.QueryExecModeDescribeExec
	if d.conn, err = pgx.ConnectConfig(ctx, config); err != nil {
		return nil, fmt.Errorf("connect to the scratch database: %w", err)
	}
	return d.conn, nil
}

// fill gives every table rows: empty ones get some, and in the others what is new or restricted anew gets values. Tables
// for which no row can be made are kept in d.bare, with the reason.
func (d *database) fill(ctx context.Context) error {
	shapes, err := d.shapes(ctx)
	if err != nil {
		return err
	}
	if d.bare == nil {
		d.bare, d.filled = map[string]string{}, map[string]string{}
	}
	for _, t := range shapes {
		there := slices.ContainsFunc(t.Columns, func(c shapeColumn) bool { return d.filled[t.Name+"."+c.Name] != "" })
		if !there {
			n, err := d.count(ctx, t.Name)
			if err != nil {
				return err
			}
			there = n > 0
		}
		if !there {
			err = d.insert(ctx, t)
		} else {
			err = d.renew(ctx, t)
		}
		if err != nil {
			return err
		}
		for _, c := range t.Columns {
			if !there || !d.kept(t, c) {
				d.filled[t.Name+"."+c.Name] = t.signature(c)
			}
		}
	}
	return d.closeCircles(ctx, shapes)
}

func (d *database) count(ctx context.Context, table string) (int, error) {
	var n int
	conn, err := d.connection(ctx)
	if err == nil {
		err = conn.QueryRow(ctx, "SELECT count(*) FROM "+qualifiedName(table)).Scan(&n)
	}
	if err != nil {
		return 0, fmt.Errorf("count rows of %s: %w", table, err)
	}
	return n, nil
}

// insert writes rows into an empty table.
func (d *database) insert(ctx context.Context, t shape) error {
	delete(d.bare, t.Name)
	var refused error
	written := 0
	for i := range rowsPerTable {
		for try := range tries {
			values, err := d.values(ctx, t, i, try)
			if err != nil {
				return err
			}
			var names, literals []string
			for _, c := range t.Columns {
				if v, ok := values[c.Name]; ok {
					names, literals = append(names, fmt.Sprintf("%q", c.Name)), append(literals, v)
				}
			}
			refused = d.write(ctx, fmt.Sprintf("INSERT INTO %s (%s) VALUES (%s)", qualifiedName(t.Name), strings.Join(names, ", "), strings.Join(literals, ", ")))
			if refused == nil {
				written++
				break
			}
			if !dataError(refused) {
				return fmt.Errorf("fill table %s: %w", t.Name, refused)
			}
		}
	}
	if written == 0 && refused != nil {
		d.bare[t.Name] = d.whyBare(ctx, t, refused)
	}
	return nil
}

// whyBare names the CHECKs that take no value that was tried, or says what the last try was told.
func (d *database) whyBare(ctx context.Context, t shape, refused error) string {
	for _, c := range t.Columns {
		p, err := d.choices(ctx, t, c)
		if err == nil && len(p.all) == 0 && c.NotNull && !c.Given && len(t.alone(c)) > 0 {
			return fmt.Sprintf("column %s takes none of the values tried: %s", c.Name, strings.Join(t.alone(c), " and "))
		}
	}
	return refused.Error()
}

// renew gives values to the columns that are new or changed, row by row.
func (d *database) renew(ctx context.Context, t shape) error {
	key := t.key()
	if len(key) == 0 {
		return nil
	}
	var stale []shapeColumn
	for _, c := range t.Columns {
		if d.filled[t.Name+"."+c.Name] != t.signature(c) && !d.kept(t, c) && !c.Given && !slices.Contains(key, c.Name) {
			stale = append(stale, c)
		}
	}
	if len(stale) == 0 {
		return nil
	}
	rows, err := d.literals(ctx, t)
	if err != nil {
		return err
	}
	for i, fixed := range rows {
		where := make([]string, len(key))
		for j, k := range key {
			where[j] = fmt.Sprintf("%q = %s", k, fixed[k])
		}
		for _, c := range stale {
			delete(fixed, c.Name)
		}
		if err := d.renewRow(ctx, t, i, stale, fixed, strings.Join(where, " AND ")); err != nil {
			return err
		}
	}
	return nil
}

// renewRow gives the columns of one row values that go with those it keeps: all at once, or else each that can have one.
func (d *database) renewRow(ctx context.Context, t shape, i int, stale []shapeColumn, fixed map[string]string, where string) error {
	update := func(try int, columns ...shapeColumn) (bool, error) {
		values, err := d.valuesWith(ctx, t, i, try, fixed)
		if err != nil {
			return false, err
		}
		var set []string
		for _, c := range columns {
			if v, ok := values[c.Name]; ok {
				set = append(set, fmt.Sprintf("%q = %s", c.Name, v))
			}
		}
		if len(set) == 0 {
			return true, nil
		}
		err = d.write(ctx, fmt.Sprintf("UPDATE %s SET %s WHERE %s", qualifiedName(t.Name), strings.Join(set, ", "), where))
		if err != nil && !dataError(err) {
			return false, fmt.Errorf("fill columns of %s: %w", t.Name, err)
		}
		return err == nil, nil
	}
	for try := range tries {
		if ok, err := update(try, stale...); ok || err != nil {
			return err
		}
	}
	for _, c := range stale {
		for try := range tries {
			if ok, err := update(try, c); ok || err != nil {
				if err != nil {
					return err
				}
				break
			}
		}
	}
	return nil
}

// literals are the rows of a table as literals by column, in the order of their keys.
func (d *database) literals(ctx context.Context, t shape) ([]map[string]string, error) {
	var list, order []string
	for _, c := range t.Columns {
		list = append(list, fmt.Sprintf("quote_nullable(%q)", c.Name))
	}
	for _, k := range t.key() {
		order = append(order, fmt.Sprintf("quote_nullable(%q)", k))
	}
	conn, err := d.connection(ctx)
	if err != nil {
		return nil, err
	}
	rows, err := conn.Query(ctx, fmt.Sprintf("SELECT ARRAY[%s] FROM %s ORDER BY ARRAY[%s]", strings.Join(list, ", "), qualifiedName(t.Name), strings.Join(order, ", ")))
	if err != nil {
		return nil, fmt.Errorf("read rows of %s: %w", t.Name, err)
	}
	found, err := pgx.CollectRows(rows, pgx.RowTo[[]string])
	if err != nil {
		return nil, fmt.Errorf("read rows of %s: %w", t.Name, err)
	}
	out := make([]map[string]string, len(found))
	for i, row := range found {
		out[i] = map[string]string{}
		for j, c := range t.Columns {
			out[i][c.Name] = row[j]
		}
	}
	return out, nil
}

func (d *database) write(ctx context.Context, sql string) error {
	conn, err := d.connection(ctx)
	if err != nil {
		return err
	}
	_, err = conn.Exec(ctx, sql, pgx.QueryExecModeSimpleProtocol)
	return err
}

// dataError recognises values that a table does not take (classes 22, 23 and errors of functions in its constraints).
func dataError(err error) bool {
	var pg *pgconn.PgError
	return errors.As(err, &pg) && (strings.HasPrefix(pg.Code, "22") || strings.HasPrefix(pg.Code, "23") || pg.Code == "P0001")
}

// tuples reads the values of columns as literals, of the rows in which the fixed columns have the values given.
func (d *database) tuples(ctx context.Context, table string, columns []string, fixed map[string]string) ([][]string, error) {
	conn, err := d.connection(ctx)
	if err != nil {
		return nil, err
	}
	var list, where []string
	for _, c := range columns {
		list = append(list, fmt.Sprintf("quote_nullable(%q)", c))
		where = append(where, fmt.Sprintf("%q IS NOT NULL", c))
		if v, ok := fixed[c]; ok {
			where = append(where, fmt.Sprintf("%q = %s", c, v))
		}
	}
	sql := fmt.Sprintf("SELECT ARRAY[%s] FROM %s WHERE %s ORDER BY 1", strings.Join(list, ", "), qualifiedName(table), strings.Join(where, " AND "))
	rows, err := conn.Query(ctx, sql)
	if err != nil {
		return nil, fmt.Errorf("read rows of %s: %w", table, err)
	}
	out, err := pgx.CollectRows(rows, pgx.RowTo[[]string])
	if err != nil {
		return nil, fmt.Errorf("read rows of %s: %w", table, err)
	}
	return out, nil
}
