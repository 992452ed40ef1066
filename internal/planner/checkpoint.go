package planner

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/lockstep-dev/lockstep/internal/migrate"
	"github.com/lockstep-dev/lockstep/internal/pgcatalog"
)

// checkpointName is the part of a checkpoint's file name after the version.
const checkpointName = "checkpoint"

// CheckpointOptions say what a checkpoint stands for.
type CheckpointOptions struct {
	// To is the version of the last migration to replace. Defaults to the newest.
	To string
	// Release is the last release that has the replaced files; a database that is behind is told to run it first.
	Release string
	// Keep names columns ("core.settings.secret") whose values differ each time the migrations run and that get, in every
	// new database, the value of the run that the checkpoint is made from.
	Keep []string
}

// Checkpoint is one migration that stands for many, proven and not yet written.
type Checkpoint struct {
	File     File     `json:"file"`
	Replaced []string `json:"replaced"` // names of the migrations
	Rows     int      `json:"rows"`     // that the migrations put there
	// Irreversible is why the checkpoint cannot be undone; empty when its reverse is proven.
	Irreversible string `json:"irreversible,omitempty"`

	base []byte // atlas.sum it was made on
}

// NewCheckpoint replaces the migrations up to a version by one that makes the same state at once, and proves it: a database
// that ran the old files and one that ran the new one are the same by Atlas' inspection, by the catalog fingerprint, in rows
// and sequences, before and after the later files; the former passes verification against the new directory; the reverse
// empties the database. It writes nothing.
func NewCheckpoint(ctx context.Context, o Options, c CheckpointOptions) (*Checkpoint, error) {
	o = o.withDefaults()
	dir, err := o.read()
	if err != nil {
		return nil, err
	}
	base, err := os.ReadFile(filepath.Join(o.Migrations, migrate.SumFile))
	if err != nil {
		return nil, fmt.Errorf("read checksums: %w", err)
	}
	if c.To == "" {
		c.To = dir.Latest()
	}
	last := dir.Find(c.To)
	switch {
	case last == nil:
		return nil, fmt.Errorf("version %s is not in the directory: name one that is, or none for the newest", c.To)
	case last.Up.Checkpoint != nil || last == &dir.Migrations[0]:
		return nil, fmt.Errorf("%s is the first file already: there is nothing before it to replace", last.Up.Name)
	case c.Release == "" || strings.ContainsAny(c.Release, " \t\n"):
		return nil, errors.New("say which release has the files that go, --release: a database that is behind has to run it first")
	}
	w := &checkpointer{Options: o, CheckpointOptions: c, dir: dir}
	defer w.close()
	return w.make(ctx, last, base)
}

// checkpointer holds the databases a checkpoint is made from and proven on.
type checkpointer struct {
	Options
	CheckpointOptions
	dir  *migrate.Directory
	open []*database
}

func (w *checkpointer) close() {
	for _, d := range w.open {
		d.close()
	}
}

func (w *checkpointer) database(ctx context.Context) (*database, error) {
	d, err := open(ctx, w.Scratch)
	if err == nil {
		w.open = append(w.open, d)
	}
	return d, err
}

// replay runs the old files up to the checkpoint's version on a database of its own.
func (w *checkpointer) replay(ctx context.Context) (*database, contents, error) {
	defer w.step("replay the migrations")()
	d, err := w.database(ctx)
	if err != nil {
		return nil, contents{}, err
	}
	began := time.Now()
	if _, err := migrate.Up(ctx, migrate.Options{Read: w.dir, URL: d.url, To: w.To}); err != nil {
		return nil, contents{}, fmt.Errorf("replay the migrations: %w", err)
	}
	holds, err := d.holds(ctx)
	holds.began, holds.ended = began, time.Now()
	return d, holds, err
}

func (w *checkpointer) make(ctx context.Context, last *migrate.Migration, base []byte) (*Checkpoint, error) {
	old, rows, err := w.replay(ctx)
	if err != nil {
		return nil, err
	}
	twin, again, err := w.replay(ctx)
	if err != nil {
		return nil, err
	}
	if err := rows.settle(again, w.Keep); err != nil {
		return nil, err
	}
	done := w.step("make the same state at once")
	up, down, impossible, err := w.statements(ctx, old, rows)
	if err != nil {
		return nil, err
	}
	done()
	out := &Checkpoint{Rows: rows.count(), Irreversible: impossible, base: base}
	var scripts []migrate.Script
	for _, m := range w.dir.Migrations {
		if m.Version <= w.To {
			out.Replaced, scripts = append(out.Replaced, m.Up.Name), append(scripts, m.Up)
		}
	}
	histories, err := w.histories(scripts)
	if err != nil {
		return nil, err
	}
	directives := migrate.Checkpoint{Release: w.Release, Histories: histories}
	out.File = File{Version: w.To, Name: w.To + "_" + checkpointName + ".sql", Down: down}
	out.File.Up = fmt.Sprintf(`-- This file stands for %d migrations, from %s to %s. A database that ran them
-- goes on behind it; one that ran only some of them runs release %s first.
%s
`, len(out.Replaced), out.Replaced[0], last.Up.Name, w.Release, directives.Directives()+sayRenamed(renamed(upTo(w.dir, w.To)))) + render(append([]Statement{guard(w.To, w.Release)}, up...))
	files, err := readFiles(w.Migrations)
	if err != nil {
		return nil, err
	}
	out.replace(files)
	return out, w.prove(ctx, files, out.Irreversible == "", old, twin, rows)
}

// guard refuses a database that has only some of the replaced migrations, whoever runs the file: the Atlas CLI takes it for
// a migration like any other.
func guard(version, release string) Statement {
	return Statement{
		Comment: "Refuse a database that has only some of the migrations this file stands for",
		SQL: fmt.Sprintf(`DO $$
BEGIN
  IF to_regclass('atlas_schema_revisions.atlas_schema_revisions') IS NOT NULL THEN
    IF EXISTS (SELECT FROM "atlas_schema_revisions"."atlas_schema_revisions" WHERE version NOT LIKE '.%%' AND version COLLATE "C" < '%s') THEN
      RAISE EXCEPTION 'this database has only some of the migrations that this checkpoint stands for: run those of release %%, then this again', %s;
    END IF;
  END IF;
END
$$`, version, literal(release)),
	}
}

// histories are the running checksums of all sets of files that lead to the checkpoint's version: those in the directory,
// and those that an earlier checkpoint among them replaced.
func (w *checkpointer) histories(scripts []migrate.Script) ([]string, error) {
	now, err := migrate.History(scripts...)
	if err != nil {
		return nil, err
	}
	out := []string{now}
	if earlier := scripts[0].Checkpoint; earlier != nil {
		more, err := earlier.Continue(scripts[1:]...)
		if err != nil {
			return nil, err
		}
		out = append(out, more...)
	}
	return out, nil
}

// statements make what old is in an empty database, and take it down again. impossible is why they cannot.
func (w *checkpointer) statements(ctx context.Context, old *database, rows contents) (up []Statement, down, impossible string, err error) {
	fresh, err := w.database(ctx)
	if err != nil {
		return nil, "", "", err
	}
	goal, layout, err := old.described(ctx)
	if err != nil {
		return nil, "", "", err
	}
	empty, before, err := fresh.described(ctx)
	if err != nil {
		return nil, "", "", err
	}
	parts := layout.Make(empty, goal)
	for _, s := range rows.inserts() {
		parts = append(parts, pgcatalog.Part{Stage: pgcatalog.StageRows, Comment: s.Comment, SQL: s.SQL})
	}
	if up, err = fresh.rebuild(ctx, carried(w.dir, w.To), parts); err != nil {
		return nil, "", "", err
	}
	more, err := fresh.complete(ctx, goal)
	if err != nil {
		return nil, "", "", err
	}
	up = append(up, more...)
	statements, err := fresh.clear(ctx, empty, before)
	if err == nil {
		more, err = fresh.complete(ctx, empty)
	}
	if err == nil {
		var after pgcatalog.Layout
		if _, after, err = fresh.described(ctx); err == nil && !slices.Equal(after.Others, before.Others) {
			err = fmt.Errorf("no statement is known that drops %s", strings.Join(after.Others, ", "))
		}
	}
	if ctx.Err() != nil {
		return nil, "", "", ctx.Err()
	}
	if err != nil {
		impossible = strings.Join(strings.Fields(err.Error()), " ")
		return up, "-- lockstep:irreversible " + impossible + "\n", impossible, nil
	}
	return up, render(append(statements, more...)), "", nil
}

func (c *Checkpoint) replace(files fileSet) (removed []string) {
	for _, name := range c.Replaced {
		for _, folder := range []string{migrate.DownDir, "."} {
			file := path.Join(folder, name)
			if _, ok := files[file]; ok {
				delete(files, file)
				removed = append(removed, file)
			}
		}
	}
	files.put(c.File)
	return removed
}

// WriteCheckpoint puts a checkpoint into the directory in place of the files it stands for: all of it or nothing. The
// checksums come last, so that a directory in which this was cut short is refused by every runner; the next command of this
// package takes back what is there of it. It returns the paths of what it wrote.
func WriteCheckpoint(o Options, c *Checkpoint) ([]string, error) {
	current, err := os.ReadFile(filepath.Join(o.Migrations, migrate.SumFile))
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("read checksums: %w", err)
	}
	if string(current) != string(c.base) {
		return nil, errors.New("the migrations changed while the checkpoint was made: run it again")
	}
	files, err := readFiles(o.Migrations)
	if err != nil {
		return nil, err
	}
	var changes []edit
	for _, name := range c.replace(files) {
		changes = append(changes, edit{Name: name})
	}
	all, err := files.hashed()
	if err != nil {
		return nil, err
	}
	written, err := edits(all, path.Join(migrate.DownDir, c.File.Name), c.File.Name, path.Join(migrate.DownDir, migrate.DownSumFile), migrate.SumFile)
	if err != nil {
		return nil, err
	}
	return apply(o.Migrations, append(changes, written...))
}
