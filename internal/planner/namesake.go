package planner

import (
	"context"
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/lockstep-dev/lockstep/internal/pgcatalog"
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
	// Relations share their names in a schema: tables, indexes, views and sequences.
	relations := func(name string) bool {
		return slices.ContainsFunc(have, func(o pgcatalog.Object) bool {
			return o.Name == pgcatalog.Schema+"."+name && slices.Contains([]string{"table", "index", "view", "materialized view", "sequence"}, o.Kind)
		})
	}
	forms := map[string]string{} // by the present name
	var moves []move
	for _, n := range namesakes(have, want, "index", func(pgcatalog.Object) bool { return true }) {
		moves = append(moves, n.move)
		forms[n.from] = fmt.Sprintf("ALTER INDEX %q.%%q RENAME TO %%q", pgcatalog.Schema)
		if slices.ContainsFunc(have, func(o pgcatalog.Object) bool {
			return o.Kind == "constraint" && backed(o) && o.Name == n.table+"."+n.from
		}) {
			forms[n.from] = constraintForm(n.table)
		}
	}
	err = r.rename(ctx, moves, relations, func(m move) string {
		forms[m.to] = forms[m.from]
		return forms[m.from]
	})
	if err != nil {
		return err
	}
	byTable := map[string][]move{}
	var order []string
	for _, n := range namesakes(have, want, "constraint", func(o pgcatalog.Object) bool { return !backed(o) }) {
		if byTable[n.table] == nil {
			order = append(order, n.table)
		}
		byTable[n.table] = append(byTable[n.table], n.move)
	}
	for _, table := range order {
		taken := func(name string) bool {
			return slices.ContainsFunc(have, func(o pgcatalog.Object) bool { return o.Kind == "constraint" && o.Name == table+"."+name })
		}
		if err := r.rename(ctx, byTable[table], taken, func(move) string { return constraintForm(table) }); err != nil {
			return err
		}
	}
	return nil
}

func constraintForm(table string) string {
	return fmt.Sprintf("ALTER TABLE %s RENAME CONSTRAINT %%q TO %%q", qualifiedName(last(table)))
}

// rename makes moves in an order in which each name is free. form is the statement for one, with places for both names.
func (r *renamer) rename(ctx context.Context, moves []move, taken func(string) bool, form func(move) string) error {
	for _, m := range sequence(movable(moves, taken), taken) {
		sql, noun := form(m), "index"
		if strings.HasPrefix(sql, "ALTER TABLE") {
			noun = "constraint"
		}
		up := Statement{Comment: fmt.Sprintf("Rename %s %q to %q", noun, m.from, m.to), SQL: fmt.Sprintf(sql, m.from, m.to)}
		if err := r.run(ctx, up, Statement{SQL: fmt.Sprintf(sql, m.to, m.from)}); err != nil {
			return err
		}
	}
	return nil
}

// namesake is an object that is the same under another name.
type namesake struct {
	move
	table string // qualified
}

// namesakes pairs objects of a kind that only one of two states has, by what they are.
func namesakes(have, want pgcatalog.Fingerprint, kind string, which func(pgcatalog.Object) bool) []namesake {
	of := func(p, other pgcatalog.Fingerprint) []pgcatalog.Object {
		var out []pgcatalog.Object
		for _, o := range p {
			same := func(x pgcatalog.Object) bool {
				return x.Kind == kind && x.Name == o.Name && x.Definition == o.Definition
			}
			if o.Kind == kind && which(o) && !strings.Contains(o.Name, `"`) && !slices.ContainsFunc(other, same) {
				out = append(out, o)
			}
		}
		return out
	}
	wanted := of(want, have)
	var out []namesake
	for _, old := range of(have, want) {
		i := slices.IndexFunc(wanted, func(o pgcatalog.Object) bool {
			return last(o.Name) != last(old.Name) && parent(o) == parent(old) && nameless(o) == nameless(old)
		})
		if i >= 0 {
			out = append(out, namesake{move{last(old.Name), last(wanted[i].Name)}, parent(old)})
			wanted = slices.Delete(wanted, i, i+1)
		}
	}
	return out
}

// backed says whether a constraint has an index of its name.
func backed(o pgcatalog.Object) bool {
	return strings.HasPrefix(o.Definition, "PRIMARY KEY") || strings.HasPrefix(o.Definition, "UNIQUE") || strings.HasPrefix(o.Definition, "EXCLUDE")
}

func nameless(o pgcatalog.Object) string { return indexName.ReplaceAllString(o.Definition, "$1*$2") }

// parent is the table of a constraint or an index, qualified.
func parent(o pgcatalog.Object) string {
	if o.Kind == "constraint" {
		return o.Name[:strings.LastIndex(o.Name, ".")]
	}
	_, after, _ := strings.Cut(o.Definition, " ON ")
	table, _, _ := strings.Cut(after, " ")
	return table
}

func last(name string) string { return name[strings.LastIndex(name, ".")+1:] }
