package planner

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	atlas "ariga.io/atlas/sql/migrate"

	"github.com/lockstep-dev/lockstep/internal/migrate"
	"github.com/lockstep-dev/lockstep/internal/pgcatalog"
)

// Report is what Verify found.
type Report struct {
	Migrations []Proof `json:"migrations"`
	// Problems are what is wrong; none means that everything agrees.
	Problems []*migrate.Problem `json:"problems"`
	// Bare are tables for which no rows could be generated, with the reason: nothing is proven about rows in them.
	Bare map[string]string `json:"bare,omitempty"`
	// Allowed are the reasons that migrations give for that, by table.
	Allowed map[string]string `json:"allowed,omitempty"`
	Rows    int               `json:"rows"` // generated, in all tables at the end
	Millis  int64             `json:"millis"`

	fingerprint []byte
}

// WriteFingerprint puts the fingerprint of what the migrations lead to into the directory. It returns the path.
func (r Report) WriteFingerprint(o Options) (string, error) {
	name := filepath.Join(o.Migrations, migrate.FingerprintFile)
	if r.fingerprint == nil {
		return "", errors.New("the migrations do not apply, so there is no fingerprint of what they lead to")
	}
	return name, replaceFile(name, r.fingerprint)
}

// Proof is one migration that was applied, undone and applied again.
type Proof struct {
	Version string `json:"version"`
	Name    string `json:"name"`
	Up      int    `json:"up"`   // statements
	Down    int    `json:"down"` // statements
	// Irreversible is the declared reason for which it was not undone.
	Irreversible string `json:"irreversible,omitempty"`
	// WithoutRows says why it was proven on empty tables: generated rows cannot know which others a new foreign key wants.
	WithoutRows string `json:"withoutRows,omitempty"`
	// Lost is what its rows held and do not hold any more after it was undone.
	Lost []string `json:"lost,omitempty"`
	// LossAllowed is the reason the file gives for that.
	LossAllowed string `json:"lossAllowed,omitempty"`
	Millis      int64  `json:"millis"`
}

// Verify proves that a directory is whole and right: the desired state is what its code says, the checksums fit, every migration applies, is undone and applies
// again with the states to match, the last state is the desired one, and every tenant-owned table is fenced in. What is
// wrong is in the report; an error means that the proof itself could not be made.
func Verify(ctx context.Context, o Options) (Report, error) {
	o = o.withDefaults()
	start := time.Now()
	report := Report{Migrations: []Proof{}, Problems: []*migrate.Problem{}}
	err := o.verify(ctx, &report)
	var problem *migrate.Problem
	if errors.As(err, &problem) {
		report.Problems = append(report.Problems, problem)
		err = nil
	}
	report.Millis = time.Since(start).Milliseconds()
	return report, err
}

func (o Options) verify(ctx context.Context, report *Report) error {
	say := func(code, version, format string, args ...any) {
		report.Problems = append(report.Problems, &migrate.Problem{Code: code, Version: version, Message: fmt.Sprintf(format, args...)})
	}
	dir, err := o.read()
	if err != nil {
		return err
	}
	var stale *migrate.Problem
	if err := o.generated(ctx); errors.As(err, &stale) {
		report.Problems = append(report.Problems, stale)
	} else if err != nil {
		return err
	}
	d, err := o.databases(ctx)
	if err != nil {
		return err
	}
	defer func() { d.close() }()
	state, err := d.current.snapshot(ctx)
	if err != nil {
		return err
	}
	rows := content{}
	for i := range dir.Migrations {
		m := &dir.Migrations[i]
		for _, script := range []*migrate.Script{&m.Up, m.Down} {
			if script != nil {
				checkScript(m.Version, script, say)
			}
		}
		step, begin := o.step(m.Up.Name), time.Now()
		if m.Version > o.After {
			depends, err := d.current.elsewhereToo(ctx, m)
			if err != nil {
				return err
			}
			if _, allowed := m.Allowance(allowZone); len(depends) > 0 && !allowed {
				say("time_zone", m.Version, "%s", zoneProblem(m, depends))
			}
		}
		if changed, err := d.current.comply(ctx, m); err != nil {
			return err
		} else if changed {
			if rows, err = d.current.rows(ctx); err != nil {
				return err
			}
		}
		unproven, err := d.current.upDespiteRows(ctx, migrate.Options{Read: dir, URL: d.current.url, To: m.Version})
		if err != nil {
			say("apply", m.Version, "%s does not apply to a database with rows: %v\n%s", m.Up.Name, err, o.advice(ctx, d, err))
			return ctx.Err()
		}
		if m.Version <= o.After && i+1 < len(dir.Migrations) {
			if dir.Migrations[i+1].Version > o.After {
				if state, rows, err = d.current.ready(ctx); err != nil {
					return err
				}
			}
			step()
			continue
		}
		after, err := d.current.snapshot(ctx)
		if err != nil {
			return err
		}
		proof := Proof{Version: m.Version, Name: m.Up.Name, Up: len(m.Up.Statements), Irreversible: m.Up.Irreversible, WithoutRows: unproven}
		if unproven != "" {
			rows = content{}
		}
		switch {
		case m.Up.Irreversible != "":
		case m.Down == nil:
			say("missing_down", m.Version, "%s has no reverse: `lockstep migrate reverse` computes %s/%s; or put `-- lockstep:irreversible reason` there and run `lockstep migrate hash`", m.Up.Name, migrate.DownDir, m.Up.Name)
		case len(m.Down.Statements) == 0:
			say("empty_down", m.Version, "%s/%s is empty: write what undoes the migration, or `-- lockstep:irreversible reason`, and run `lockstep migrate hash`", migrate.DownDir, m.Up.Name)
		default:
			proof.Down = len(m.Down.Statements)
			losses, err := d.current.roundTrip(ctx, dir, m.Version, state, after, rows)
			for _, loss := range losses {
				proof.Lost = append(proof.Lost, loss.String())
			}
			allowed, ok := m.Allowance(DataLoss...)
			switch {
			case len(losses) > 0 && ok:
				proof.LossAllowed = allowed.Reason
			case len(losses) > 0:
				say("data_loss", m.Version, "%s and its reverse silently lose %s: keep the values, or say that they may go, `-- lockstep:allow data-loss reason`, and run `lockstep migrate hash`",
					m.Up.Name, strings.Join(proof.Lost, "; "))
			}
			if err != nil {
				if ctx.Err() != nil {
					return err
				}
				say("round_trip", m.Version, "%s: %v", m.Up.Name, err)
				if d.current, err = o.replayed(ctx, d.current, dir, m.Version); err != nil {
					return err
				}
			}
		}
		if err := d.current.fill(ctx); err != nil {
			return err
		}
		if rows, err = d.current.rows(ctx); err != nil {
			return err
		}
		proof.Millis = time.Since(begin).Milliseconds()
		report.Migrations = append(report.Migrations, proof)
		state = after
		step()
	}
	report.Bare, report.Rows = d.current.bare, rows.count()
	report.Allowed = map[string]string{}
	for _, table := range sortedKeys(report.Bare) {
		if reason, ok := allowedBare(dir, table); ok {
			report.Allowed[table] = reason
			continue
		}
		say("unproven", "", "no rows could be made for %s.%s, so nothing is proven about rows in it: %s: declare values that it takes, `contract.Sample(…)` on the field or `contract.SampleRow(…)` on the entity, and run `make generate`; "+
			"or say in a migration why it does without, `-- lockstep:allow %s:%s reason`", pgcatalog.Schema, table, report.Bare[table], unprovenRule, table)
	}
	if report.fingerprint, err = d.current.stored(ctx, dir.Latest()); err != nil {
		return err
	}
	if kept, err := os.ReadFile(filepath.Join(o.Migrations, migrate.FingerprintFile)); err != nil || !bytes.Equal(kept, report.fingerprint) {
		say("fingerprint", "", "%s is not what the migrations lead to: run `lockstep migrate verify --write`", migrate.FingerprintFile)
	}
	return o.verifyGoal(ctx, d, say)
}

// unprovenRule is the rule of an allowance for a table without rows: `-- lockstep:allow unproven:TABLE reason`.
const unprovenRule = "unproven"

func allowedBare(dir *migrate.Directory, table string) (reason string, ok bool) {
	for i := range dir.Migrations {
		if a, ok := dir.Migrations[i].Allowance(unprovenRule + ":" + table); ok {
			return a.Reason, true
		}
	}
	return "", false
}

// ready fills the tables and looks at state and rows, for the first migration that is proven.
func (d *database) ready(ctx context.Context) (snapshot, content, error) {
	if err := d.fill(ctx); err != nil {
		return snapshot{}, nil, err
	}
	rows, err := d.rows(ctx)
	if err != nil {
		return snapshot{}, nil, err
	}
	state, err := d.snapshot(ctx)
	return state, rows, err
}

// checkScript finds files that editions of the Atlas CLI would not run as this project does.
func checkScript(version string, script *migrate.Script, say func(code, version, format string, args ...any)) {
	if generic, err := atlas.Stmts(script.SQL); err != nil || len(generic) != len(script.Statements) {
		say("statement", version, "%s is cut into statements differently by older editions of the Atlas CLI: write E'' strings and BEGIN … END bodies as dollar quotes", script.Name)
	}
	if script.NoTx && len(script.Statements) > 1 {
		say("statement", version, "%s runs outside a transaction and holds %d statements: give each a file of its own, so that every step is done or not done", script.Name, len(script.Statements))
	}
}

// replayed replaces a database in which a round trip went wrong by a fresh one in the same state.
func (o Options) replayed(ctx context.Context, broken *database, dir *migrate.Directory, to string) (*database, error) {
	fresh, err := open(ctx, o.Scratch)
	if err != nil {
		return broken, err
	}
	fresh.samples = broken.samples
	broken.close()
	if _, err := migrate.Up(ctx, migrate.Options{Read: dir, URL: fresh.url, To: to}); err != nil {
		return fresh, fmt.Errorf("replay the migrations: %w", err)
	}
	return fresh, nil
}

// verifyGoal compares the state the migrations lead to with the desired one.
func (o Options) verifyGoal(ctx context.Context, d pair, say func(code, version, format string, args ...any)) error {
	step := o.step("compare with the desired state")
	if err := d.desired.load(ctx, o.Schema); err != nil {
		return err
	}
	goal, err := d.desired.goal(ctx)
	if err != nil {
		return err
	}
	end, err := d.current.snapshot(ctx)
	if err != nil {
		return err
	}
	left, err := d.current.planBetween(ctx, end.side, goal)
	if err != nil {
		return err
	}
	if len(left) > 0 {
		say("schema", "", "the migrations do not lead to %s: run `make migration name=…`; it would plan\n%s", o.Schema, render(left))
	}
	_, tables, err := d.current.catalog(ctx)
	if err != nil {
		return err
	}
	for _, t := range tables {
		for _, sentence := range t.Problems() {
			say("fence", "", "%s", sentence)
		}
	}
	for _, o := range end.objects {
		for _, sentence := range o.Problems(false) {
			say("fence", "", "%s", sentence)
		}
	}
	step()
	return nil
}
