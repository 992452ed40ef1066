package planner

import (
	"context"
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/lockstep-dev/lockstep/internal/catalog"
)

var indexName = regexp.MustCompile(`^(CREATE (?:UNIQUE )?INDEX )(?:"(?:[^"]|"")+"|\S+)( ON )`)

// follow renames indexes and constraints that are the same under another name: they carry the name of a table or column,
// and building them anew would take time and locks for nothing.
func (r *renamer) follow(ctx context.Context) error {
	have, _, err := r.current.catalog(ctx)
	if err != nil {
		return err
	}
	want, _, err := r.desired.catalog(ctx)
	if err != nil {
		return err
	}
	constraints := map[string]bool{}
	for _, kind := range []string{"constraint", "index"} {
		names := func(p catalog.Fingerprint) map[string]bool {
			out := map[string]bool{}
			for _, o := range p {
				if o.Kind == kind {
					out[o.Name] = true
				}
			}
			return out
		}
		there, wanted := names(have), names(want)
		for _, old := range have {
			if old.Kind != kind || wanted[old.Name] || strings.Contains(old.Name, `"`) || constraints[old.Name] {
				continue
			}
			i := slices.IndexFunc(want, func(o catalog.Object) bool {
				return o.Kind == kind && !there[o.Name] && !strings.Contains(o.Name, `"`) &&
					parent(kind, o) == parent(kind, old) && nameless(o) == nameless(old)
			})
			if i < 0 {
				continue
			}
			there[want[i].Name] = true
			before, after := last(old.Name), last(want[i].Name)
			table := parent(kind, old)
			form := func(from, to string) string {
				if kind == "index" {
					return fmt.Sprintf("ALTER INDEX %s RENAME TO %q", qualifiedName(from), to)
				}
				return fmt.Sprintf("ALTER TABLE %s RENAME CONSTRAINT %q TO %q", qualifiedName(last(table)), from, to)
			}
			if kind == "constraint" {
				constraints[catalog.Schema+"."+before] = true // its index follows by itself
			}
			up := Statement{Comment: fmt.Sprintf("Rename %s %q to %q", kind, before, after), SQL: form(before, after)}
			if err := r.run(ctx, up, Statement{SQL: form(after, before)}); err != nil {
				return err
			}
		}
	}
	return nil
}

func nameless(o catalog.Object) string { return indexName.ReplaceAllString(o.Definition, "$1*$2") }

// parent is the table of a constraint or an index, qualified.
func parent(kind string, o catalog.Object) string {
	if kind == "constraint" {
		return o.Name[:strings.LastIndex(o.Name, ".")]
	}
	_, after, _ := strings.Cut(o.Definition, " ON ")
	table, _, _ := strings.Cut(after, " ")
	return table
}

func last(name string) string { return name[strings.LastIndex(name, ".")+1:] }
