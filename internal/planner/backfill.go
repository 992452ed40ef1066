package planner

import (
	"fmt"
	"slices"
	"strings"
)

// keepValues is why filled-in values need no reverse.
const keepValues = "the values stay, as they did no harm before"

// backfill fills a column in batches that commit one by one, so that no row is locked for long. Interrupted, it may start
// again. where defaults to rows in which the column is null.
func (s *stages) backfill(table, column, expression, where string) {
	if where == "" {
		where = fmt.Sprintf("%q IS NULL", column)
	}
	t := qualifiedName(table)
	s.fill = append(s.fill, stage{suffix: shorten("backfill_" + table + "_" + column), noTx: true, mute: keepValues, up: []Statement{{
		Comment: fmt.Sprintf("Fill in %q of %q, some blocks of the table at a time", column, table),
		SQL: fmt.Sprintf(`DO $$
DECLARE
  block bigint; step bigint := 1; began timestamptz;
BEGIN
  FOR pass IN 1..5 LOOP -- again for rows that were locked or written meanwhile
    block := 0;
    WHILE block <= pg_relation_size('%[1]s') / current_setting('block_size')::bigint LOOP
      began := clock_timestamp();
      IF pass < 5 THEN -- waiting for a row while holding others could stop whoever has it
        UPDATE %[1]s SET %[2]q = %[3]s
        WHERE ctid = ANY (ARRAY(SELECT ctid FROM %[1]s
          WHERE ctid >= format('(%%s,0)', block)::tid AND ctid < format('(%%s,0)', block + step)::tid AND (%[4]s)
          FOR NO KEY UPDATE SKIP LOCKED));
      ELSE
        UPDATE %[1]s SET %[2]q = %[3]s
        WHERE ctid >= format('(%%s,0)', block)::tid AND ctid < format('(%%s,0)', block + step)::tid AND (%[4]s);
      END IF;
      COMMIT;
      block := block + step; -- a writer waits for a batch at most, so the next is smaller after a slow one
      step := CASE WHEN clock_timestamp() - began > interval '100 milliseconds' THEN greatest(step / 2, 1) ELSE least(step * 2, 16) END;
    END LOOP;
    EXIT WHEN NOT EXISTS (SELECT FROM %[1]s WHERE %[4]s);
  END LOOP;
END
$$`, t, column, expression, where),
	}}})
}

// notNull makes a column required without reading the table under a lock: a CHECK first, which Postgres then takes as
// the proof that SET NOT NULL needs (manual, ALTER TABLE, SET NOT NULL).
func (s *stages) notNull(table, column, expression string) {
	t, name := qualifiedName(table), shorten(table+"_"+column+"_not_null")
	constraint := fmt.Sprintf("ALTER TABLE %s ADD CONSTRAINT %q CHECK (%q IS NOT NULL) NOT VALID", t, name, column)
	s.constrain = append(s.constrain, Statement{Comment: fmt.Sprintf("Refuse new rows of %q without %q", table, column), SQL: constraint})
	s.straggle(table, column, expression)
	s.validateLater(table, name, constraint)
	s.finish = append(s.finish,
		Statement{Comment: fmt.Sprintf("Instant: the checked constraint proves that no %q is null", column), SQL: fmt.Sprintf("ALTER TABLE %s ALTER COLUMN %q SET NOT NULL", t, column)},
		Statement{SQL: fmt.Sprintf("ALTER TABLE %s DROP CONSTRAINT %q", t, name)})
}

// straggle fills in, just before the check, rows that were written without a value meanwhile. One statement does so for all
// columns of a table: a row that lacks two would be refused with either.
func (s *stages) straggle(table, column, expression string) {
	i := slices.IndexFunc(s.late, func(l late) bool { return l.table == table })
	if i < 0 {
		i, s.late = len(s.late), append(s.late, late{table: table})
	}
	s.late[i].set = append(s.late[i].set, fmt.Sprintf("%[1]q = coalesce(%[1]q, %[2]s)", column, expression))
	s.late[i].where = append(s.late[i].where, fmt.Sprintf("%q IS NULL", column))
}

func (s *stages) stragglers() []Statement {
	var out []Statement
	for _, l := range s.late {
		out = append(out, l.statement())
	}
	return out
}

type late struct {
	table      string
	set, where []string
}

func (l late) statement() Statement {
	return Statement{
		Comment: fmt.Sprintf("Rows of %q written without a value meanwhile", l.table),
		SQL:     fmt.Sprintf("UPDATE %s SET %s WHERE %s", qualifiedName(l.table), strings.Join(l.set, ", "), strings.Join(l.where, " OR ")),
	}
}
