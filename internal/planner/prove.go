package planner

import (
	"context"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/jackc/pgx/v5/pgconn"

	"github.com/lockstep-dev/lockstep/internal/migrate"
	"github.com/lockstep-dev/lockstep/internal/pgcatalog"
)

// prove applies the planned files one after the other to a database with rows in it, computes each reverse by comparing
// the state after with the state before, and runs down and up again. Every state reached is compared with the one it must
// equal, by Atlas and by fingerprint, and so are the rows. It completes the plan with the files.
func (o Options) prove(ctx context.Context, d pair, plan *Plan, stages []stage, name, newest string) error {
	memory, err := readFiles(o.Migrations)
	if err != nil {
		return err
	}
	otherwise, err := d.unplanned(ctx)
	if err != nil {
		return err
	}
	var dir *migrate.Directory
	for _, stage := range stages {
		version := nextVersion(o.Now(), newest)
		newest = version
		full := version + "_" + name
		if stage.suffix != "" {
			full += "_" + stage.suffix
		}
		file := File{Version: version, Name: full + ".sql", Up: stage.text()}
		done := o.step("prove " + file.Name)
		memory.put(file)
		if dir, err = memory.directory(); err != nil {
			return err
		}
		if _, err := d.current.comply(ctx, dir.Find(version)); err != nil {
			return err
		}
		before, err := d.current.snapshot(ctx)
		if err != nil {
			return err
		}
		rows, err := d.current.rows(ctx)
		if err != nil {
			return err
		}
		planned := dir.Find(version)
		if depends, err := d.current.elsewhereToo(ctx, planned); err != nil {
			return err
		} else if len(depends) > 0 {
			return errors.New(zoneProblem(planned, depends))
		}
		unproven, err := d.current.upDespiteRows(ctx, migrate.Options{Read: dir, URL: d.current.url})
		if err != nil {
			return fmt.Errorf("the planned migration fails on a database with rows: %w\n%s", err, o.advice(ctx, d, err))
		}
		if unproven != "" {
			plan.Warnings = append(plan.Warnings, file.Name+" stops where rows are as generated ones were ("+unproven+"): look for such rows first")
			rows = content{}
		}
		after, err := d.current.snapshot(ctx)
		if err != nil {
			return err
		}
		var impossible string
		if file.Down, impossible, err = o.down(ctx, d.current, stage, after, before, plan); err != nil {
			return err
		}
		memory.put(file)
		if dir, err = memory.directory(); err != nil {
			return err
		}
		if impossible == "" {
			losses, err := d.current.roundTrip(ctx, dir, version, before, after, rows)
			if err != nil {
				return err
			}
			for _, loss := range losses {
				if slices.ContainsFunc(plan.Warnings, loss.named) {
					continue // the change itself drops it
				}
				plan.Warnings = append(plan.Warnings, "undoing "+file.Name+" does not bring back "+loss.String())
			}
		}
		plan.Files = append(plan.Files, file)
		if unproven != "" {
			if err := d.current.fill(ctx); err != nil {
				return err
			}
		}
		done()
	}
	irreversible := func(f File) bool { return strings.HasPrefix(f.Down, "-- lockstep:irreversible ") }
	if slices.ContainsFunc(stages, func(s stage) bool { return s.replaces }) && !slices.ContainsFunc(plan.Files, irreversible) {
		if err := d.current.undoWhole(ctx, dir, plan); err != nil {
			return err
		}
	}
	if err := o.reached(ctx, d); err != nil {
		return err
	}
	if err := o.refuseUnplanned(ctx, d, otherwise, plan); err != nil {
		return err
	}
	plan.fingerprint, err = d.current.stored(ctx, newest)
	return err
}

// stored is the fingerprint to ship with a directory whose newest version is this one.
func (d *database) stored(ctx context.Context, version string) ([]byte, error) {
	print, _, err := d.catalog(ctx)
	if err != nil {
		return nil, err
	}
	return pgcatalog.NewStored(version, print).Encode()
}

// undoWhole undoes all files of a plan, and applies them again. Values that a file gave stay when it is undone, and the reverse of an
// earlier one may bring back a CHECK that they break: nothing undoes that one, which is better known before half of them are undone.
func (d *database) undoWhole(ctx context.Context, dir *migrate.Directory, plan *Plan) error {
	options := migrate.Options{Read: dir, URL: d.url}
	_, err := migrate.Down(ctx, options, below(dir, plan.Files[0].Version))
	var failed *migrate.StatementError
	var pg *pgconn.PgError
	if errors.As(err, &failed) && errors.As(err, &pg) && dataError(err) {
		for i := range plan.Files {
			if f := &plan.Files[i]; f.Name == failed.File {
				why := fmt.Sprintf("values that --backfill gives break %s of %s, which undoing it brings back: write here what they become instead, before the statements that do", pg.ConstraintName, pg.TableName)
				plan.Warnings = append(plan.Warnings, "cannot be undone: "+why)
				f.Down = "-- lockstep:irreversible " + why + "\n-- " + strings.ReplaceAll(strings.TrimSuffix(f.Down, "\n"), "\n", "\n-- ") + "\n"
			}
		}
	} else if err != nil {
		return fmt.Errorf("undo the whole plan: %w", err)
	}
	if _, err := migrate.Up(ctx, options); err != nil {
		return fmt.Errorf("apply the plan again after undoing it: %w", err)
	}
	return nil
}

// down writes a file's reverse, or declares why there is none.
func (o Options) down(ctx context.Context, d *database, stage stage, after, before snapshot, plan *Plan) (text, impossible string, err error) {
	switch {
	case stage.mute != "":
		return "-- Nothing to undo: " + stage.mute + "\nSELECT 1;\n", "", nil
	case stage.down != nil && stage.noTx:
		return "-- atlas:txmode none\n\n" + render(stage.down), "", nil
	case stage.down != nil:
		return render(stage.down), "", nil
	}
	if stage.renamed != nil {
		before = *stage.renamed // the renames' reverse does the rest
	}
	statements, lost, impossible, err := d.reverse(ctx, after.side, before.side)
	if err != nil {
		return "", "", fmt.Errorf("plan the reverse: %w", err)
	}
	if impossible != "" {
		plan.Warnings = append(plan.Warnings, "cannot be undone: "+impossible)
		return "-- lockstep:irreversible " + impossible + "\n", impossible, nil
	}
	for _, column := range lost {
		plan.Warnings = append(plan.Warnings, "undoing it puts substitutes where "+column+" had values")
	}
	if len(stage.undo) > 0 && slices.ContainsFunc(statements, func(s Statement) bool { return makesRoutine.MatchString(s.SQL) }) {
		statements = append([]Statement{{Comment: "Functions may read what gets its former name at the end", SQL: "SET LOCAL check_function_bodies = off"}}, statements...)
	}
	return render(slices.Concat(statements, valid(after.print, before.print), stage.undo)), "", nil
}

var makesRoutine = regexp.MustCompile(`(?i)^CREATE (?:OR REPLACE )?(?:FUNCTION|PROCEDURE)\s`)

// valid validates the constraints that are valid in the one state and not yet in the other, a difference that Atlas does not see.
func valid(from, to pgcatalog.Fingerprint) []Statement {
	var out []Statement
	for _, d := range pgcatalog.Diff(from, to) {
		if d.Kind == "constraint" && d.Got == d.Want+" NOT VALID" {
			out = append(out, Statement{Comment: "Valid again: " + d.Name, SQL: d.Repair()[0]})
		}
	}
	return out
}

// reached makes sure that nothing is left to do.
func (o Options) reached(ctx context.Context, d pair) error {
	after, err := d.current.snapshot(ctx)
	if err != nil {
		return err
	}
	goal, err := d.desired.goal(ctx)
	if err != nil {
		return err
	}
	left, err := d.current.planBetween(ctx, after.side, goal)
	if err != nil {
		return err
	}
	if len(left) > 0 {
		return fmt.Errorf("the planned migration does not lead to %s; still to do after it:\n%s", o.Schema, render(left))
	}
	return nil
}

// roundTrip undoes the newest migration of dir and applies it again, and compares the state after each with the one it
// must equal.
func (d *database) roundTrip(ctx context.Context, dir *migrate.Directory, version string, before, after snapshot, rows content) ([]loss, error) {
	options := migrate.Options{Read: dir, URL: d.url, To: version}
	to := below(dir, version)
	if _, err := migrate.Down(ctx, options, to); err != nil {
		return nil, fmt.Errorf("undo the migration: %w", err)
	}
	if err := d.mustEqual(ctx, before, "undoing the migration does not lead back to the state before it"); err != nil {
		return nil, err
	}
	now, err := d.rows(ctx)
	if err != nil {
		return nil, err
	}
	if _, err := migrate.Up(ctx, options); err != nil {
		return nil, fmt.Errorf("apply the migration again after undoing it: %w", err)
	}
	return rows.lostIn(now), d.mustEqual(ctx, after, "applying the migration again after undoing it leads to another state than the first time")
}

// mustEqual compares the database with a state it was in before.
func (d *database) mustEqual(ctx context.Context, want snapshot, complaint string) error {
	got, err := d.snapshot(ctx)
	if err != nil {
		return err
	}
	var lines []string
	for _, difference := range pgcatalog.Diff(got.print, want.print) {
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
func below(dir *migrate.Directory, version string) string {
	to := migrate.Nothing
	for _, m := range dir.Migrations {
		if m.Version >= version {
			break
		}
		to = m.Version
	}
	return to
}
