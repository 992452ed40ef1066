package planner

import (
	"context"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"testing/fstest"

	"github.com/lockstep-dev/lockstep/internal/migrate"
	"github.com/lockstep-dev/lockstep/internal/pgcatalog"
)

// ProveCheckpoint proves anew that the directory's checkpoint makes what the files it stands for made, which are in replaced:
// for a reviewer, who has no reason to trust whoever wrote it.
func ProveCheckpoint(ctx context.Context, o Options, replaced fs.FS) error {
	o = o.withDefaults()
	files, err := readFiles(o.Migrations)
	if err != nil {
		return err
	}
	dir, err := files.directory()
	if err != nil {
		return err
	}
	c := dir.Checkpoint()
	if c == nil {
		return fmt.Errorf("%s has no checkpoint", o.Migrations)
	}
	w := &checkpointer{Options: o, CheckpointOptions: CheckpointOptions{To: c.Version}}
	defer w.close()
	if w.dir, err = migrate.Read(replaced); err != nil {
		return err
	}
	old, rows, err := w.replay(ctx)
	if err != nil {
		return err
	}
	twin, again, err := w.replay(ctx)
	if err != nil {
		return err
	}
	rows.mark(again)
	return w.prove(ctx, files, c.Up.Irreversible == "" && c.Down != nil, old, twin, rows)
}

func (d *database) described(ctx context.Context) (pgcatalog.Fingerprint, pgcatalog.Layout, error) {
	conn, err := d.connection(ctx)
	if err != nil {
		return nil, pgcatalog.Layout{}, err
	}
	print, err := pgcatalog.Read(ctx, conn)
	if err != nil {
		return nil, pgcatalog.Layout{}, err
	}
	layout, err := pgcatalog.ReadLayout(ctx, conn)
	return print, layout, err
}

// prove runs the new directory on a fresh database and compares it with the old one. That one and its twin, which tells what
// differs from run to run, go on with the new directory.
func (w *checkpointer) prove(ctx context.Context, files fileSet, reversible bool, old, twin *database, rows contents) error {
	if b, err := os.ReadFile(filepath.Join(w.Migrations, migrate.FingerprintFile)); err == nil {
		files[migrate.FingerprintFile] = &fstest.MapFile{Data: b}
	}
	dir, err := files.directory()
	if err != nil {
		return err
	}
	if made, says := sayRenamed(renamed(upTo(w.dir, w.To))), sayRenamed(renamed(upTo(dir, w.To))); made != says {
		return fmt.Errorf("the checkpoint must tell later plans which renames the files it stands for made: it says %q and must say %q", says, made)
	}
	fresh, err := w.database(ctx)
	if err != nil {
		return err
	}
	nothing, err := fresh.snapshot(ctx)
	if err != nil {
		return err
	}
	done := w.step("prove the checkpoint")
	if _, err := migrate.Up(ctx, migrate.Options{Read: dir, URL: fresh.url, To: w.To}); err != nil {
		return fmt.Errorf("the checkpoint does not apply to an empty database: %w", err)
	}
	if err := fresh.same(ctx, old, rows, "the checkpoint makes another state than the files it stands for"); err != nil {
		return err
	}
	if reversible {
		if _, err := migrate.Down(ctx, migrate.Options{Read: dir, URL: fresh.url}, migrate.Nothing); err != nil {
			return fmt.Errorf("undo the checkpoint: %w", err)
		}
		if err := fresh.mustEqual(ctx, nothing, "undoing the checkpoint leaves something"); err != nil {
			return err
		}
	}
	done()
	done = w.step("prove that databases with the old files go on")
	memory, err := files.hashed()
	if err != nil {
		return err
	}
	for _, d := range []*database{fresh, old, twin} {
		if err := d.goesOn(ctx, memory); err != nil {
			return err
		}
	}
	end, err := old.holds(ctx)
	if err != nil {
		return err
	}
	again, err := twin.holds(ctx)
	if err != nil {
		return err
	}
	end.mark(again)
	done()
	return fresh.same(ctx, old, end, "the files behind the checkpoint lead to another state than behind those it stands for")
}

// goesOn applies what is pending and verifies the database against the directory.
func (d *database) goesOn(ctx context.Context, dir fs.FS) error {
	options := migrate.Options{Dir: dir, URL: d.url}
	if _, err := migrate.Up(ctx, options); err != nil {
		return fmt.Errorf("go on behind the checkpoint: %w", err)
	}
	state, err := migrate.Verify(ctx, options)
	if err != nil {
		return err
	}
	for _, p := range state.Problems {
		if p.Code != "fence" && p.Code != "fingerprint" { // those are the schema's, and `lockstep migrate verify` tells them
			return fmt.Errorf("behind the checkpoint: %w", p)
		}
	}
	return nil
}

// same compares a database with the one it must equal, by every means there is.
func (d *database) same(ctx context.Context, want *database, rows contents, complaint string) error {
	goal, err := want.snapshot(ctx)
	if err != nil {
		return err
	}
	if err := d.mustEqual(ctx, goal, complaint); err != nil {
		return err
	}
	_, one, err := d.described(ctx)
	if err != nil {
		return err
	}
	_, two, err := want.described(ctx)
	if err != nil {
		return err
	}
	for _, list := range [][2][]string{{one.Others, two.Others}, {one.Settings, two.Settings}} {
		if !slices.Equal(list[0], list[1]) {
			return fmt.Errorf("%s: it has %q and must have %q: checkpoint an earlier version with --to", complaint, list[0], list[1])
		}
	}
	has, err := d.holds(ctx)
	if err != nil {
		return err
	}
	if err := rows.differs(has); err != nil {
		return fmt.Errorf("%s: %w", complaint, err)
	}
	return nil
}
