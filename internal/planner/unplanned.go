package planner

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/lockstep-dev/lockstep/internal/pgcatalog"
)

// unplanned lists what the desired state has otherwise than the database, of what the planner does not make itself. Atlas does not
// see all that Postgres knows of an object, such as the collation of an index or that a foreign key is deferrable.
func (d pair) unplanned(ctx context.Context) ([]pgcatalog.Difference, error) {
	have, _, err := d.current.catalog(ctx)
	if err != nil {
		return nil, err
	}
	want, _, err := d.desired.catalog(ctx)
	if err != nil {
		return nil, err
	}
	return slices.DeleteFunc(pgcatalog.Diff(have, want), func(c pgcatalog.Difference) bool {
		return c.Extra || slices.Contains([]string{"policy", "row security", "grant", "schema"}, c.Kind) || c.Got == c.Want+" NOT VALID"
	}), nil
}

// refuseUnplanned refuses a plan that makes something otherwise than the desired state says. What was so before the plan is a
// warning: somebody may have made it so by hand.
func (o Options) refuseUnplanned(ctx context.Context, d pair, before []pgcatalog.Difference, plan *Plan) error {
	left, err := d.unplanned(ctx)
	if err != nil {
		return err
	}
	var lines []string
	for _, c := range left {
		if slices.Contains(before, c) {
			plan.Warnings = append(plan.Warnings, notPlanned(c))
			continue
		}
		lines = append(lines, c.String())
	}
	if len(lines) == 0 {
		return nil
	}
	return fmt.Errorf("%s says what no plan carries out:\n  %s\nLeave that out of ent/schema, or write the migration by hand, and run `lockstep migrate hash` and `lockstep migrate reverse`", o.Schema, strings.Join(lines, "\n  "))
}

// notPlanned says that a difference stays.
func notPlanned(c pgcatalog.Difference) string {
	return fmt.Sprintf("%s: no plan changes this; a migration written by hand does", c)
}

// nothing is ErrNothing, with what stays otherwise than the desired state says.
func (d pair) nothing(ctx context.Context) error {
	left, err := d.unplanned(ctx)
	if err != nil {
		return err
	}
	said := ""
	for _, c := range left {
		said += "\nwarning: " + notPlanned(c)
	}
	if said == "" {
		return ErrNothing
	}
	return fmt.Errorf("%w, except where no plan does:%s", ErrNothing, said)
}
