package planner

import (
	"context"
	"fmt"
	"io/fs"
	"strings"

	"github.com/lockstep-dev/lockstep/internal/catalog"
	"github.com/lockstep-dev/lockstep/internal/migrate"
)

// prove applies the planned migration, computes its reverse by comparing the state after with the state before, and runs
// down and up again. Every state reached is compared with the one it must equal, by Atlas and by fingerprint. It completes
// the plan with the reverse.
func (o Options) prove(ctx context.Context, d pair, plan *Plan, before snapshot) error {
	step := o.step("apply it")
	all, err := with(o.Migrations, "", plan)
	if err != nil {
		return err
	}
	if _, err := migrate.Up(ctx, migrate.Options{Dir: all, URL: d.current.url}); err != nil {
		return fmt.Errorf("the planned migration fails on an empty database: %w", err)
	}
	after, err := d.current.snapshot(ctx)
	if err != nil {
		return err
	}
	goal, err := d.desired.goal(ctx)
	if err != nil {
		return err
	}
	left, _, err := d.current.planBetween(ctx, after.side, goal)
	if err != nil {
		return err
	}
	if len(left) > 0 {
		return fmt.Errorf("the planned migration does not lead to %s; still to do after it:\n%s", o.Schema, render(left))
	}
	step()

	step = o.step("plan the reverse")
	// The states were written into while they were compared: look again.
	if after, err = d.current.snapshot(ctx); err != nil {
		return err
	}
	down, _, err := d.current.planBetween(ctx, after.side, before.side)
	if err != nil {
		return fmt.Errorf("plan the reverse: %w", err)
	}
	plan.Down = render(down)
	if all, err = with(o.Migrations, "", plan); err != nil {
		return err
	}
	step()

	step = o.step("undo it and apply it again")
	if err := d.current.roundTrip(ctx, all, plan.Version, before, after); err != nil {
		return err
	}
	step()
	return nil
}

// roundTrip undoes the newest migration of dir and applies it again, and compares the state after each with the one it
// must equal.
func (d *database) roundTrip(ctx context.Context, dir fs.FS, version string, before, after snapshot) error {
	options := migrate.Options{Dir: dir, URL: d.url}
	to, err := below(dir, version)
	if err != nil {
		return err
	}
	if _, err := migrate.Down(ctx, options, to); err != nil {
		return fmt.Errorf("undo the migration: %w", err)
	}
	if err := d.mustEqual(ctx, before, "undoing the migration does not lead back to the state before it"); err != nil {
		return err
	}
	if _, err := migrate.Up(ctx, options); err != nil {
		return fmt.Errorf("apply the migration again after undoing it: %w", err)
	}
	return d.mustEqual(ctx, after, "applying the migration again after undoing it leads to another state than the first time")
}

// mustEqual compares the database with a state it was in before.
func (d *database) mustEqual(ctx context.Context, want snapshot, complaint string) error {
	got, err := d.snapshot(ctx)
	if err != nil {
		return err
	}
	var lines []string
	for _, difference := range catalog.Diff(got.print, want.print) {
		lines = append(lines, difference.String())
	}
	changes, err := d.diffRealms(got.realm, want.realm)
	if err != nil {
		return err
	}
	if len(changes) > 0 {
		statements, err := d.planChanges(ctx, changes)
		if err != nil {
			return err
		}
		for _, s := range statements {
			lines = append(lines, "still to do: "+s.SQL)
		}
	}
	if len(lines) == 0 {
		return nil
	}
	return fmt.Errorf("%s:\n  %s", complaint, strings.Join(lines, "\n  "))
}

// below is the version before one, for migrate.Down.
func below(dir fs.FS, version string) (string, error) {
	all, err := migrate.Read(dir)
	if err != nil {
		return "", err
	}
	to := migrate.Nothing
	for _, m := range all.Migrations {
		if m.Version >= version {
			break
		}
		to = m.Version
	}
	return to, nil
}
