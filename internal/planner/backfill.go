package planner

import (
	"cmp"
	"fmt"
	"regexp"
	"slices"
	"strings"

	"ariga.io/atlas/sql/postgres"
	"ariga.io/atlas/sql/schema"
)

// keepValues is why filled-in values need no reverse.
const keepValues = "the values stay, as they did no harm before"

// fill gives rows that are already there a value in one column.
type fill struct {
	column     string
	kind       string // the type an expression of any other is cast to; empty where it is of the column's
	expression string
	where      string // which rows
	replaces   string // the CHECK for which values go; empty where only nulls do
}

// tableFill are the fills of one table. One statement makes them: a row that lacks two values, or breaks two CHECKs, could
// not be written with one of them mended.
type tableFill struct {
	table string
	fills []*fill
	// required are the columns that become NOT NULL, and those whose values break a CHECK: rows without are also looked for
	// just before rows are checked.
	late map[string]bool
}

// backfill plans to fill a column. where defaults to rows in which the column is null; several reasons to fill one column
// add up. replaces names the CHECK whose breakers lose a value.
func (s *stages) backfill(table string, c *schema.Column, expression, where, replaces string) {
	where = cmp.Or(where, isNull(c.Name))
	t := s.fillOf(table)
	if i := slices.IndexFunc(t.fills, func(f *fill) bool { return f.column == c.Name }); i >= 0 {
		f := t.fills[i]
		f.where = fmt.Sprintf("%s OR %s", f.where, where)
		f.replaces = cmp.Or(f.replaces, replaces)
		return
	}
	f := &fill{column: c.Name, expression: expression, where: where, replaces: replaces}
	if _, asked := s.o.Backfill[table+"."+c.Name]; asked {
		f.kind = baseType(c)
	}
	t.fills = append(t.fills, f)
}

func (s *stages) fillOf(table string) *tableFill {
	i := slices.IndexFunc(s.fill, func(t *tableFill) bool { return t.table == table })
	if i < 0 {
		i, s.fill = len(s.fill), append(s.fill, &tableFill{table: table, late: map[string]bool{}})
	}
	return s.fill[i]
}

func (s *stages) fills(table string) bool {
	return slices.ContainsFunc(s.fill, func(t *tableFill) bool { return t.table == table && len(t.fills) > 0 })
}

var typeSize = regexp.MustCompile(`\([^)]*\)`)

// baseType is the column's type without a size, to which a cast cuts nothing.
func baseType(c *schema.Column) string {
	name, err := postgres.FormatType(c.Type.Type)
	if err != nil {
		return ""
	}
	if name = typeSize.ReplaceAllString(name, ""); name == "character" {
		name = "bpchar"
	}
	return name
}

// stage fills the table in batches that commit one by one, so that no row is locked for long. Interrupted, it may start again.
// Its variables have names that no column has.
func (t *tableFill) stage() stage {
	name := "backfill_" + t.table
	for _, f := range t.fills {
		name += "_" + f.column
	}
	set, where := assignments(t.fills)
	return stage{suffix: shorten(name), noTx: true, mute: keepValues, replaces: len(t.allowances(t.fills)) > 0, allow: t.allowances(t.fills), up: []Statement{{
		Comment: fmt.Sprintf("Fill in %s of %q, some blocks of the table at a time", columnList(t.fills), t.table),
		SQL: fmt.Sprintf(`DO $$
DECLARE
  fill_block bigint; fill_step bigint := 1; fill_began timestamptz;
BEGIN
  FOR fill_pass IN 1..5 LOOP -- again for rows that were locked or written meanwhile
    fill_block := 0;
    WHILE fill_block <= pg_relation_size('%[1]s') / current_setting('block_size')::bigint LOOP
      fill_began := clock_timestamp();
      IF fill_pass < 5 THEN -- waiting for a row while holding others could stop whoever has it
        UPDATE %[1]s SET %[2]s
        WHERE ctid = ANY (ARRAY(SELECT ctid FROM %[1]s
          WHERE ctid >= format('(%%s,0)', fill_block)::tid AND ctid < format('(%%s,0)', fill_block + fill_step)::tid AND (%[3]s)
          FOR NO KEY UPDATE SKIP LOCKED));
      ELSE
        UPDATE %[1]s SET %[2]s
        WHERE ctid >= format('(%%s,0)', fill_block)::tid AND ctid < format('(%%s,0)', fill_block + fill_step)::tid AND (%[3]s);
      END IF;
      COMMIT;
      fill_block := fill_block + fill_step; -- a writer waits for a batch at most, so the next is smaller after a slow one
      fill_step := CASE WHEN clock_timestamp() - fill_began > interval '100 milliseconds' THEN greatest(fill_step / 2, 1) ELSE least(fill_step * 2, 16) END;
    END LOOP;
    EXIT WHEN NOT EXISTS (SELECT FROM %[1]s WHERE %[3]s);
  END LOOP;
END
$$`, qualifiedName(t.table), set, where),
	}}}
}

// stragglers fills, just before the check, rows that were written without a value, or with one that breaks it, meanwhile.
func (t *tableFill) stragglers() (statement Statement, allow []string, ok bool) {
	late := slices.DeleteFunc(slices.Clone(t.fills), func(f *fill) bool { return !t.late[f.column] })
	if len(late) == 0 {
		return Statement{}, nil, false
	}
	set, where := assignments(late)
	return Statement{
		Comment: fmt.Sprintf("Rows of %q written as they were before meanwhile", t.table),
		SQL:     fmt.Sprintf("UPDATE %s SET %s WHERE %s", qualifiedName(t.table), set, where),
	}, t.allowances(late), true
}

// allowances say that values go which --backfill replaces: a person asked for that.
func (t *tableFill) allowances(fills []*fill) []string {
	var out []string
	for _, f := range fills {
		if f.replaces != "" {
			out = append(out, fmt.Sprintf("data-loss --backfill %s.%s replaces the values that break %s", t.table, f.column, f.replaces))
		}
	}
	return out
}

// assignments are what an UPDATE of one table sets, and of which rows. All expressions see a row as it was, except that one
// which names another filled column sees that column's new value.
func assignments(fills []*fill) (set, where string) {
	if len(fills) == 1 {
		return fmt.Sprintf("%q = %s", fills[0].column, fills[0].expression), fills[0].where
	}
	var conditions []string
	for _, f := range fills {
		conditions = append(conditions, f.where)
	}
	where = strings.Join(conditions, " OR ")
	levels := fillLevels(fills)
	if len(levels) == 1 {
		var sets []string
		for _, f := range fills {
			sets = append(sets, fmt.Sprintf("%q = %s", f.column, f.value()))
		}
		return strings.Join(sets, ", "), where
	}
	// Each level reads what the one below computed, under the columns' own names.
	var done []string
	from := ""
	for _, level := range levels {
		values := slices.Clone(done)
		for _, f := range level {
			values = append(values, fmt.Sprintf("%s AS %q", f.value(), f.column))
			done = append(done, fmt.Sprintf("%q", f.column))
		}
		if from != "" {
			from = " FROM (" + from + ") AS filled"
		}
		from = "SELECT " + strings.Join(values, ", ") + from
	}
	return fmt.Sprintf("(%s) = (%s)", strings.Join(done, ", "), from), where
}

// value is what the column holds afterwards, in a row that may be updated for another column. Of several types in one expression
// Postgres asks more than of an assignment, so --backfill's is cast as an assignment would.
func (f *fill) value() string {
	expression := f.expression
	if f.kind != "" {
		expression = fmt.Sprintf("CAST(%s AS %s)", expression, f.kind)
	}
	if f.where == isNull(f.column) {
		return fmt.Sprintf("coalesce(%q, %s)", f.column, expression)
	}
	return fmt.Sprintf("CASE WHEN %s THEN %s ELSE %q END", f.where, expression, f.column)
}

func isNull(column string) string { return fmt.Sprintf("%q IS NULL", column) }

// fillLevels orders fills so that an expression comes after the columns it names. Those that name each other see the old values.
func fillLevels(fills []*fill) [][]*fill {
	var levels [][]*fill
	for left := slices.Clone(fills); len(left) > 0; {
		ready := slices.DeleteFunc(slices.Clone(left), func(f *fill) bool {
			return slices.ContainsFunc(left, func(other *fill) bool { return other != f && mentions(f.expression, other.column) })
		})
		if len(ready) == 0 {
			ready = left
		}
		levels = append(levels, ready)
		left = slices.DeleteFunc(slices.Clone(left), func(f *fill) bool { return slices.Contains(ready, f) })
	}
	return levels
}

// mentions says whether an expression names a column.
func mentions(expression, column string) bool {
	return regexp.MustCompile(`(?:^|[^\pL\pN_$])` + regexp.QuoteMeta(column) + `(?:$|[^\pL\pN_$])`).MatchString(expression)
}

func columnList(fills []*fill) string {
	var names []string
	for _, f := range fills {
		names = append(names, fmt.Sprintf("%q", f.column))
	}
	return strings.Join(names, ", ")
}

// notNull makes a column required without reading the table under a lock: a CHECK first, which Postgres then takes as
// the proof that SET NOT NULL needs (manual, ALTER TABLE, SET NOT NULL).
func (s *stages) notNull(table, column string) {
	t, name := qualifiedName(table), shorten(table+"_"+column+"_not_null")
	constraint := fmt.Sprintf("ALTER TABLE %s ADD CONSTRAINT %q CHECK (%q IS NOT NULL) NOT VALID", t, name, column)
	s.constrain = append(s.constrain, Statement{Comment: fmt.Sprintf("Refuse new rows of %q without %q", table, column), SQL: constraint})
	s.fillOf(table).late[column] = true
	s.validateLater(table, name, constraint)
	s.finish = append(s.finish,
		Statement{Comment: fmt.Sprintf("Instant: the checked constraint proves that no %q is null", column), SQL: fmt.Sprintf("ALTER TABLE %s ALTER COLUMN %q SET NOT NULL", t, column)},
		Statement{SQL: fmt.Sprintf("ALTER TABLE %s DROP CONSTRAINT %q", t, name)})
}
