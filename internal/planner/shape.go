package planner

import (
	"context"
	_ "embed"
	"encoding/json"
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/lockstep-dev/lockstep/internal/pgcatalog"
)

//go:embed rows.sql
var rowsSQL string

// shape is a table as the generator of rows sees it.
type shape struct {
	Name        string           `json:"name"`
	Columns     []shapeColumn    `json:"columns"`
	Constraints []shapeRestraint `json:"constraints"`
}

type shapeColumn struct {
	Name    string `json:"name"`
	Type    string `json:"type"`
	Base    string `json:"base"` // the type under a domain
	NotNull bool   `json:"notNull"`
	Given   bool   `json:"given"` // Postgres writes it
	// Expression computes it, where one does.
	Expression string   `json:"expression"`
	Labels     []string `json:"labels"`
	Checks     []string `json:"checks"` // of its domain
}

type shapeRestraint struct {
	Name    string   `json:"name"`
	Kind    string   `json:"kind"` // p, f or c
	Columns []string `json:"columns"`
	Table   string   `json:"table"`
	Refers  []string `json:"refers"`
	Text    string   `json:"text"`
	// Functions are the bodies of those that a CHECK calls, which say what values it takes.
	Functions []string `json:"functions"`
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

func (d *database) shapes(ctx context.Context) ([]shape, error) {
	conn, err := d.connection(ctx)
	if err != nil {
		return nil, err
	}
	var text []byte
	if err := conn.QueryRow(ctx, rowsSQL, pgcatalog.Schema).Scan(&text); err != nil {
		return nil, fmt.Errorf("read the tables to fill: %w", err)
	}
	var shapes []shape
	if err := json.Unmarshal(text, &shapes); err != nil {
		return nil, fmt.Errorf("read the tables to fill: %w", err)
	}
	for i := range shapes {
		shapes[i].expandComputed()
	}
	return parentsFirst(shapes), nil
}

// expandComputed puts into CHECKs the expression of each generated column in place of its name: they are about the columns that it
// is computed from.
func (t *shape) expandComputed() {
	for i := range t.Constraints {
		check := &t.Constraints[i]
		if check.Kind != "c" {
			continue
		}
		for _, c := range t.Columns {
			if c.Expression == "" || !slices.Contains(check.Columns, c.Name) {
				continue
			}
			check.Text = insteadOf(check.Text, c.Name, "("+c.Expression+")")
			check.Columns = slices.DeleteFunc(slices.Clone(check.Columns), func(name string) bool { return name == c.Name })
			for _, source := range t.Columns {
				if source.Expression == "" && mentions(c.Expression, source.Name) && !slices.Contains(check.Columns, source.Name) {
					check.Columns = append(check.Columns, source.Name)
				}
			}
		}
	}
}

var quotedText = regexp.MustCompile(`'(?:[^']|'')*'`)

// insteadOf replaces a column's name in an expression, outside of texts.
func insteadOf(expression, column, by string) string {
	name := regexp.MustCompile(`(^|[^\pL\pN_$".])"?` + regexp.QuoteMeta(column) + `"?($|[^\pL\pN_$"(])`)
	var b strings.Builder
	end := 0
	replace := func(part string) {
		b.WriteString(name.ReplaceAllString(part, "${1}"+strings.ReplaceAll(by, "$", "$$")+"${2}"))
	}
	for _, at := range quotedText.FindAllStringIndex(expression, -1) {
		replace(expression[end:at[0]])
		b.WriteString(expression[at[0]:at[1]])
		end = at[1]
	}
	replace(expression[end:])
	return b.String()
}
