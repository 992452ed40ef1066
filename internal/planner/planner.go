// Package planner writes migrations: it compares the desired state, ent/schema.sql, with what the migrations directory
// makes of an empty database, plans the statements between the two with the Atlas library, adds what Atlas does not see
// (row-level security and grants of new tables), computes the reverse by comparing in the other direction, and proves both
// on a scratch database before a file is written. Build time only; it needs no Atlas CLI and no Docker.
package planner

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"regexp"
	"slices"
	"time"

	"github.com/lockstep-dev/lockstep/internal/migrate"
	"github.com/lockstep-dev/lockstep/internal/pgcatalog"
)

// ErrNothing is returned by Plan when the migrations already lead to the desired state.
var ErrNothing = errors.New("nothing to do: the migrations lead to the desired state")

// Options say what to plan from.
type Options struct {
	// Schema is the file that holds the desired state as SQL, ent/schema.sql.
	Schema string
	// Generate says what Schema has to hold, by the code it is generated from. Nil trusts the file.
	Generate func(ctx context.Context) ([]byte, error)
	// Migrations is the directory of migrations.
	Migrations string
	// Scratch lends the databases on which states are built and compared.
	Scratch Scratch
	// Step is told about each step when it is done. Nil drops it.
	Step func(name string, took time.Duration)
	// Renames say what goes on under another name, Drops ("users.name", "clients") what does not although a similar name
	// appears.
	Renames []Rename
	Drops   []string
	// Ask puts a question to a person. Nil refuses to plan where there is one.
	Ask func(question string) (yes bool, err error)
	// Backfill gives rows that are already there a value, an SQL expression, where a column of theirs becomes required or
	// restricted. Keys are of the form users.name.
	Backfill map[string]string
	// Complies names new CHECKs that the rows of tables in use keep to already: those are not changed, and the migration fails
	// where one does not.
	Complies []string
	// After has Verify apply migrations up to this version without undoing them: they were proven before. Defaults to none.
	After string
	// Now is the clock for file names. Defaults to time.Now.
	Now func() time.Time
}

// Plan is a migration that was proven and not yet written. A change that must not block a table in use takes several files.
type Plan struct {
	Files []File `json:"files"`
	// Warnings name what the migration destroys.
	Warnings []string `json:"warnings"`

	base        []byte // atlas.sum the plan was made on
	fingerprint []byte // what the directory leads to with it
}

// File is one file of a plan, with its reverse.
type File struct {
	Version string `json:"version"`
	Name    string `json:"name"` // the same for both directions
	Up      string `json:"up"`
	Down    string `json:"down"`
}

var validName = regexp.MustCompile(`^[a-z][a-z0-9]*(_[a-z0-9]+)*$`)

// New plans the migration `name` and proves it: up, down and up again on a scratch database, each state compared with the
// one it must equal. It writes nothing. ErrNothing means that there is nothing to plan; a *migrate.Problem is for a person
// to act on.
func New(ctx context.Context, o Options, name string) (*Plan, error) {
	o = o.withDefaults()
	dir, base, err := o.directory(name)
	if err != nil {
		return nil, err
	}
	if err := o.generated(ctx); err != nil {
		return nil, err
	}
	d, err := o.databases(ctx)
	if err != nil {
		return nil, err
	}
	defer d.close()

	step := o.step("replay the migrations")
	if _, err := migrate.Up(ctx, migrate.Options{Dir: os.DirFS(o.Migrations), URL: d.current.url}); err != nil {
		return nil, fmt.Errorf("replay the migrations on a scratch database: %w", err)
	}
	before, err := d.current.snapshot(ctx)
	if err != nil {
		return nil, err
	}
	step()
	if err := d.current.fill(ctx); err != nil {
		return nil, err
	}
	step = o.step("load the desired state")
	if err := d.desired.load(ctx, o.Schema); err != nil {
		return nil, err
	}
	goal, err := d.desired.goal(ctx)
	if err != nil {
		return nil, err
	}
	if len(goal.fences) == 0 {
		return nil, fmt.Errorf("%s describes no table in schema %s: run `make generate` first", o.Schema, pgcatalog.Schema)
	}
	if err := d.desired.refuseLeaks(ctx, goal); err != nil {
		return nil, err
	}
	step()

	step = o.step("plan")
	stages, warnings, err := o.stage(ctx, d, dir, before)
	if err != nil {
		return nil, err
	}
	if len(stages) == 0 {
		return nil, d.nothing(ctx)
	}
	plan := &Plan{Warnings: warnings, base: base}
	step()
	return plan, o.prove(ctx, d, plan, stages, name, dir.Latest())
}

// stage plans the files that lead to the goal, without their reverses where those are to be computed.
func (o Options) stage(ctx context.Context, d pair, dir *migrate.Directory, before snapshot) ([]stage, []string, error) {
	names := &renamer{o: o, current: d.current, desired: d.desired, done: renamed(dir)}
	if err := names.find(ctx); err != nil {
		return nil, nil, err
	}
	var renamed *snapshot
	if len(names.up) > 0 {
		var err error
		if before, err = d.current.snapshot(ctx); err != nil {
			return nil, nil, err
		}
		// Comparing writes into the states, so the reverse needs one of its own.
		look, err := d.current.snapshot(ctx)
		if err != nil {
			return nil, nil, err
		}
		renamed = &look
	}
	goal, err := d.desired.goal(ctx)
	if err != nil {
		return nil, nil, err
	}
	changes, err := d.current.diffRealms(before.realm, goal.realm)
	if err != nil {
		return nil, nil, err
	}
	split := &stages{o: o, d: d.current, goal: goal.realm, used: map[string]bool{}}
	if err := split.split(ctx, changes); err != nil {
		return nil, nil, err
	}
	body, last, err := d.current.wrap(ctx, before.side, goal, split.main)
	if err != nil {
		return nil, nil, err
	}
	split.afterAll(&body, last)
	files := split.files(append(slices.Clone(names.up), body...), names.down)
	if renamed != nil {
		files[0].renamed = renamed
	}
	if len(files) > 0 {
		files[0].allow = slices.Concat(files[0].allow, split.allow, allowRegenerated(changes), allowObjects(files[0].up))
	}
	return files, slices.Concat(names.warnings, warnings(changes), split.warnings, objectWarnings(before.objects, goal.objects)), names.undo(ctx)
}

// generated makes sure that the desired state is what the code says it is: a plan from a stale file is of yesterday's schema.
func (o Options) generated(ctx context.Context) error {
	if o.Generate == nil {
		return nil
	}
	step := o.step("generate the desired state from the schema's code")
	want, err := o.Generate(ctx)
	if err != nil {
		return fmt.Errorf("generate the desired state: %w", err)
	}
	have, err := os.ReadFile(o.Schema)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("read the desired state: %w", err)
	}
	step()
	if !bytes.Equal(have, want) {
		return &migrate.Problem{Code: "generated", Message: fmt.Sprintf("%s is not what the schema's code says (first difference in line %d): run `make generate`", o.Schema, differingLine(have, want))}
	}
	return nil
}

// differingLine is the first line, from 1, in which two texts differ.
func differingLine(a, b []byte) int {
	line := 1
	for i := 0; i < len(a) && i < len(b) && a[i] == b[i]; i++ {
		if a[i] == '\n' {
			line++
		}
	}
	return line
}

func (o Options) withDefaults() Options {
	if o.Step == nil {
		o.Step = func(string, time.Duration) {}
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	return o
}

// step starts a step and returns what ends it.
func (o Options) step(name string) (done func()) {
	start := time.Now()
	return func() { o.Step(name, time.Since(start)) }
}

// pair is the two databases every plan needs: the one migrations are applied to, and the one that holds the goal.
type pair struct{ current, desired *database }

func (o Options) databases(ctx context.Context) (pair, error) {
	current, err := open(ctx, o.Scratch)
	if err != nil {
		return pair{}, err
	}
	if current.samples, err = readSamples(o.Schema); err != nil {
		current.close()
		return pair{}, err
	}
	desired, err := open(ctx, o.Scratch)
	if err != nil {
		current.close()
		return pair{}, err
	}
	return pair{current, desired}, nil
}

func (p pair) close() {
	p.current.close()
	p.desired.close()
}

// snapshot is the state of a database by every means of comparison.
type snapshot struct {
	side
	print pgcatalog.Fingerprint
}

func (d *database) snapshot(ctx context.Context) (snapshot, error) {
	print, tables, err := d.catalog(ctx)
	if err != nil {
		return snapshot{}, err
	}
	objects, err := d.objects(ctx, print)
	if err != nil {
		return snapshot{}, err
	}
	realm, err := d.inspect(ctx)
	return snapshot{side{realm, fencesPresent(tables), objects}, print}, err
}

// goal is the desired state with the fences its tables are to get.
func (d *database) goal(ctx context.Context) (side, error) {
	realm, err := d.inspect(ctx)
	if err != nil {
		return side{}, err
	}
	fences, err := fencesWanted(realm)
	if err != nil {
		return side{}, err
	}
	print, _, err := d.catalog(ctx)
	if err != nil {
		return side{}, err
	}
	objects, err := d.objects(ctx, print)
	return side{realm, fences, objects.closed()}, err
}

// nextVersion is the time in UTC, moved forward where that is not newer than the newest file.
func nextVersion(now time.Time, newest string) string {
	const layout = "20060102150405"
	now = now.UTC().Truncate(time.Second)
	if last, err := time.Parse(layout, newest); err == nil && !now.After(last) {
		now = last.Add(time.Second)
	}
	return now.Format(layout)
}
