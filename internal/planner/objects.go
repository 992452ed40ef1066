package planner

import (
	"context"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"

	"ariga.io/atlas/sql/schema"

	"github.com/lockstep-dev/lockstep/internal/migrate"
	"github.com/lockstep-dev/lockstep/internal/pgcatalog"
)

// object is one that Atlas does not inspect: an extension, function, procedure, view, materialized view, trigger or extended
// statistics. Desired ones stand in ent/schema/*.sql.
type object struct {
	pgcatalog.Declared
	definition string
	grants     map[string]string // privileges by grantee
	comment    string
	indexes    []string // of a materialized view: what creates them
}

// objects are in the order in which they were made, which for the desired state is the order of its files.
type objects []object

// objects reads those of a database whose fingerprint is given. Most databases hold none, and are asked nothing.
func (d *database) objects(ctx context.Context, print pgcatalog.Fingerprint) (objects, error) {
	kinds := map[string]bool{"extension": true, "function": true, "procedure": true, "view": true, "materialized view": true, "trigger": true, "statistics": true}
	if !slices.ContainsFunc(print, func(o pgcatalog.Object) bool { return kinds[o.Kind] }) {
		return nil, nil
	}
	conn, err := d.connection(ctx)
	if err != nil {
		return nil, err
	}
	declared, err := pgcatalog.ReadDeclared(ctx, conn)
	if err != nil {
		return nil, err
	}
	text := map[string]string{}
	grants := map[string]map[string]string{}
	for _, o := range print {
		text[o.Kind+" "+o.Name] = o.Definition
		if on, role, ok := cutLast(o.Name, " to "); ok && o.Kind == "grant" {
			if grants[on] == nil {
				grants[on] = map[string]string{}
			}
			grants[on][role] = o.Definition
		}
	}
	var out objects
	for _, one := range declared {
		o := object{Declared: one, definition: text[one.Kind+" "+one.Name], grants: grants[nounOf(one, "table")+" "+one.Name], comment: text["comment "+nounOf(one, one.Kind)+" "+one.Name]}
		if one.Kind == "materialized view" {
			for _, index := range print {
				if index.Kind == "index" && strings.Contains(index.Definition, " ON "+one.Name+" ") {
					o.indexes = append(o.indexes, index.Definition)
				}
			}
		}
		out = append(out, o)
	}
	return out, nil
}

// nounOf is the noun under which grants and comments of an object are listed in a fingerprint; relation is that of a view.
func nounOf(d pgcatalog.Declared, relation string) string {
	switch {
	case d.Routine():
		return "routine"
	case d.Kind == "trigger":
		return "trigger"
	case d.Kind == "view", d.Kind == "materialized view":
		return relation
	}
	return d.Kind
}

func cutLast(s, sep string) (before, after string, found bool) {
	if i := strings.LastIndex(s, sep); i >= 0 {
		return s[:i], s[i+len(sep):], true
	}
	return s, "", false
}

// closed is the desired form of objects: nobody may execute a function whom the desired state does not name.
func (os objects) closed() objects {
	out := slices.Clone(os)
	for i := range out {
		if out[i].Routine() {
			out[i].grants = maps.Clone(out[i].grants)
			delete(out[i].grants, everybody)
		}
	}
	return out
}

const everybody = "public"

func (os objects) find(name string) (object, bool) {
	i := slices.IndexFunc(os, func(o object) bool { return o.key() == name })
	if i < 0 {
		return object{}, false
	}
	return os[i], true
}

func (o object) key() string { return o.Kind + " " + o.Name }

// thing is how the uses of others name the object.
func (o object) thing() string {
	switch {
	case o.Routine():
		return "routine " + o.Name
	case o.Kind == "view", o.Kind == "materialized view":
		return "relation " + o.Name
	}
	return o.key()
}

// objectPlan is what the change of objects adds around the change of tables.
type objectPlan struct {
	before []Statement // takes down what stands on tables that change, makes functions that tables need
	after  []Statement // makes the rest
	last   []Statement // drops functions and extensions, when nothing uses them any more
}

// planObjects leads from one set of objects to another, around changes of the tables.
func planObjects(from, to objects, changes []schema.Change) objectPlan {
	gone := map[string]bool{}
	touched := touchedBy(changes)
	for _, o := range from {
		want, stays := to.find(o.key())
		gone[o.key()] = !stays || o.remade(want)
	}
	// What stands on something that goes, or on a column that changes, goes before it and comes back after.
	for again := true; again; {
		again = false
		for _, o := range from {
			if gone[o.key()] || o.Kind == "extension" {
				continue
			}
			falls := slices.ContainsFunc(o.Uses, func(u string) bool {
				return touched[unquoted(u)] || slices.ContainsFunc(from, func(under object) bool { return gone[under.key()] && under.thing() == u })
			})
			if falls {
				gone[o.key()], again = true, true
			}
		}
	}
	var plan objectPlan
	for _, o := range slices.Backward(from) {
		if !gone[o.key()] {
			continue
		}
		if _, stays := to.find(o.key()); (o.Routine() || o.Kind == "extension") && !stays {
			plan.last = append(plan.last, o.drop())
			continue
		}
		plan.before = append(plan.before, o.drop())
	}
	early := to.early()
	for _, o := range to {
		have, there := from.find(o.key())
		there = there && !gone[o.key()]
		var statements []Statement
		if !there {
			statements = o.create()
		} else {
			if !pgcatalog.SameDefinition(o.Kind, have.definition, o.definition) { // a function, or it would be gone
				statements = append(statements, Statement{Comment: fmt.Sprintf("Replace %s %s", o.Kind, o.Name), SQL: o.sql()})
			}
			statements = append(statements, o.rights(have.grants)...)
			if have.comment != o.comment {
				statements = append(statements, o.say())
			}
		}
		if early[o.key()] {
			plan.before = append(plan.before, statements...)
		} else {
			plan.after = append(plan.after, statements...)
		}
	}
	return plan
}

// remade says whether the object becomes the other by being dropped and made anew.
func (o object) remade(want object) bool {
	if o.Routine() {
		return o.Signature != want.Signature
	}
	return !pgcatalog.SameDefinition(o.Kind, o.definition, want.definition) || !slices.Equal(o.indexes, want.indexes)
}

// early are the objects that tables need: extensions, functions they call, and functions that those call by name.
func (os objects) early() map[string]bool {
	out := map[string]bool{}
	for _, o := range os {
		out[o.key()] = o.Kind == "extension" || len(o.Holders) > 0
	}
	for again := true; again; {
		again = false
		for _, o := range os {
			if out[o.key()] || !o.Routine() {
				continue
			}
			called := regexp.MustCompile(`\b` + regexp.QuoteMeta(bareName(o.Name)) + `"?\s*\(`)
			if slices.ContainsFunc(os, func(by object) bool {
				return by.key() != o.key() && by.Routine() && out[by.key()] && called.MatchString(by.definition)
			}) {
				out[o.key()], again = true, true
			}
		}
	}
	return out
}

// bareName is a function's name without schema and arguments.
func bareName(name string) string {
	name, _, _ = strings.Cut(name, "(")
	return strings.Trim(name[strings.LastIndex(name, ".")+1:], `"`)
}

// touchedBy are the tables and columns that something standing on them has to leave alone while they change, without quotes.
func touchedBy(changes []schema.Change) map[string]bool {
	out := map[string]bool{}
	relation := func(t *schema.Table) string { return pgcatalog.Schema + "." + t.Name }
	for _, c := range changes {
		switch c := c.(type) {
		case *schema.DropTable:
			out["relation "+relation(c.T)] = true
		case *schema.DropSchema:
			for _, t := range c.S.Tables {
				out["relation "+relation(t)] = true
			}
		case *schema.ModifyTable:
			for _, change := range c.Changes {
				switch change := change.(type) {
				case *schema.DropColumn:
					out["column "+relation(c.T)+"."+change.C.Name] = true
				case *schema.ModifyColumn:
					if change.Change.Is(schema.ChangeType) {
						out["column "+relation(c.T)+"."+change.From.Name] = true
					}
				}
			}
		}
	}
	return out
}

func unquoted(name string) string { return strings.ReplaceAll(name, `"`, "") }

// allowObjects lets the linter pass the indexes of materialized views that the same file makes.
func allowObjects(file []Statement) []string {
	for _, s := range file {
		if strings.HasPrefix(s.SQL, "CREATE MATERIALIZED VIEW ") {
			return []string{"require-concurrent-index-creation the materialized view is made in this file, and nobody reads it yet"}
		}
	}
	return nil
}

// objectWarnings names what goes because the desired state does not declare it, and what stays as it was computed before.
func objectWarnings(from, to objects) []string {
	var out []string
	for _, o := range from {
		want, stays := to.find(o.key())
		switch {
		case !stays:
			out = append(out, fmt.Sprintf("drops %s %s: declare it in ent/schema/*.sql if it is to stay", o.Kind, o.Name))
		case o.definition != want.definition && len(want.Holders) > 0:
			out = append(out, fmt.Sprintf("replaces %s %s: what %s holds was computed by the old one, and stays", o.Kind, o.Name, strings.Join(want.Holders, " and ")))
		}
	}
	return out
}

// refuseLeaks stops at what of the desired state could show one tenant's rows to another, or keeps the application from writing.
func (d *database) refuseLeaks(ctx context.Context, goal side) error {
	conn, err := d.connection(ctx)
	if err != nil {
		return err
	}
	tables, err := pgcatalog.Tables(ctx, conn)
	if err != nil {
		return err
	}
	var sentences []string
	for _, t := range tables {
		sentences = append(sentences, t.Leaks()...)
	}
	for _, o := range goal.objects {
		sentences = append(sentences, o.Problems(true)...)
	}
	if len(sentences) == 0 {
		return nil
	}
	return &migrate.Problem{Code: "fence", Message: "the desired state is refused: " + strings.Join(sentences, "\n")}
}
