package planner

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"ariga.io/atlas/sql/postgres"
	"ariga.io/atlas/sql/schema"

	"github.com/lockstep-dev/lockstep/internal/pgcatalog"
)

// ask has a person decide about each candidate: a name that went and one that came are a rename or not, and guessing
// either way loses data or keeps the wrong.
func (r *renamer) ask(ctx context.Context, candidates []Rename) error {
	gone := map[string]bool{}
	var open []string
	for _, c := range candidates {
		old := c.Table
		if c.Column != "" {
			old += "." + c.Column
		}
		if gone[old] || slices.Contains(r.o.Drops, old) {
			continue
		}
		if r.o.Ask == nil {
			open = append(open, fmt.Sprintf("%s disappears while the similar %s appears. If that is its new name: --rename %s. If what it holds may be lost: --drop %s", old, c.To, c, old))
			continue
		}
		yes, err := r.o.Ask(fmt.Sprintf("%s disappears while the similar %s appears: is that its new name?", old, c.To))
		if err != nil {
			return err
		}
		if !yes {
			continue
		}
		gone[old] = true
		if err := r.apply(ctx, c); err != nil {
			return err
		}
	}
	if len(open) > 0 {
		return fmt.Errorf("say what became of it (`make migration name=… args=\"…\"` takes the flags too):\n  %s", strings.Join(open, "\n  "))
	}
	return nil
}

// columnCandidates are columns that go while one comes in the same table that could hold their values: renaming a field
// and widening it is one edit of the schema.
func columnCandidates(from, to *schema.Schema) []Rename {
	var out []Rename
	for _, one := range from.Tables {
		two, ok := to.Table(one.Name)
		if !ok {
			continue
		}
		for _, old := range one.Columns {
			if _, stays := two.Column(old.Name); stays {
				continue
			}
			for _, next := range two.Columns {
				if _, there := one.Column(next.Name); !there && alike(old, next) {
					out = append(out, Rename{one.Name, old.Name, next.Name})
				}
			}
		}
	}
	return out
}

// tableCandidates are tables that go while one comes that has at least half of their columns, besides those every table has.
func tableCandidates(from, to *schema.Schema) []Rename {
	var out []Rename
	for _, old := range from.Tables {
		if _, stays := to.Table(old.Name); stays {
			continue
		}
		for _, next := range to.Tables {
			if _, there := from.Table(next.Name); there {
				continue
			}
			own, shared := 0, 0
			for _, c := range old.Columns {
				if slices.Contains([]string{pgcatalog.TenantColumn, "id", "version", "created_at", "updated_at"}, c.Name) {
					continue
				}
				own++
				if other, ok := next.Column(c.Name); ok && alike(c, other) {
					shared++
				}
			}
			if shared > 0 && 2*shared >= own {
				out = append(out, Rename{Table: old.Name, To: next.Name})
			}
		}
	}
	return out
}

// alike says whether values of one column could be those of another: texts of any length, numbers of any size, times of any
// precision. Other types have to be the same.
func alike(a, b *schema.Column) bool {
	class := func(c *schema.Column) string {
		switch c.Type.Type.(type) {
		case *schema.StringType:
			return "text"
		case *schema.IntegerType, *schema.DecimalType, *schema.FloatType, *postgres.SerialType:
			return "number"
		case *schema.TimeType:
			return "time"
		case *schema.JSONType:
			return "json"
		}
		return typeName(c)
	}
	return class(a) == class(b)
}
