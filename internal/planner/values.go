package planner

import (
	"cmp"
	"context"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/lockstep-dev/lockstep/internal/pgcatalog"
)

// tries is how many different texts are offered to a table before it is left empty.
const tries = 14

// spellings are offered one after the other where a CHECK refuses a text; %d makes them differ from row to row.
var spellings = []string{
	"%d text with 'quotes' and \u00fcml\u00e4uts", "value-%d", "user%d@example.com", "a%d", "%d", "A%d", "https://example.com/%d", "+4912345%d", "/%d", "#%d0%d0%d0",
	"word", "AB", "1%d:00", "{%d}",
}

// values are the literals of row i of a table.
func (d *database) values(ctx context.Context, t shape, i, try int) (map[string]string, error) {
	return d.valuesWith(ctx, t, i, try, map[string]string{})
}

// valuesWith are the literals of row i with some columns given already. Columns that are left out keep their default or null.
func (d *database) valuesWith(ctx context.Context, t shape, i, try int, given map[string]string) (map[string]string, error) {
	out := map[string]string{}
	for k, v := range given {
		out[k] = v
	}
	if try < tries/2 { // then each by itself
		for k, v := range d.sample(t, i+try, given) {
			out[k] = v
		}
	}
	if c, ok := t.column(pgcatalog.TenantColumn); ok && out[c.Name] == "" {
		tenants, err := d.tuples(ctx, pgcatalog.TenantTable, []string{"id"}, nil)
		if err == nil && len(tenants) > 0 {
			out[c.Name] = tenants[i%min(2, len(tenants))][0]
		}
	}
	lastOne := i == rowsPerTable-1
	for n, fk := range t.restraints("f") {
		if !slices.ContainsFunc(fk.Columns, func(c string) bool { return out[c] == "" }) {
			continue
		}
		fixed := map[string]string{}
		nullable := false
		for j, name := range fk.Columns {
			if v := out[name]; v != "" && v != "NULL" {
				fixed[fk.Refers[j]] = v
			} else if c, _ := t.column(name); !c.NotNull {
				nullable = true
			}
		}
		parents, err := d.tuples(ctx, fk.Table, fk.Refers, fixed)
		if err != nil {
			return nil, err
		}
		for j, name := range fk.Columns {
			switch {
			case out[name] != "":
			case len(parents) == 0 && !nullable && fk.Table == t.Name:
				// The first row of a tree in which every row has a parent is its own.
				own, err := d.ownValue(ctx, t, fk.Refers[j], i, try)
				if err != nil {
					return nil, err
				}
				out[fk.Refers[j]] = cmp.Or(out[fk.Refers[j]], own)
				out[name] = out[fk.Refers[j]]
			case len(parents) > 0 && (!nullable || !lastOne):
				out[name] = parents[(i/2+n*try)%len(parents)][j]
			case nullable:
				out[name] = "NULL"
			}
		}
	}
	for _, c := range t.Columns {
		if c.Given || out[c.Name] != "" {
			continue
		}
		if lastOne && !c.NotNull {
			out[c.Name] = "NULL"
			continue
		}
		v, err := d.ownValue(ctx, t, c.Name, i, try)
		if err != nil {
			return nil, err
		}
		if v != "" {
			out[c.Name] = v
		} else if !c.NotNull {
			out[c.Name] = "NULL"
		}
	}
	return out, d.reconcile(ctx, t, i, try, out, given)
}

// ownValue is a literal for a column of row i that refers to nothing; empty when none is known.
func (d *database) ownValue(ctx context.Context, t shape, column string, i, try int) (string, error) {
	c, ok := t.column(column)
	if !ok {
		return "", nil
	}
	if v := value(t, c, i, try); v != "" && len(t.about(c)) == 0 && len(d.samples[t.Name]) == 0 {
		return v, nil
	}
	p, err := d.choices(ctx, t, c)
	if v := p.pick(i, try); err != nil || v != "" {
		return v, err
	}
	return value(t, c, i, try), nil
}

var (
	textType   = regexp.MustCompile(`^(?:text|character varying|character|citext|name|bpchar)(?:\((\d+)\))?$`)
	comparison = regexp.MustCompile(`\(?"?(\w+)"?\)?(?:::[\w ]+)? (>=|<=|>|<|=) '?\(?(-?\d+(?:\.\d+)?)\)?`)
	lengths    = regexp.MustCompile(`length\(\(?"?(\w+)"?\)?(?:::text)?\) (>=|<=|>|<|=) (\d+)`)
)

// value is a literal for a column, empty when none is known.
func value(t shape, c shapeColumn, i, try int) string {
	cast := func(s string) string { return literal(s) + "::" + c.Type }
	base, array := strings.CutSuffix(c.Base, "[]")
	low, high := bounds(t, c, comparison)
	text := textType.FindStringSubmatch(base)
	if text != nil && !array {
		return cast(word(t, c, text[1], i, try))
	}
	if len(c.Labels) > 0 {
		return cast(c.Labels[i%len(c.Labels)])
	}
	var v string
	kind, _, _ := strings.Cut(base, "(")
	switch strings.TrimSpace(kind) {
	case "smallint", "integer", "bigint":
		v = strconv.Itoa(clamp(i+1, low, high))
	case "numeric", "double precision", "real", "money":
		v = strconv.Itoa(clamp(i+1, low, high))
		if strings.HasPrefix(base, "double") {
			v += ".25"
			if high != nil {
				v = strconv.Itoa(clamp(i+1, low, high))
			}
		}
	case "boolean":
		v = strconv.FormatBool(i%2 == 0)
	case "uuid":
		// Stable over runs, different over tables, columns and rows.
		v = fmt.Sprintf("%08x-%04x-7000-8000-%012x", sum(t.Name), sum(c.Name)&0xffff, i+1)
	case "timestamp with time zone", "timestamp without time zone", "timestamp":
		v = fmt.Sprintf("2024-03-%02d 13:14:15.%06d+00", i+1, 123456+i)
	case "date":
		v = fmt.Sprintf("2024-03-%02d", i+1)
	case "time without time zone", "time with time zone", "time":
		v = fmt.Sprintf("13:14:%02d", i)
	case "interval":
		v = fmt.Sprintf("%d days 04:05:06", i+1)
	case "json", "jsonb":
		v = fmt.Sprintf(`{"row": %d, "list": [1, "two", null]}`, i)
	case "bytea":
		v = fmt.Sprintf(`\x00ff%02x`, i)
	case "inet", "cidr":
		v = fmt.Sprintf("10.0.0.%d", i+1)
	case "macaddr":
		v = fmt.Sprintf("08:00:2b:01:02:%02x", i)
	case "bit", "bit varying":
		return ""
	case "tsvector":
		v = fmt.Sprintf("row%d", i)
	case "point":
		v = fmt.Sprintf("(%d,2)", i)
	case "int4range", "int8range", "numrange":
		v = fmt.Sprintf("[%d,%d)", i, i+5)
	case "xml":
		v = "<x/>"
	case "oid":
		v = strconv.Itoa(i + 1)
	default:
		if text != nil {
			v = fmt.Sprintf("item %d", i)
			break
		}
		return ""
	}
	if array {
		v = fmt.Sprintf("{%q}", v)
	}
	return cast(v)
}

// word is a text that the column's list of values, its lengths and, after some tries, its patterns take.
func word(t shape, c shapeColumn, size string, i, try int) string {
	for _, check := range t.restraints("c") {
		if slices.Contains(check.Columns, c.Name) && len(check.Columns) == 1 {
			if values := enumerated(check.Text); len(values) > 0 {
				return values[i%len(values)]
			}
		}
	}
	s := strings.ReplaceAll(spellings[try%len(spellings)], "%d", strconv.Itoa(i+1))
	low, high := bounds(t, c, lengths)
	if n, err := strconv.Atoi(size); err == nil && (high == nil || n < *high) {
		high = &n
	}
	r := []rune(s)
	for low != nil && len(r) < *low {
		r = append(r, 'x')
	}
	if high != nil && len(r) > *high {
		r = []rune(strconv.Itoa(i+1) + string(r))[:max(*high, 0)]
	}
	return string(r)
}

// bounds reads from the table's CHECKs what a column's value or length must lie between.
func bounds(t shape, c shapeColumn, form *regexp.Regexp) (low, high *int) {
	for _, check := range t.restraints("c") {
		for _, m := range form.FindAllStringSubmatch(check.Text, -1) {
			f, err := strconv.ParseFloat(m[3], 64)
			if m[1] != c.Name || err != nil {
				continue
			}
			n := int(f)
			if m[2] == ">" {
				n++
			}
			if m[2] == "<" {
				n--
			}
			if strings.HasPrefix(m[2], ">") || m[2] == "=" {
				low = &n
			}
			if strings.HasPrefix(m[2], "<") || m[2] == "=" {
				high = &n
			}
		}
	}
	return low, high
}

func clamp(n int, low, high *int) int {
	if low != nil && n < *low {
		n += *low
	}
	if high != nil && n > *high {
		n = *high
	}
	return n
}

// sum is FNV-1a, to tell tables and columns apart in identifiers.
func sum(s string) uint32 {
	h := uint32(2166136261)
	for _, b := range []byte(s) {
		h = (h ^ uint32(b)) * 16777619
	}
	return h
}
