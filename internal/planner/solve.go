package planner

import (
	"context"
	"fmt"
	"math"
	"regexp"
	"slices"
	"strings"

	"github.com/jackc/pgx/v5"
)

// mostTuples bounds the combinations of values that are tried where a CHECK is about several columns.
const mostTuples = 4000

// valuePool are the values that the CHECKs on a column alone take.
type valuePool struct {
	natural [rowsPerTable]string // what the row would get anyway, where it may have it
	all     []string
}

// pick is the value of row i at a try; empty when there is none.
func (p valuePool) pick(i, try int) string {
	if try == 0 && i < len(p.natural) && p.natural[i] != "" {
		return p.natural[i]
	}
	if len(p.all) == 0 {
		return ""
	}
	return p.all[(i+try)%len(p.all)]
}

// expression is what a CHECK asks of a row.
func expression(check string) string {
	check = strings.TrimSuffix(check, " NOT VALID")
	return strings.TrimSuffix(strings.TrimPrefix(check, "CHECK "), " NO INHERIT")
}

// alone are the CHECKs on one column and no other.
func (t shape) alone(c shapeColumn) []string {
	out := slices.Clone(c.Checks)
	for _, check := range t.restraints("c") {
		if len(check.Columns) == 1 && check.Columns[0] == c.Name {
			out = append(out, expression(check.Text))
		}
	}
	return out
}

// about are all CHECKs that a column is in.
func (t shape) about(c shapeColumn) []string {
	out := slices.Clone(c.Checks)
	for _, check := range t.restraints("c") {
		if slices.Contains(check.Columns, c.Name) {
			out = append(out, check.Text)
		}
	}
	return out
}

// functions are the bodies of those that the CHECKs on a column call.
func (t shape) functions(c shapeColumn) []string {
	var out []string
	for _, check := range t.restraints("c") {
		if slices.Contains(check.Columns, c.Name) {
			out = append(out, check.Functions...)
		}
	}
	return out
}

// choices finds values for a column that is in CHECKs, once for each set of CHECKs.
func (d *database) choices(ctx context.Context, t shape, c shapeColumn) (valuePool, error) {
	key := t.Name + "." + fmt.Sprint(c, t.about(c), d.samples[t.Name])
	if p, ok := d.pools[key]; ok {
		return p, nil
	}
	var candidates []string
	for _, row := range d.samples[t.Name] {
		if v, ok := row[c.Name]; ok {
			candidates = append(candidates, literal(v)+"::"+c.Type)
		}
	}
	samples := len(candidates)
	var natural [rowsPerTable]string
	for i := range rowsPerTable {
		natural[i] = value(t, c, i, 0)
		candidates = append(candidates, natural[i])
	}
	candidates = append(candidates, t.candidates(c)...)
	taken, err := d.taken(ctx, c, candidates, t.alone(c))
	if err != nil {
		return valuePool{}, err
	}
	p := valuePool{all: taken}
	for i, v := range natural {
		if samples == 0 && slices.Contains(taken, v) {
			p.natural[i] = v
		}
	}
	if d.pools == nil {
		d.pools = map[string]valuePool{}
	}
	d.pools[key] = p
	return p, nil
}

// candidates are literals of the column's type, from what its CHECKs mention.
func (t shape) candidates(c shapeColumn) []string {
	h := hintsOf(slices.Concat(t.about(c), t.functions(c)))
	base, array := strings.CutSuffix(c.Base, "[]")
	var out []string
	if text := textType.FindStringSubmatch(base); text != nil {
		size := 0
		_, _ = fmt.Sscan(text[1], &size)
		out = h.alike(size)
	} else if len(c.Labels) > 0 {
		out = c.Labels
	} else {
		kind, modifier, _ := strings.Cut(base, "(")
		modifier, rest, _ := strings.Cut(modifier, ")")
		out = h.extras(strings.TrimSpace(kind)+rest, modifier)
		if rest != "" { // timestamp(3) with time zone
			out = h.extras(strings.TrimSpace(kind)+rest, "")
		}
	}
	literals := make([]string, 0, len(out))
	if array {
		quoted := make([]string, len(out))
		for i, s := range out {
			quoted[i] = `"` + strings.NewReplacer(`\`, `\\`, `"`, `\"`).Replace(s) + `"`
		}
		literals = append(literals, "'{}'::"+c.Type)
		for _, n := range append([]int{1, 2, 3}, h.sizes()...) {
			for i := range quoted {
				if i < 60 && n > 0 && n <= 200 {
					literals = append(literals, literal("{"+strings.Join(around(quoted, i, n), ",")+"}")+"::"+c.Type)
				}
			}
		}
		return literals
	}
	for _, s := range out {
		if by, text, ok := strings.Cut(s, "|"); ok && (strings.HasPrefix(by, "+") || strings.HasPrefix(by, "-")) {
			literals = append(literals, fmt.Sprintf("(%s::%s %s interval '%s')::%[2]s", literal(text), c.Type, by[:1], by[1:]))
			continue
		}
		literals = append(literals, literal(s)+"::"+c.Type)
	}
	return literals
}

// around are n of the values from i on, going round.
func around(values []string, i, n int) []string {
	out := make([]string, n)
	for j := range out {
		out[j] = values[(i+j)%len(values)]
	}
	return out
}

// taken are the candidates that are of the column's type and that the CHECKs take, in order.
func (d *database) taken(ctx context.Context, c shapeColumn, candidates, checks []string) ([]string, error) {
	seen := map[string]bool{}
	candidates = slices.DeleteFunc(slices.Clone(candidates), func(v string) bool {
		gone := v == "" || seen[v]
		seen[v] = true
		return gone
	})
	if len(candidates) == 0 {
		return nil, nil
	}
	condition := "TRUE"
	if len(checks) > 0 {
		condition = "(" + strings.Join(checks, ") IS NOT FALSE AND (") + ") IS NOT FALSE"
	}
	rows := make([]string, len(candidates))
	for i, v := range candidates {
		rows[i] = fmt.Sprintf("SELECT %s AS %q", v, c.Name)
	}
	// A domain's own CHECK calls the value VALUE.
	condition = domainValue.ReplaceAllString(condition, fmt.Sprintf("%q", c.Name))
	keep, err := d.holdingRows(ctx, rows, condition)
	if err != nil {
		return nil, err
	}
	var out []string
	for i, ok := range keep {
		if ok {
			out = append(out, candidates[i])
		}
	}
	return out, nil
}

var domainValue = regexp.MustCompile(`\bVALUE\b`)

// tester evaluates a condition on each of the rows that queries make. Values that are not of their type, and functions that
// raise, count as refused; so does a condition that cannot be evaluated outside its table.
const tester = `CREATE OR REPLACE FUNCTION pg_temp.lockstep_holding(queries text[], condition text) RETURNS boolean[] LANGUAGE plpgsql AS $f$
DECLARE
  query text; ok boolean; found boolean[] := '{}';
BEGIN
  FOREACH query IN ARRAY queries LOOP
    BEGIN
      EXECUTE format('SELECT %s FROM (%s) AS candidate', condition, query) INTO ok;
    EXCEPTION WHEN OTHERS THEN
      ok := false;
    END;
    found := found || coalesce(ok, true);
  END LOOP;
  RETURN found;
END
$f$`

func (d *database) holdingRows(ctx context.Context, queries []string, condition string) ([]bool, error) {
	conn, err := d.connection(ctx)
	if err != nil {
		return nil, err
	}
	if d.tests != conn {
		if _, err := conn.Exec(ctx, "SET search_path = pg_catalog; "+tester+"; RESET search_path", pgx.QueryExecModeSimpleProtocol); err != nil {
			return nil, fmt.Errorf("prepare to solve CHECKs: %w", err)
		}
		d.tests = conn
	}
	var out []bool
	if err := conn.QueryRow(ctx, "SELECT pg_temp.lockstep_holding($1, $2)", queries, condition).Scan(&out); err != nil {
		return nil, fmt.Errorf("solve CHECKs: %w", err)
	}
	return out, nil
}

// shared groups the CHECKs on several columns: those that have a column in common are solved together.
func (t shape) shared() (groups [][]shapeRestraint) {
	for _, check := range t.restraints("c") {
		if len(check.Columns) < 2 {
			continue
		}
		joined := []shapeRestraint{check}
		groups = slices.DeleteFunc(groups, func(g []shapeRestraint) bool {
			meets := slices.ContainsFunc(g, func(o shapeRestraint) bool {
				return slices.ContainsFunc(o.Columns, func(c string) bool { return slices.Contains(check.Columns, c) })
			})
			if meets {
				joined = append(joined, g...)
			}
			return meets
		})
		groups = append(groups, joined)
	}
	return groups
}

// reconcile changes values of a row until the CHECKs on several columns take them. fixed are columns that stay as they are.
func (d *database) reconcile(ctx context.Context, t shape, i, try int, row, fixed map[string]string) error {
	for _, group := range t.shared() {
		var names, checks []string
		for _, check := range group {
			checks = append(checks, expression(check.Text))
			for _, name := range check.Columns {
				if !slices.Contains(names, name) {
					names = append(names, name)
				}
			}
		}
		slices.Sort(names)
		offers := make([][]string, len(names))
		limit := max(2, int(math.Pow(mostTuples, 1/float64(len(names)))))
		for j, name := range names {
			c, ok := t.column(name)
			if !ok || c.Given {
				offers = nil // an expression computes it, and the INSERT tells
				break
			}
			now := row[name]
			if now == "" {
				now = "NULL"
			}
			offers[j] = []string{now}
			if _, stays := fixed[name]; stays {
				continue
			}
			if !c.NotNull && now != "NULL" {
				offers[j] = append(offers[j], "NULL")
			}
			p, err := d.choices(ctx, t, c)
			if err != nil {
				return err
			}
			if inReference(t, name) {
				continue
			}
			offers[j] = append(offers[j], t.solved(c, group, row)...)
			for k := range p.all {
				if v := p.all[(k+i+try)%len(p.all)]; len(offers[j]) < limit && !slices.Contains(offers[j], v) {
					offers[j] = append(offers[j], v)
				}
			}
		}
		if offers == nil {
			continue
		}
		found, err := d.firstTuple(ctx, t, names, offers, "("+strings.Join(checks, ") IS NOT FALSE AND (")+") IS NOT FALSE")
		if err != nil {
			return err
		}
		for j, v := range found {
			row[names[j]] = v
		}
	}
	return nil
}

// equation finds what a CHECK wants a column to be: `(c = expression)`, `(c ~~ expression)` or `((c - d) = expression)`.
var equation = regexp.MustCompile(`^\(*"?(\w+)"?\)?(?:::[\w ]+)? (=|~~) (.+?)\)*$`)

var difference = regexp.MustCompile(`^\(*"?(\w+)"? - "?(\w+)"?\) = (.+?)\)*$`)

// solved are values that the row's other columns give a column by a CHECK that is an equation, as expressions.
func (t shape) solved(c shapeColumn, group []shapeRestraint, row map[string]string) []string {
	var out []string
	for _, check := range group {
		text := expression(check.Text)
		var x string
		if m := difference.FindStringSubmatch(text); m != nil && m[1] == c.Name {
			x = fmt.Sprintf("%q + %s", m[2], balanced(m[3]))
		} else if m := equation.FindStringSubmatch(text); m != nil && m[1] == c.Name && !mentions(m[3], c.Name) {
			if x = balanced(m[3]); m[2] == "~~" {
				x = fmt.Sprintf("replace(%s, '%%', '')", x)
			}
		}
		if x == "" {
			continue
		}
		var given []string
		for _, name := range check.Columns {
			if other, ok := t.column(name); ok && name != c.Name {
				v := row[name]
				if v == "" {
					v = "NULL"
				}
				given = append(given, fmt.Sprintf("(%s)::%s AS %q", v, other.Type, name))
			}
		}
		if len(given) > 0 {
			out = append(out, fmt.Sprintf("(SELECT (%s)::%s FROM (SELECT %s) AS others)", x, c.Type, strings.Join(given, ", ")))
		}
	}
	return out
}

// balanced closes the brackets that a text opens.
func balanced(text string) string {
	bare := quotedText.ReplaceAllString(text, "")
	if open := strings.Count(bare, "(") - strings.Count(bare, ")"); open > 0 {
		return text + strings.Repeat(")", open)
	}
	return text
}

func inReference(t shape, column string) bool {
	return slices.ContainsFunc(t.restraints("f"), func(fk shapeRestraint) bool { return slices.Contains(fk.Columns, column) })
}

// firstTuple is the combination of choices that the condition takes and that changes least, or nil.
func (d *database) firstTuple(ctx context.Context, t shape, names []string, choices [][]string, condition string) ([]string, error) {
	at := make([]int, len(names))
	var tuples [][]int
	for {
		tuples = append(tuples, slices.Clone(at))
		j := 0
		for ; j < len(at); j++ {
			if at[j]++; at[j] < len(choices[j]) {
				break
			}
			at[j] = 0
		}
		if j == len(at) || len(tuples) > mostTuples {
			break
		}
	}
	slices.SortStableFunc(tuples, func(a, b []int) int { return changed(a) - changed(b) })
	for chunk := range slices.Chunk(tuples, 200) {
		queries := make([]string, len(chunk))
		for k, tuple := range chunk {
			columns := make([]string, len(names))
			for j, name := range names {
				c, _ := t.column(name)
				columns[j] = fmt.Sprintf("(%s)::%s AS %q", choices[j][tuple[j]], c.Type, name)
			}
			queries[k] = "SELECT " + strings.Join(columns, ", ")
		}
		keep, err := d.holdingRows(ctx, queries, condition)
		if err != nil {
			return nil, err
		}
		if k := slices.Index(keep, true); k >= 0 {
			out := make([]string, len(names))
			for j := range names {
				out[j] = choices[j][chunk[k][j]]
			}
			return out, nil
		}
	}
	return nil, nil
}

// changed counts the columns of a combination that are not as they were, and prefers earlier choices.
func changed(tuple []int) int {
	n := 0
	for _, k := range tuple {
		if k > 0 {
			n += 1000 + k
		}
	}
	return n
}
