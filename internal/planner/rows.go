package planner

import (
	"context"
	_ "embed"
	"encoding/json"
	"errors"
	"fmt"
	"regexp"
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
	Checks  []string `json:"checks"` // of its domain
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
	text := column.Type + strings.Join(column.Labels, ",") + strings.Join(column.Checks, ",")
	for _, c := range t.Constraints {
		if c.Kind != "p" && slices.Contains(c.Columns, column.Name) {
			text += ";" + c.Name + c.Text
		}
	}
	return text
}

// kept says whether the values that a column has stay while a constraint on it is not validated: rows in use may break it,
// and a migration that says it brings them in line is to show that. Not so where they are said to keep to it already.
func (d *database) kept(t shape, column shapeColumn) bool {
	return d.filled[t.Name+"."+column.Name] != "" && slices.ContainsFunc(t.Constraints, func(c shapeRestraint) bool {
		return strings.HasSuffix(c.Text, " NOT VALID") && !d.complied[c.Name] && slices.Contains(c.Columns, column.Name)
	})
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

// parentsFirst orders tables so that what a row must refer to is there before it. Where references go round in a circle, one
// that may be null is filled in afterwards.
func parentsFirst(shapes []shape) []shape {
	var out []shape
	done := map[string]bool{}
	// ready says whether all that a table refers to is there, or all that it must refer to.
	ready := func(t shape, optional bool) bool {
		return !slices.ContainsFunc(t.restraints("f"), func(fk shapeRestraint) bool {
			known := slices.ContainsFunc(shapes, func(s shape) bool { return s.Name == fk.Table })
			return known && fk.Table != t.Name && !done[fk.Table] && (optional || !t.optional(fk))
		})
	}
	for len(out) < len(shapes) {
		next := slices.IndexFunc(shapes, func(t shape) bool { return !done[t.Name] && ready(t, true) })
		if next < 0 {
			next = slices.IndexFunc(shapes, func(t shape) bool { return !done[t.Name] && ready(t, false) })
		}
		if next < 0 { // a circle in which nothing may be null
			next = slices.IndexFunc(shapes, func(t shape) bool { return !done[t.Name] })
		}
		done[shapes[next].Name] = true
		out = append(out, shapes[next])
	}
	return out
}

// optional says whether a row may do without a reference.
func (t shape) optional(fk shapeRestraint) bool {
	return slices.ContainsFunc(fk.Columns, func(name string) bool {
		c, _ := t.column(name)
		return !c.NotNull
	})
}

// closeCircles gives rows the references that could not be there yet when they were written.
func (d *database) closeCircles(ctx context.Context, shapes []shape) error {
	for i, t := range shapes {
		for _, fk := range t.restraints("f") {
			later := slices.IndexFunc(shapes, func(s shape) bool { return s.Name == fk.Table })
			key := t.key()
			if later < i || !t.optional(fk) || len(key) == 0 {
				continue
			}
			if some, err := d.tuples(ctx, t.Name, fk.Columns, nil); err != nil || len(some) > 0 {
				if err != nil {
					return err
				}
				continue
			}
			keys, err := d.tuples(ctx, t.Name, key, nil)
			if err != nil {
				return err
			}
			for n, row := range keys {
				if n == rowsPerTable-1 {
					break // the last one shows null
				}
				if err := d.refer(ctx, t, fk, n, key, row); err != nil {
					return err
				}
			}
		}
	}
	return nil
}

// refer sets a reference of row n, if a row that it can refer to is there and nothing else forbids it.
func (d *database) refer(ctx context.Context, t shape, fk shapeRestraint, n int, key, row []string) error {
	fixed := map[string]string{}
	where := make([]string, len(key))
	for j, k := range key {
		where[j] = fmt.Sprintf("%q = %s", k, row[j])
		if at := slices.Index(fk.Columns, k); at >= 0 {
			fixed[fk.Refers[at]] = row[j]
		}
	}
	parents, err := d.tuples(ctx, fk.Table, fk.Refers, fixed)
	if err != nil {
		return err
	}
	for try := range len(parents) {
		var set []string
		for j, name := range fk.Columns {
			if !slices.Contains(key, name) {
				set = append(set, fmt.Sprintf("%q = %s", name, parents[(n+try)%len(parents)][j]))
			}
		}
		if len(set) == 0 {
			return nil
		}
		err := d.write(ctx, fmt.Sprintf("UPDATE %s SET %s WHERE %s", qualifiedName(t.Name), strings.Join(set, ", "), strings.Join(where, " AND ")))
		if err == nil || !dataError(err) {
			return err
		}
	}
	return nil
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

// complyRule is the rule of an allowance by which a migration says that the rows in use keep to a CHECK before it is
// validated: `-- lockstep:allow rows-comply:CONSTRAINT reason`.
const complyRule = "rows-comply:"

// validated finds the limits that a statement validates; see reportOrValidate.
var validated = regexp.MustCompile(`VALIDATE CONSTRAINT "([^"]+_` + catalog.LimitSuffix + `)"`)

// comply makes generated rows keep to what a migration says that real ones do. changed: it looked at them.
func (d *database) comply(ctx context.Context, m *migrate.Migration) (changed bool, err error) {
	found := false
	keep := func(name string) {
		if d.complied == nil {
			d.complied = map[string]bool{}
		}
		d.complied[name], found = true, true
	}
	for _, a := range m.Up.Allowed {
		if name, ok := strings.CutPrefix(a.Rule, complyRule); ok {
			keep(name)
		}
	}
	// Rows over a limit keep it from being validated, which is not what the schema says. Those that a team has are reported.
	for _, limit := range validated.FindAllStringSubmatch(m.Up.SQL, -1) {
		keep(limit[1])
	}
	if !found || len(d.filled) == 0 {
		return false, nil
	}
	return true, d.fill(ctx)
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
