package planner

import (
	"context"
	"fmt"
	"slices"
	"strings"
)

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
