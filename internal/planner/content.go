package planner

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"github.com/jackc/pgx/v5"
)

// content is what the tables hold: by table, then by primary key, then by column.
type content map[string]map[string]map[string]json.RawMessage

// rows reads all rows of the application's tables that have a primary key.
func (d *database) rows(ctx context.Context) (content, error) {
	shapes, err := d.shapes(ctx)
	if err != nil || len(shapes) == 0 {
		return content{}, err
	}
	var selects []string
	out := content{}
	for _, t := range shapes {
		key := t.key()
		if len(key) == 0 {
			continue
		}
		out[t.Name] = map[string]map[string]json.RawMessage{}
		quoted := make([]string, len(key))
		for i, k := range key {
			quoted[i] = fmt.Sprintf("t.%q::text", k)
		}
		// Plain t would be the column of that name where there is one.
		selects = append(selects, fmt.Sprintf("SELECT %s, concat_ws(' ', %s), to_jsonb(t.*) FROM %s t", literal(t.Name), strings.Join(quoted, ", "), qualifiedName(t.Name)))
	}
	if len(selects) == 0 {
		return out, nil
	}
	conn, err := d.connection(ctx)
	if err != nil {
		return nil, err
	}
	found, err := conn.Query(ctx, strings.Join(selects, " UNION ALL "))
	if err != nil {
		return nil, fmt.Errorf("read the rows: %w", err)
	}
	var table, key string
	var row []byte
	_, err = pgx.ForEachRow(found, []any{&table, &key, &row}, func() error {
		columns := map[string]json.RawMessage{}
		out[table][key] = columns
		return json.Unmarshal(bytes.Clone(row), &columns)
	})
	if err != nil {
		return nil, fmt.Errorf("read the rows: %w", err)
	}
	return out, nil
}

func (c content) count() int {
	n := 0
	for _, rows := range c {
		n += len(rows)
	}
	return n
}

// loss is what a table no longer holds.
type loss struct {
	Table  string
	Column string // empty: whole rows
	Rows   int
	// Example is one value before and after.
	Before, After string
}

// String names the loss.
func (l loss) String() string {
	if l.Column == "" {
		return fmt.Sprintf("%d rows of %s", l.Rows, l.Table)
	}
	return fmt.Sprintf("%s.%s of %d rows (%s became %s)", l.Table, l.Column, l.Rows, l.Before, l.After)
}

// named says whether a warning already names what is lost.
func (l loss) named(warning string) bool {
	return l.Column == "" && strings.HasPrefix(warning, "drops table "+l.Table+" ") ||
		l.Column != "" && strings.HasPrefix(warning, "drops column "+l.Table+"."+l.Column+" ")
}

// lostIn lists the rows and values that are not in later any more. A value where there was none is no loss, and columns
// and tables that later lacks altogether are not looked at.
func (c content) lostIn(later content) []loss {
	var out []loss
	for table, rows := range c {
		now, ok := later[table]
		if !ok {
			continue
		}
		missing := loss{Table: table}
		columns := map[string]*loss{}
		for key, row := range rows {
			after, ok := now[key]
			if !ok {
				missing.Rows++
				continue
			}
			for name, value := range row {
				if v, there := after[name]; there && string(value) != "null" && !bytes.Equal(v, value) {
					l := columns[name]
					if l == nil {
						l = &loss{Table: table, Column: name, Before: string(value), After: string(v)}
						columns[name] = l
					}
					l.Rows++
				}
			}
		}
		if missing.Rows > 0 {
			out = append(out, missing)
		}
		for _, l := range columns {
			out = append(out, *l)
		}
	}
	slices.SortFunc(out, func(a, b loss) int { return strings.Compare(a.Table+"."+a.Column, b.Table+"."+b.Column) })
	return out
}
