package planner

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	atlas "ariga.io/atlas/sql/migrate"
	"ariga.io/atlas/sql/schema"

	"github.com/lockstep-dev/lockstep/internal/pgcatalog"
)

// Statement is one planned statement, without its semicolon.
type Statement struct {
	Comment string // one line, may be empty
	SQL     string
}

// render writes statements as a migration file.
func render(statements []Statement) string {
	var b strings.Builder
	for _, s := range statements {
		if s.Comment != "" {
			fmt.Fprintf(&b, "-- %s\n", strings.ReplaceAll(s.Comment, "\n", " "))
		}
		fmt.Fprintf(&b, "%s;\n", s.SQL)
	}
	return b.String()
}

// text is the stage's file.
func (s stage) text() string {
	var directives string
	if s.noTx {
		directives = "-- atlas:txmode none\n\n" // Atlas reads it in the first lines only
	}
	for _, a := range s.allow {
		directives += "-- lockstep:allow " + a + "\n"
	}
	return directives + render(s.up)
}

// planChanges turns the changes between two states into statements. Recipes that spare a table under load belong between
// the changes and the statements of one that is already there.
func (d *database) planChanges(ctx context.Context, changes []schema.Change) ([]Statement, error) {
	var last []Statement
	changes, dropped := emptyFirst(changes)
	for _, s := range dropped {
		// RESTRICT, the default: what the plan did not name stops it.
		last = append(last, Statement{Comment: fmt.Sprintf("Drop schema named %q", s.Name), SQL: fmt.Sprintf("DROP SCHEMA %q", s.Name)})
	}
	plan, err := d.PlanChanges(ctx, "", changes, func(o *atlas.PlanOptions) {
		o.Indent = "  "
		o.Mode = atlas.PlanModeDeferred
	})
	if err != nil {
		return nil, fmt.Errorf("plan statements: %w", err)
	}
	statements := make([]Statement, 0, len(plan.Changes)+len(last))
	for _, c := range plan.Changes {
		if len(c.Args) > 0 {
			return nil, fmt.Errorf("plan statements: %q needs arguments, which a file cannot hold", c.Cmd)
		}
		statements = append(statements, Statement{Comment: sentence(c.Comment), SQL: c.Cmd})
	}
	return append(statements, last...), nil
}

// emptyFirst replaces the removal of a schema by the removal of all it holds, in which Atlas finds the right order; Atlas
// alone would say DROP SCHEMA … CASCADE and take along whatever it did not look at. The schemas are returned apart.
func emptyFirst(changes []schema.Change) (rest []schema.Change, dropped []*schema.Schema) {
	for _, c := range changes {
		switch c := c.(type) {
		case *schema.DropTable:
			rest = append(rest, dropTable(c.T))
		case *schema.DropSchema:
			for _, t := range c.S.Tables {
				rest = append(rest, dropTable(t))
			}
			for _, o := range c.S.Objects {
				rest = append(rest, &schema.DropObject{O: o})
			}
			dropped = append(dropped, c.S)
		default:
			rest = append(rest, c)
		}
	}
	return rest, dropped
}

// dropTable leaves out a table's references to itself: they go with it, but Atlas would take them for a cycle and drop
// every foreign key by hand before the first table.
func dropTable(t *schema.Table) *schema.DropTable {
	plain := *t
	plain.ForeignKeys = slices.DeleteFunc(slices.Clone(t.ForeignKeys), func(fk *schema.ForeignKey) bool { return fk.RefTable == t })
	return &schema.DropTable{T: &plain}
}

func sentence(comment string) string {
	if comment == "" {
		return ""
	}
	return strings.ToUpper(comment[:1]) + comment[1:]
}

// side is one of the two states a plan leads between.
type side struct {
	realm   *schema.Realm
	fences  fences
	objects objects
}

// planBetween writes the statements that lead from one state to the other: what Atlas plans, and around it what Atlas does
// not see. No statements mean that there is no difference.
func (d *database) planBetween(ctx context.Context, from, to side) ([]Statement, error) {
	changes, err := d.diffRealms(from.realm, to.realm)
	if err != nil {
		return nil, err
	}
	statements, last, err := d.wrap(ctx, from, to, changes)
	return append(statements, last...), err
}

// wrap plans changes and puts around them what Atlas does not see: role, grants, fences, functions, views and triggers. last drops
// functions, and runs when nothing else is left to do.
func (d *database) wrap(ctx context.Context, from, to side, changes []schema.Change) (statements, last []Statement, err error) {
	objects := planObjects(from.objects, to.objects, changes)
	body, err := d.planChanges(ctx, changes)
	if err != nil {
		return nil, nil, err
	}
	_, there := from.realm.Schema(pgcatalog.Schema)
	_, wanted := to.realm.Schema(pgcatalog.Schema)
	takeDown, putUp := planFences(from.fences, to.fences)
	if readsOrPrints(changes) {
		statements = append(statements, pin()...)
	}
	if wanted && !there {
		statements = append(statements, preamble())
		// Functions that tables call are made before the tables, and in the schema.
		if len(objects.before) > 0 && len(body) > 0 && strings.HasPrefix(body[0].SQL, "CREATE SCHEMA") {
			statements, body = append(statements, body[0]), body[1:]
		}
	}
	statements = slices.Concat(statements, objects.before, takeDown, body)
	if wanted && !there {
		statements = append(statements, entrance()...)
	}
	return slices.Concat(statements, putUp, objects.after), objects.last, nil
}

// reverse plans the way back, prepared for rows. impossible says why there is none.
func (d *database) reverse(ctx context.Context, after, before side) (statements []Statement, lost []string, impossible string, err error) {
	changes, err := d.diffRealms(after.realm, before.realm)
	if err != nil {
		return nil, nil, "", err
	}
	changes, last, lost, impossible := soften(changes)
	if impossible != "" {
		return nil, lost, impossible, nil
	}
	for i, c := range changes {
		if changes[i], err = d.convertAll(ctx, c); errors.Is(err, errNoCast) {
			return nil, nil, err.Error(), nil
		} else if err != nil {
			return nil, nil, "", err
		}
	}
	statements, drops, err := d.wrap(ctx, after, before, changes)
	return slices.Concat(statements, last, drops), lost, "", err
}

func (d *database) convertAll(ctx context.Context, c schema.Change) (schema.Change, error) {
	m, ok := c.(*schema.ModifyTable)
	if !ok {
		return c, nil
	}
	out := &schema.ModifyTable{T: m.T}
	for _, c := range m.Changes {
		modify, ok := c.(*schema.ModifyColumn)
		if !ok || !modify.Change.Is(schema.ChangeType) {
			out.Changes = append(out.Changes, c)
			continue
		}
		converted, err := d.convert(ctx, m.T.Name, modify, true)
		if err != nil {
			return nil, err
		}
		out.Changes = append(out.Changes, converted...)
	}
	return out, nil
}

// warnings names what a plan destroys.
func warnings(changes []schema.Change) []string {
	var out []string
	for _, c := range changes {
		switch c := c.(type) {
		case *schema.DropTable:
			out = append(out, fmt.Sprintf("drops table %s and every row in it", c.T.Name))
		case *schema.DropSchema:
			out = append(out, fmt.Sprintf("drops schema %s and all it holds", c.S.Name))
		case *schema.ModifyTable:
			out = append(out, columnWarnings(c)...)
		}
	}
	return out
}

func columnWarnings(m *schema.ModifyTable) []string {
	var out []string
	for _, c := range m.Changes {
		switch c := c.(type) {
		case *schema.DropColumn:
			switch {
			case regenerated(m, c.C.Name) && has(c.C.Attrs, &schema.GeneratedExpr{}):
				out = append(out, fmt.Sprintf("computes column %s.%s anew, which writes every row of the table under a lock", m.T.Name, c.C.Name))
			default:
				out = append(out, fmt.Sprintf("drops column %s.%s and what it holds", m.T.Name, c.C.Name))
			}
		case *schema.ModifyColumn:
			if c.Change.Is(schema.ChangeType) {
				out = append(out, fmt.Sprintf("changes the type of column %s.%s: values that do not fit stop it or are cut", m.T.Name, c.From.Name))
			}
		}
	}
	return out
}
