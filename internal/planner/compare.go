package planner

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"ariga.io/atlas/sql/postgres"
	"ariga.io/atlas/sql/schema"

	"github.com/lockstep-dev/lockstep/internal/migrate"
	"github.com/lockstep-dev/lockstep/internal/pgcatalog"
)

// Comparison is what changes between the schema a release was built for and the one the migrations lead to.
type Comparison struct {
	// Missed are sentences about what the release uses and the migrations take away or demand.
	Missed []string `json:"missed"`
	// Declared are the functions, views, triggers, generated columns, exclusion constraints and indexes on expressions that change.
	Declared []string `json:"declared"`
	// Diagram is a Mermaid ER diagram of the tables that change; empty when none does.
	Diagram string `json:"diagram"`
}

// Compare says what a release that was built for the schema in the file released would miss in a database that has all
// of o's migrations, and draws what changes.
func Compare(ctx context.Context, o Options, released string) (Comparison, error) {
	o = o.withDefaults()
	d, err := o.databases(ctx)
	if err != nil {
		return Comparison{}, err
	}
	defer func() { d.close() }()
	if err := d.desired.load(ctx, released); err != nil {
		return Comparison{}, err
	}
	if err := o.settle(); err != nil {
		return Comparison{}, err
	}
	files, err := readFiles(o.Migrations)
	if err != nil {
		return Comparison{}, err
	}
	dir, err := files.directory()
	if err != nil {
		return Comparison{}, err
	}
	if _, err := migrate.Up(ctx, migrate.Options{Read: dir, URL: d.current.url}); err != nil {
		return Comparison{}, fmt.Errorf("apply the migrations: %w", err)
	}
	old, err := d.desired.inspect(ctx)
	if err != nil {
		return Comparison{}, err
	}
	next, err := d.current.inspect(ctx)
	if err != nil {
		return Comparison{}, err
	}
	before, err := d.desired.declaredIn(ctx)
	if err != nil {
		return Comparison{}, err
	}
	after, err := d.current.declaredIn(ctx)
	if err != nil {
		return Comparison{}, err
	}
	return Comparison{
		Missed:   append(missed(old, next), missedObjects(before, after)...),
		Declared: declaredChanges(side{realm: old, objects: before}, side{realm: next, objects: after}),
		Diagram:  diagram(old, next),
	}, nil
}

// missed lists what the old release's statements would fail on: it reads every column of its schema and writes no other.
func missed(old, next *schema.Realm) []string {
	out := []string{}
	say := func(format string, args ...any) { out = append(out, fmt.Sprintf(format, args...)) }
	for _, t := range tablesOf(old) {
		now, ok := realmTable(next, t.Name)
		if !ok {
			say("the released version reads table %s.%s, which these migrations drop or rename: drop it one release after the last that reads it", pgcatalog.Schema, t.Name)
			continue
		}
		for _, c := range t.Columns {
			other, ok := now.Column(c.Name)
			switch {
			case !ok:
				say("the released version reads column %s.%s.%s, which these migrations drop or rename: drop it one release after the last that reads it", pgcatalog.Schema, t.Name, c.Name)
			case !fits(c, other):
				say("the released version expects column %s.%s.%s to be %s, and these migrations make it %s: add a column of the new type and switch in a later release", pgcatalog.Schema, t.Name, c.Name, typeName(c), typeName(other))
			case c.Type.Null && !other.Type.Null:
				say("the released version may write null into column %s.%s.%s, which these migrations forbid: wait until no release does", pgcatalog.Schema, t.Name, c.Name)
			}
			if ok && !has(c.Attrs, &schema.GeneratedExpr{}) && has(other.Attrs, &schema.GeneratedExpr{}) {
				say("the released version writes column %s.%s.%s, which these migrations have Postgres compute: add a column of another name and switch in a later release", pgcatalog.Schema, t.Name, c.Name)
			}
			if gone := forbidden(t, now, c.Name); len(gone) > 0 {
				say("the released version may write %s into column %s.%s.%s, which these migrations forbid: wait until no release does", strings.Join(gone, ", "), pgcatalog.Schema, t.Name, c.Name)
			}
		}
		for _, c := range now.Columns {
			if _, ok := t.Column(c.Name); !ok && !c.Type.Null && c.Default == nil && !identity(c.Attrs) && !has(c.Attrs, &schema.GeneratedExpr{}) {
				say("the released version does not write column %s.%s.%s, which these migrations require without a default: give it a default in the database until that release is gone", pgcatalog.Schema, t.Name, c.Name)
			}
		}
	}
	return out
}

// forbidden lists the values that an enumeration of the old table takes and the new one's does not, as SQL literals.
func forbidden(old, next *schema.Table, column string) []string {
	var out []string
	for _, check := range checksOn(next, column) {
		allowed := enumerated(check)
		if len(allowed) == 0 {
			continue
		}
		for _, before := range checksOn(old, column) {
			for _, value := range enumerated(before) {
				if !slices.Contains(allowed, value) && !slices.Contains(out, literal(value)) {
					out = append(out, literal(value))
				}
			}
		}
	}
	return out
}

// fits says whether values of the old column can be read and written as before: the same type, or a wider varchar.
func fits(old, next *schema.Column) bool {
	a, ok1 := old.Type.Type.(*schema.StringType)
	b, ok2 := next.Type.Type.(*schema.StringType)
	if ok1 && ok2 {
		return b.Size == 0 || a.Size != 0 && a.Size <= b.Size
	}
	return typeName(old) == typeName(next)
}

func typeName(c *schema.Column) string {
	if name, err := postgres.FormatType(c.Type.Type); err == nil {
		return name
	}
	return "another type"
}

func tablesOf(r *schema.Realm) []*schema.Table {
	if s, ok := r.Schema(pgcatalog.Schema); ok {
		return s.Tables
	}
	return nil
}

// diagram draws the tables that differ, each column with what happens to it, and the references among them.
func diagram(old, next *schema.Realm) string {
	var b strings.Builder
	drawn := map[string]bool{}
	entity := func(name, mark string, lines []string) {
		drawn[name] = true
		fmt.Fprintf(&b, "  %s[\"%s%s\"] {\n%s  }\n", name, name, mark, strings.Join(lines, ""))
	}
	for _, t := range tablesOf(next) {
		was, there := realmTable(old, t.Name)
		var lines []string
		changed := !there
		for _, c := range t.Columns {
			mark := ""
			if there {
				before, ok := was.Column(c.Name)
				switch {
				case !ok:
					mark = "added"
				case typeName(before) != typeName(c):
					mark = "was " + typeName(before)
				case before.Type.Null != c.Type.Null:
					mark = map[bool]string{true: "now optional", false: "now required"}[c.Type.Null]
				case defaultOf(before) != defaultOf(c):
					mark = "other default"
				}
			}
			changed = changed || mark != ""
			lines = append(lines, attribute(t, c, mark))
		}
		if there {
			for _, c := range was.Columns {
				if _, ok := t.Column(c.Name); !ok {
					lines, changed = append(lines, attribute(was, c, "dropped")), true
				}
			}
			changed = changed || !slices.Equal(parts(was), parts(t))
		}
		if changed {
			entity(t.Name, map[bool]string{true: "", false: " (new)"}[there], lines)
		}
	}
	for _, t := range tablesOf(old) {
		if _, ok := realmTable(next, t.Name); !ok {
			var lines []string
			for _, c := range t.Columns {
				lines = append(lines, attribute(t, c, "dropped"))
			}
			entity(t.Name, " (dropped)", lines)
		}
	}
	if b.Len() == 0 {
		return ""
	}
	for _, t := range tablesOf(next) {
		for _, fk := range t.ForeignKeys {
			if drawn[t.Name] && fk.RefTable.Name != "tenants" {
				fmt.Fprintf(&b, "  %s }o--|| %s : \"%s\"\n", t.Name, fk.RefTable.Name, fk.Columns[len(fk.Columns)-1].Name)
			}
		}
	}
	return "erDiagram\n" + b.String()
}

func attribute(t *schema.Table, c *schema.Column, mark string) string {
	kind := strings.NewReplacer(" ", "_", "(", "_", ")", "", ",", "_", "[]", "_list").Replace(typeName(c))
	line := "    " + kind + " " + c.Name
	if inKey(t, c.Name) {
		line += " PK"
	} else if inForeignKey(t, c.Name) {
		line += " FK"
	}
	if mark != "" {
		line += fmt.Sprintf(" %q", mark)
	}
	return line + "\n"
}

// parts names a table's indexes, keys and checks, to tell whether any came or went.
func parts(t *schema.Table) []string {
	var out []string
	for _, i := range t.Indexes {
		out = append(out, "index "+i.Name)
	}
	for _, fk := range t.ForeignKeys {
		out = append(out, "fk "+fk.Symbol)
	}
	for _, a := range t.Attrs {
		if c, ok := a.(*schema.Check); ok {
			out = append(out, "check "+c.Name+c.Expr)
		}
	}
	slices.Sort(out)
	return out
}
