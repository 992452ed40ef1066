package planner

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"ariga.io/atlas/sql/postgres"
	"ariga.io/atlas/sql/schema"
	"github.com/jackc/pgx/v5/pgconn"
)

// errNoCast says that no expression turns values of one type into the other.
var errNoCast = errors.New("no cast brings the values over")

// convert writes a change of type so that Postgres accepts it: with USING where there is no cast of its own accord, and
// with the default taken off first. undo says that the values came about by the change in the other direction.
func (d *database) convert(ctx context.Context, table string, c *schema.ModifyColumn, undo bool) ([]schema.Change, error) {
	from, err := postgres.FormatType(c.From.Type.Type)
	if err != nil {
		return nil, fmt.Errorf("read the type of column %s.%s: %w", table, c.From.Name, err)
	}
	to, err := postgres.FormatType(c.To.Type.Type)
	if err != nil {
		return nil, fmt.Errorf("read the type of column %s.%s: %w", table, c.To.Name, err)
	}
	if x := acrossZones(c.From.Name, from, to); x != "" {
		return using(c, x), nil
	}
	if x := acrossForms(c.From.Name, from, to, undo); x != "" {
		return using(c, x), nil
	}
	var casts bool
	err = d.pool.QueryRowContext(ctx, `SELECT $1::regtype = $2::regtype OR EXISTS (SELECT FROM pg_cast
  WHERE castsource = $1::regtype AND casttarget = $2::regtype AND castcontext IN ('a', 'i'))`, from, to).Scan(&casts)
	if err != nil {
		return nil, fmt.Errorf("look for a cast from %s to %s: %w", from, to, err)
	}
	if casts {
		return []schema.Change{c}, nil
	}
	none := fmt.Errorf("%w: column %s.%s from %s to %s", errNoCast, table, c.From.Name, from, to)
	if strings.HasPrefix(from, "json") && strings.HasSuffix(to, "[]") {
		return nil, none
	}
	x := fmt.Sprintf("%q::%s", c.From.Name, to)
	var null any
	err = d.pool.QueryRowContext(ctx, fmt.Sprintf("SELECT NULL::%s::%s", from, to)).Scan(&null)
	var pg *pgconn.PgError
	switch {
	case errors.As(err, &pg) && pg.Code == "42846" && strings.HasPrefix(from, "json"): // cannot_coerce
		x = fmt.Sprintf("(%q #>> '{}')::%s", c.From.Name, to)
	case errors.As(err, &pg) && pg.Code == "42846":
		return nil, none
	case err != nil:
		return nil, fmt.Errorf("look for a cast from %s to %s: %w", from, to, err)
	}
	return using(c, x), nil
}

// acrossForms is how values of one form are put into another that takes all of them, and how undoing that takes them out again; a
// cast would read them. It is empty where a cast is meant.
func acrossForms(column, from, to string, undo bool) string {
	isText := func(kind string) bool { return kind == "text" || strings.HasPrefix(kind, "character varying") }
	isJSON := func(kind string) bool { return kind == "jsonb" || kind == "json" }
	element, array := strings.CutSuffix(to, "[]")
	was, wasArray := strings.CutSuffix(from, "[]")
	x := fmt.Sprintf("%q", column)
	switch {
	case from == "boolean" && slices.Contains([]string{"smallint", "bigint", "numeric", "real", "double precision"}, typeSize.ReplaceAllString(to, "")):
		return x + "::integer::" + to // the only number that a cast makes of it
	case isText(from) && isJSON(to) && !undo, !isText(from) && !isJSON(from) && isJSON(to):
		return "to_jsonb(" + x + ")::" + to
	case isJSON(from) && isText(to) && undo:
		return "(" + x + " #>> '{}')::" + to
	case isText(from) && to == "bytea" && !undo:
		return "convert_to(" + x + ", 'UTF8')"
	case from == "bytea" && isText(to) && undo:
		return "convert_from(" + x + ", 'UTF8')::" + to
	case array && !wasArray && !undo && (isText(from) && isText(element) || from == element):
		return "CASE WHEN " + x + " IS NOT NULL THEN ARRAY[" + x + "]::" + to + " END"
	case wasArray && !array && undo && (isText(to) && isText(was) || was == to):
		return "(" + x + ")[1]::" + to
	}
	return ""
}

// using changes a type by an expression. Postgres does not convert the default along.
func using(c *schema.ModifyColumn, x string) []schema.Change {
	to := *c
	to.Extra = append(slices.Clone(to.Extra), &postgres.ConvertUsing{X: x})
	if c.From.Default == nil {
		return []schema.Change{&to}
	}
	to.Change &^= schema.ChangeDefault
	bare := withDefault(c.From, nil)
	changes := []schema.Change{&schema.ModifyColumn{From: c.From, To: bare, Change: schema.ChangeDefault}, &to}
	if c.To.Default != nil {
		changes = append(changes, &schema.ModifyColumn{From: bare, To: c.To, Change: schema.ChangeDefault})
	}
	return changes
}

const (
	withZone        = "timestamp with time zone"
	withoutZone     = "timestamp without time zone"
	timeWithZone    = "time with time zone"
	timeWithoutZone = "time without time zone"
)

// timeKind is a type of times without its precision, as Postgres calls it.
func timeKind(kind string) string {
	switch kind = typeSize.ReplaceAllString(kind, ""); kind {
	case "timestamptz":
		return withZone
	case "timestamp":
		return withoutZone
	case "timetz":
		return timeWithZone
	case "time":
		return timeWithoutZone
	}
	return kind
}

// acrossZones converts between times of a zone and those of none as UTC has them, whatever zone the session is in: at New York
// 2024-03-02T02:14:15Z is of the day before. It is empty where zones have no part in it.
func acrossZones(column, from, to string) string {
	form := map[[2]string]string{
		{withZone, withoutZone}:         `%q AT TIME ZONE 'UTC'`,
		{withoutZone, withZone}:         `%q AT TIME ZONE 'UTC'`,
		{withZone, "date"}:              `(%q AT TIME ZONE 'UTC')::date`,
		{"date", withZone}:              `%q::timestamp AT TIME ZONE 'UTC'`,
		{withZone, timeWithoutZone}:     `(%q AT TIME ZONE 'UTC')::time`,
		{withZone, timeWithZone}:        `%q::timetz AT TIME ZONE 'UTC'`,
		{timeWithoutZone, timeWithZone}: `(%q::text || '+00')::timetz`,
	}[[2]string{timeKind(from), timeKind(to)}]
	if form == "" {
		return ""
	}
	return fmt.Sprintf(form, column)
}

// nowAs is the present time as a column of times takes it, as UTC has it.
func nowAs(t *schema.TimeType) string {
	switch kind, _ := postgres.FormatType(t); timeKind(kind) {
	case withoutZone:
		return "now() AT TIME ZONE 'UTC'"
	case "date":
		return "(now() AT TIME ZONE 'UTC')::date"
	case timeWithoutZone:
		return "(now() AT TIME ZONE 'UTC')::time"
	}
	return "now()"
}

// readsOrPrints says whether changes of type read or print times, which the session's zone and style decide.
func readsOrPrints(changes []schema.Change) bool {
	for _, c := range changes {
		m, ok := c.(*schema.ModifyTable)
		if !ok {
			continue
		}
		for _, c := range m.Changes {
			modify, ok := c.(*schema.ModifyColumn)
			if ok && modify.Change.Is(schema.ChangeType) && (isTime(modify.From) && !isTime(modify.To) || isTime(modify.To) && !isTime(modify.From) || timesDiffer(modify)) {
				return true
			}
		}
	}
	return false
}

// isTime says whether a column holds times, days or durations, or arrays of them.
func isTime(c *schema.Column) bool {
	switch t := c.Type.Type.(type) {
	case *schema.TimeType, *postgres.IntervalType:
		return true
	case *postgres.ArrayType:
		return isTime(&schema.Column{Type: &schema.ColumnType{Type: t.Type}})
	}
	return false
}

// timesDiffer says whether an array of times becomes one of others, for which there is no expression.
func timesDiffer(c *schema.ModifyColumn) bool {
	_, array := c.From.Type.Type.(*postgres.ArrayType)
	return array && isTime(c.From) && isTime(c.To)
}

// pin has a file read and print values in one form, by whatever tool it is applied. The runner's sessions do anyway.
func pin() []Statement {
	return []Statement{
		{Comment: "Read and print times as UTC, in one form, whatever the session's settings", SQL: "SET LOCAL timezone = 'UTC'"},
		{SQL: "SET LOCAL datestyle = 'ISO, MDY'"},
		{SQL: "SET LOCAL intervalstyle = 'postgres'"},
	}
}
