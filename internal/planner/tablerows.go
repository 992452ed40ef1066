package planner

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
)

// rowsPerInsert bounds a statement of a checkpoint.
const rowsPerInsert = 200

// tableRows are the rows of one table, which migrations have put there.
type tableRows struct {
	Name    string // qualified and quoted
	Columns []rowColumn
	Rows    [][]*string // as text, nil is null
}

type rowColumn struct {
	Name     string `json:"name"` // quoted
	Type     string `json:"type"`
	Default  string `json:"default"`
	Always   bool   `json:"always"`   // GENERATED ALWAYS AS IDENTITY
	Referred bool   `json:"referred"` // by a foreign key, or is part of one

	fresh func(value string) string // what stands for a value that differs from run to run, nil where none does
}

// contents is what a database holds besides its schema: rows, and where its sequences stand.
type contents struct {
	tables    []tableRows
	sequences map[string]string // arguments of setval
	began     time.Time         // of the run that made it
	ended     time.Time
}

const rowTables = `SELECT coalesce(jsonb_agg(jsonb_build_object('name', format('%I.%I', n.nspname, c.relname), 'from', CASE c.relkind WHEN 'r' THEN 'ONLY ' ELSE '' END,
  'columns', (SELECT jsonb_agg(jsonb_build_object('name', format('%I', a.attname), 'type', format_type(a.atttypid, NULL), 'default', coalesce(pg_get_expr(d.adbin, d.adrelid), ''), 'always', a.attidentity = 'a',
      'referred', EXISTS (SELECT FROM pg_constraint k WHERE k.contype = 'f' AND (k.conrelid = c.oid AND a.attnum = ANY (k.conkey) OR k.confrelid = c.oid AND a.attnum = ANY (k.confkey)))) ORDER BY a.attnum)
    FROM pg_attribute a LEFT JOIN pg_attrdef d ON d.adrelid = a.attrelid AND d.adnum = a.attnum WHERE a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped AND a.attgenerated = ''),
  'key', coalesce((SELECT jsonb_agg(format('%I', a.attname) ORDER BY k.n) FROM pg_index i CROSS JOIN unnest(i.indkey) WITH ORDINALITY k (attnum, n)
    JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum = k.attnum WHERE i.indrelid = c.oid AND i.indisprimary), '[]')
) ORDER BY n.nspname, c.relname), '[]')
FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE n.nspname NOT LIKE 'pg\_%' AND n.nspname NOT IN ('information_schema', 'atlas_schema_revisions') AND c.relkind IN ('r', 'p') AND NOT c.relispartition
  AND NOT EXISTS (SELECT FROM pg_depend m WHERE m.deptype = 'e' AND m.classid = 'pg_class'::regclass AND m.objid = c.oid)
  AND EXISTS (SELECT FROM pg_attribute a WHERE a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped AND a.attgenerated = '')`

// holds reads all rows and sequences of a database.
func (d *database) holds(ctx context.Context) (contents, error) {
	conn, err := d.connection(ctx)
	if err != nil {
		return contents{}, err
	}
	out := contents{sequences: map[string]string{}}
	fail := func(err error) (contents, error) {
		return contents{}, fmt.Errorf("read the rows of the migrations: %w", err)
	}
	if _, err := conn.Exec(ctx, "SET TimeZone = 'UTC'; SET DateStyle = 'ISO'; SET IntervalStyle = 'postgres'", pgx.QueryExecModeSimpleProtocol); err != nil {
		return fail(err)
	}
	var tables []struct {
		Name    string      `json:"name"`
		From    string      `json:"from"`
		Columns []rowColumn `json:"columns"`
		Key     []string    `json:"key"`
	}
	if err := conn.QueryRow(ctx, rowTables).Scan(&tables); err != nil {
		return fail(err)
	}
	for _, t := range tables {
		list := make([]string, len(t.Columns))
		for i, c := range t.Columns {
			list[i] = c.Name + "::text"
		}
		order := "t::text"
		if len(t.Key) > 0 {
			order = strings.Join(t.Key, ", ")
		}
		rows, err := conn.Query(ctx, fmt.Sprintf("SELECT ARRAY[%s] FROM %s%s t ORDER BY %s", strings.Join(list, ", "), t.From, t.Name, order))
		if err != nil {
			return fail(err)
		}
		found, err := pgx.CollectRows(rows, pgx.RowTo[[]*string])
		if err != nil {
			return fail(err)
		}
		if len(found) > 0 {
			out.tables = append(out.tables, tableRows{t.Name, t.Columns, found})
		}
	}
	rows, err := conn.Query(ctx, `SELECT format('%I.%I', n.nspname, c.relname), q.seqstart FROM pg_sequence q JOIN pg_class c ON c.oid = q.seqrelid
JOIN pg_namespace n ON n.oid = c.relnamespace WHERE n.nspname NOT LIKE 'pg\_%'`)
	if err != nil {
		return fail(err)
	}
	starts := map[string]int64{}
	var name string
	var start int64
	if _, err := pgx.ForEachRow(rows, []any{&name, &start}, func() error { starts[name] = start; return nil }); err != nil {
		return fail(err)
	}
	for name, start := range starts {
		var last int64
		var called bool
		if err := conn.QueryRow(ctx, "SELECT last_value, is_called FROM "+name).Scan(&last, &called); err != nil {
			return fail(err)
		}
		if called || last != start {
			out.sequences[name] = fmt.Sprintf("%d, %t", last, called)
		}
	}
	return out, nil
}

// values are a column's, sorted.
func (t *tableRows) values(column int) []string {
	out := make([]string, len(t.Rows))
	for i, row := range t.Rows {
		out[i] = shown(row[column])
	}
	slices.Sort(out)
	return out
}

func shown(value *string) string {
	if value == nil {
		return "null"
	}
	return strconv.Quote(*value)
}

// stable are the rows without the columns that differ from run to run, and without others, sorted.
func (t *tableRows) stable(without ...string) []string {
	out := make([]string, len(t.Rows))
	for i, row := range t.Rows {
		for j, c := range t.Columns {
			if c.fresh == nil && !slices.Contains(without, t.Name+"."+c.Name) {
				out[i] += c.Name + "=" + shown(row[j]) + " "
			}
		}
	}
	slices.Sort(out)
	return out
}

// settle finds the columns whose values differ between two runs of the same migrations, and what to write for them. keep
// names those ("core.settings.secret") that get the first run's value for good.
func (h *contents) settle(again contents, keep []string) error {
	for i := range h.tables {
		t := &h.tables[i]
		j := slices.IndexFunc(again.tables, func(o tableRows) bool { return o.Name == t.Name })
		if j < 0 || len(again.tables[j].Rows) != len(t.Rows) {
			return fmt.Errorf("the migrations leave another number of rows in %s each time they run, so no file can stand for them: checkpoint an earlier version with --to", t.Name)
		}
		other := again.tables[j]
		for k := range t.Columns {
			c := &t.Columns[k]
			if slices.Equal(t.values(k), other.values(k)) && !h.ofToday(t, k) || slices.Contains(keep, t.Name+"."+c.Name) {
				continue
			}
			if c.fresh = h.freshValue(t, k); c.fresh == nil {
				return fmt.Errorf("%s.%s gets another value each time the migrations run (%s, then %s), and no expression says which: `--keep %[1]s.%[2]s` gives every new database the value of this run",
					t.Name, c.Name, other.values(k)[0], t.values(k)[0])
			}
		}
		copied := tableRows{Columns: t.Columns, Rows: other.Rows}
		copied.Name = t.Name
		if !slices.Equal(t.stable(keep...), copied.stable(keep...)) {
			return fmt.Errorf("the rows of %s belong together in another way each time the migrations run, so no file can stand for them: checkpoint an earlier version with --to", t.Name)
		}
	}
	return nil
}

// ofToday says whether a column of dates holds the day of this run alone, which two runs on one day do not tell from a
// date that was written out.
func (h *contents) ofToday(t *tableRows, column int) bool {
	day := h.began.UTC().Format(time.DateOnly)
	return t.Columns[column].Type == "date" && slices.ContainsFunc(t.Rows, func(row []*string) bool { return row[column] != nil && *row[column] == day })
}

// freshValue is an expression for values that differ from run to run.
func (h *contents) freshValue(t *tableRows, column int) func(string) string {
	c := t.Columns[column]
	for _, row := range t.Rows {
		if v := row[column]; v != nil && (c.Type == "timestamp with time zone" || c.Type == "timestamp without time zone") && !h.during(*v) {
			return nil
		}
	}
	switch {
	case c.Type == "timestamp with time zone" || c.Type == "timestamp without time zone":
		return func(string) string { return "now()" }
	case c.Type == "date":
		day := h.began.UTC().Format(time.DateOnly)
		return func(v string) string {
			if v == day {
				return "CURRENT_DATE"
			}
			return textLiteral(v)
		}
	case c.Referred:
		return nil
	case c.Default != "":
		return func(string) string { return "DEFAULT" }
	case c.Type == "uuid":
		return func(string) string { return "gen_random_uuid()" }
	}
	return nil
}

// during says whether a time is one of the run that made the rows.
func (h *contents) during(text string) bool {
	at, err := time.Parse("2006-01-02 15:04:05.999999999", strings.TrimSuffix(text, "+00"))
	return err == nil && !at.Before(h.began.Add(-time.Second)) && !at.After(h.ended.Add(time.Second))
}

// inserts are the statements that put the rows there, and the sequences where they stand.
func (h *contents) inserts() []Statement {
	var out []Statement
	for i := range h.tables {
		t := &h.tables[i]
		names := make([]string, len(t.Columns))
		always := ""
		for j, c := range t.Columns {
			names[j] = c.Name
			if c.Always {
				always = " OVERRIDING SYSTEM VALUE"
			}
		}
		for chunk := range slices.Chunk(t.Rows, rowsPerInsert) {
			lines := make([]string, len(chunk))
			for j, row := range chunk {
				values := make([]string, len(row))
				for k, v := range row {
					switch {
					case v == nil:
						values[k] = "NULL"
					case t.Columns[k].fresh != nil:
						values[k] = t.Columns[k].fresh(*v)
					default:
						values[k] = textLiteral(*v)
					}
				}
				lines[j] = "(" + strings.Join(values, ", ") + ")"
			}
			out = append(out, Statement{
				Comment: "Rows of " + t.Name,
				SQL:     fmt.Sprintf("INSERT INTO %s (%s)%s VALUES\n  %s", t.Name, strings.Join(names, ", "), always, strings.Join(lines, ",\n  ")),
			})
		}
	}
	for _, name := range sortedKeys(h.sequences) {
		out = append(out, Statement{SQL: fmt.Sprintf("SELECT setval(%s, %s)", literal(name), h.sequences[name])})
	}
	return out
}

// mark finds the columns whose values differ between two runs of the same migrations.
func (h *contents) mark(again contents) {
	for i := range h.tables {
		t := &h.tables[i]
		j := slices.IndexFunc(again.tables, func(o tableRows) bool { return o.Name == t.Name })
		for k := range t.Columns {
			if j >= 0 && !slices.Equal(t.values(k), again.tables[j].values(k)) {
				t.Columns[k].fresh = func(v string) string { return v }
			}
		}
	}
}

// differs says in which rows or sequences another database is not like this one.
func (h *contents) differs(other contents) error {
	for _, name := range sortedKeys(h.sequences) {
		if other.sequences[name] != h.sequences[name] {
			return fmt.Errorf("sequence %s stands at (%s), and the migrations leave it at (%s)", name, other.sequences[name], h.sequences[name])
		}
	}
	for _, name := range sortedKeys(other.sequences) {
		if h.sequences[name] == "" {
			return fmt.Errorf("sequence %s stands at (%s), and the migrations leave it unused", name, other.sequences[name])
		}
	}
	has := func(name string) func(tableRows) bool { return func(t tableRows) bool { return t.Name == name } }
	for _, t := range other.tables {
		if !slices.ContainsFunc(h.tables, has(t.Name)) {
			return fmt.Errorf("there are rows in %s, where the migrations leave none", t.Name)
		}
	}
	for _, t := range h.tables {
		if !slices.ContainsFunc(other.tables, has(t.Name)) {
			return fmt.Errorf("there are no rows in %s, where the migrations leave %d", t.Name, len(t.Rows))
		}
	}
	for i := range h.tables {
		t, o := &h.tables[i], other.tables[i]
		o.Columns = t.Columns
		if o.Name != t.Name || !slices.Equal(t.stable(), o.stable()) {
			return fmt.Errorf("the rows of %s are not those the migrations leave", t.Name)
		}
	}
	return nil
}

func (h *contents) count() (n int) {
	for _, t := range h.tables {
		n += len(t.Rows)
	}
	return n
}

func sortedKeys(m map[string]string) []string {
	out := make([]string, 0, len(m))
	for k := range m {
		out = append(out, k)
	}
	slices.Sort(out)
	return out
}

// textLiteral quotes a text so that every edition of the Atlas CLI cuts the file alike: those that are older take a
// backslash in a plain string for an escape.
func textLiteral(s string) string {
	if !strings.Contains(s, `\`) {
		return literal(s)
	}
	tag := "$v$"
	for i := 0; strings.Contains(s, tag); i++ {
		tag = fmt.Sprintf("$v%d$", i)
	}
	return tag + s + tag
}
