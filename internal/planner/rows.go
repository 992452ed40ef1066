package planner

import (
	"context"
	_ "embed"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"github.com/lockstep-dev/lockstep/internal/catalog"
	"github.com/lockstep-dev/lockstep/internal/migrate"
)

//go:embed rows.sql
var rowsSQL string

// rowsPerTable is how many rows a table gets: enough for every tenant to have several, for every value of a short
// enumeration, and for a null in every column that takes one.
const rowsPerTable = 6

// shape is a table as the generator of rows sees it.
type shape struct {
	Name        string           `json:"name"`
	Columns     []shapeColumn    `json:"columns"`
	Constraints []shapeRestraint `json:"constraints"`
}

type shapeColumn struct {
	Name    string   `json:"name"`
	Type    string   `json:"type"`
	Base    string   `json:"base"` // the type under a domain
	NotNull bool     `json:"notNull"`
	Given   bool     `json:"given"` // Postgres writes it
	Labels  []string `json:"labels"`
}

type shapeRestraint struct {
	Name    string   `json:"name"`
	Kind    string   `json:"kind"` // p, f or c
	Columns []string `json:"columns"`
	Table   string   `json:"table"`
	Refers  []string `json:"refers"`
	Text    string   `json:"text"`
}

func (t shape) restraints(kind string) []shapeRestraint {
	return slices.DeleteFunc(slices.Clone(t.Constraints), func(c shapeRestraint) bool { return c.Kind != kind })
}

func (t shape) key() []string {
	for _, c := range t.restraints("p") {
		return c.Columns
	}
	return nil
}

func (t shape) column(name string) (shapeColumn, bool) {
	i := slices.IndexFunc(t.Columns, func(c shapeColumn) bool { return c.Name == name })
	if i < 0 {
		return shapeColumn{}, false
	}
	return t.Columns[i], true
}

// signature changes when the rows of a column have to be made anew.
func (t shape) signature(column shapeColumn) string {
	text := column.Type + strings.Join(column.Labels, ",")
	for _, c := range t.Constraints {
		if c.Kind != "p" && slices.Contains(c.Columns, column.Name) {
			text += ";" + c.Name + c.Text
		}
	}
	return text
}

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
	catalog.PinAtStart(config.RuntimeParams, "public")
	// Tables change between the reads, so plans must not be kept.
	config.DefaultQueryExecMode = pgx.QueryExecModeDescribeExec
	if d.conn, err = pgx.ConnectConfig(ctx, config); err != nil {
		return nil, fmt.Errorf("connect to the scratch database: %w", err)
	}
	return d.conn, nil
}

func (d *database) shapes(ctx context.Context) ([]shape, error) {
	conn, err := d.connection(ctx)
	if err != nil {
		return nil, err
	}
	var text []byte
	if err := conn.QueryRow(ctx, rowsSQL, catalog.Schema).Scan(&text); err != nil {
		return nil, fmt.Errorf("read the tables to fill: %w", err)
	}
	var shapes []shape
	if err := json.Unmarshal(text, &shapes); err != nil {
		return nil, fmt.Errorf("read the tables to fill: %w", err)
	}
	return parentsFirst(shapes), nil
}

// parentsFirst orders tables so that what a row must refer to is there before it. References that may be null break cycles.
func parentsFirst(shapes []shape) []shape {
	var out []shape
	done := map[string]bool{}
	var visit func(t shape, path []string, strict bool)
	visit = func(t shape, path []string, strict bool) {
		if done[t.Name] || slices.Contains(path, t.Name) {
			return
		}
		for _, fk := range t.restraints("f") {
			i := slices.IndexFunc(shapes, func(s shape) bool { return s.Name == fk.Table })
			if i >= 0 {
				visit(shapes[i], append(path, t.Name), strict)
			}
		}
		done[t.Name] = true
		out = append(out, t)
	}
	for _, t := range shapes {
		visit(t, nil, true)
	}
	return out
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
			d.filled[t.Name+"."+c.Name] = t.signature(c)
		}
	}
	return nil
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
		d.bare[t.Name] = refused.Error()
	}
	return nil
}

// renew gives values to the columns that are new or changed, row by row.
func (d *database) renew(ctx context.Context, t shape) error {
	key := t.key()
	if len(key) == 0 {
		return nil
	}
	var stale []shapeColumn
	for _, c := range t.Columns {
		if d.filled[t.Name+"."+c.Name] != t.signature(c) && !c.Given && !slices.Contains(key, c.Name) {
			stale = append(stale, c)
		}
	}
	if len(stale) == 0 {
		return nil
	}
	keys, err := d.tuples(ctx, t.Name, key, nil)
	if err != nil {
		return err
	}
	for i, row := range keys {
		where := make([]string, len(key))
		fixed := map[string]string{}
		for j, k := range key {
			where[j] = fmt.Sprintf("%q = %s", k, row[j])
			fixed[k] = row[j]
		}
		for _, c := range stale {
			for try := range tries {
				values, err := d.valuesWith(ctx, t, i, try, fixed)
				if err != nil {
					return err
				}
				v, ok := values[c.Name]
				if !ok {
					break
				}
				err = d.write(ctx, fmt.Sprintf("UPDATE %s SET %q = %s WHERE %s", qualifiedName(t.Name), c.Name, v, strings.Join(where, " AND ")))
				if err == nil {
					break
				}
				if !dataError(err) {
					return fmt.Errorf("fill column %s.%s: %w", t.Name, c.Name, err)
				}
			}
		}
	}
	return nil
}

// upDespiteRows applies a migration. Where the generated rows refer to nothing a new foreign key wants, or are alike where a
// new index wants them different, they say nothing about real ones: it is applied without rows, and unproven says why.
func (d *database) upDespiteRows(ctx context.Context, o migrate.Options) (unproven string, err error) {
	_, err = migrate.Up(ctx, o)
	var pg *pgconn.PgError
	if !errors.As(err, &pg) || pg.Code != "23503" && pg.Code != "23505" {
		return "", err
	}
	shapes, failure := d.shapes(ctx)
	if failure != nil {
		return "", errors.Join(err, failure)
	}
	names := make([]string, len(shapes))
	for i, t := range shapes {
		names[i] = qualifiedName(t.Name)
	}
	if failure := d.write(ctx, "TRUNCATE "+strings.Join(names, ", ")); failure != nil {
		return "", errors.Join(err, failure)
	}
	d.filled = map[string]string{}
	if _, failure := migrate.Up(ctx, o); failure != nil {
		return "", failure
	}
	return pg.Message, nil
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
