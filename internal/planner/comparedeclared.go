package planner

import (
	"context"
	"fmt"
	"maps"
	"slices"

	"ariga.io/atlas/sql/schema"

	"github.com/lockstep-dev/lockstep/internal/pgcatalog"
)

// declaredIn reads the objects of a database that Atlas does not inspect.
func (d *database) declaredIn(ctx context.Context) (objects, error) {
	print, _, err := d.catalog(ctx)
	if err != nil {
		return nil, err
	}
	return d.objects(ctx, print)
}

// declaredChanges says what Postgres' own means come, change or go: functions, views and triggers, generated columns, exclusion
// constraints and indexes on expressions.
func declaredChanges(old, next side) []string {
	before, after := declaredDefinitions(old), declaredDefinitions(next)
	out := []string{}
	for _, name := range slices.Sorted(maps.Keys(after)) {
		was, there := before[name]
		switch {
		case !there:
			out = append(out, "adds "+name)
		case was != after[name]:
			out = append(out, "changes "+name)
		}
	}
	for _, name := range slices.Sorted(maps.Keys(before)) {
		if _, stays := after[name]; !stays {
			out = append(out, "drops "+name)
		}
	}
	return out
}

func declaredDefinitions(s side) map[string]string {
	out := map[string]string{}
	for _, o := range s.objects {
		out[o.Kind+" "+o.Name] = o.definition + fmt.Sprint(o.indexes, o.grants[pgcatalog.AppRole])
	}
	for _, t := range tablesOf(s.realm) {
		name := pgcatalog.Schema + "." + t.Name
		for _, c := range t.Columns {
			var x schema.GeneratedExpr
			if has(c.Attrs, &x) {
				out["generated column "+name+"."+c.Name] = x.Expr
			}
		}
		for _, i := range t.Indexes {
			parts := ""
			for _, p := range i.Parts {
				if x, ok := p.X.(*schema.RawExpr); ok {
					parts += x.X + ", "
				} else if p.C != nil {
					parts += p.C.Name + ", "
				}
			}
			if excludes(i) {
				out["exclusion constraint "+i.Name+" of "+name] = parts
			} else if slices.ContainsFunc(i.Parts, func(p *schema.IndexPart) bool { return p.X != nil }) {
				out["expression index "+i.Name+" of "+name] = parts
			}
		}
	}
	return out
}

// missedObjects lists what the old release may call or read and will not find.
func missedObjects(old, next objects) []string {
	var out []string
	for _, o := range old {
		if _, stays := next.find(o.key()); !stays && o.grants[pgcatalog.AppRole] != "" {
			out = append(out, fmt.Sprintf("the released version may use the %s %s, which these migrations drop: drop it one release after the last that uses it", o.Kind, o.Name))
		}
	}
	return out
}
