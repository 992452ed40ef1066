package planner

import (
	"context"
	"fmt"
	"slices"

	"ariga.io/atlas/sql/schema"

	"github.com/lockstep-dev/lockstep/internal/pgcatalog"
)

// stage is one file of a plan. A change to a table that is already there, and in use, is cut into as many as it takes for
// none of them to keep the application waiting (docs/migrations.md, "Recipes").
type stage struct {
	suffix string // of the file's name; empty for the first
	noTx   bool
	up     []Statement
	// down is the reverse where it is known; otherwise it is computed by comparing the states.
	down []Statement
	// undo runs after the computed reverse: what comparing states cannot see, such as renames.
	undo []Statement
	// renamed is the state between the renames and the rest of the file.
	renamed *snapshot
	// allow are rules of the linter that the file breaks for a reason, `RULE reason` each.
	allow []string
	// mute says that the file changes rows only: there is nothing a reverse would undo.
	mute string
	// replaces says that the file replaces values, which the CHECKs of before may not take.
	replaces bool
}

// stages collects the files of a plan in the order in which they must run.
type stages struct {
	o     Options
	d     *database
	goal  *schema.Realm
	main  []schema.Change
	first []Statement // not-valid constraints, after main in its file
	last  []Statement // keys, after those
	// Indexes are built before those they replace are dropped; names that are free then are given last.
	index, unindex, rename []stage
	leaving                map[string]bool // indexes that are dropped
	fill                   []*tableFill
	checks                 []newCheck
	// constrain follows what fills rows; validate reads the rows without blocking anybody; finish is instant.
	constrain, validate, revalidate, finish []Statement
	used                                    map[string]bool // backfills
	comply                                  []string        // allowances of the file that validates
	allow                                   []string        // of the first file
	warnings                                []string
}

// split sorts changes into stages. Only tables that are already there need more than one.
func (s *stages) split(ctx context.Context, changes []schema.Change) error {
	s.leaving = leaving(changes)
	for _, c := range changes {
		m, ok := c.(*schema.ModifyTable)
		if !ok {
			s.main = append(s.main, c)
			continue
		}
		kept := &schema.ModifyTable{T: m.T}
		for _, c := range m.Changes {
			now, err := s.place(ctx, m, c)
			if err != nil {
				return err
			}
			kept.Changes = append(kept.Changes, now...)
		}
		if len(kept.Changes) > 0 {
			s.main = append(s.main, kept)
		}
	}
	for column := range s.o.Backfill {
		if !s.used[column] {
			return fmt.Errorf("--backfill %s: the plan gives this column no NOT NULL, no new CHECK and no other type, so there is nothing to fill in", column)
		}
	}
	for _, check := range s.o.Complies {
		if !s.used[check] {
			return fmt.Errorf("--complies %s: the plan adds no CHECK of this name to a table that is already there", check)
		}
	}
	return nil
}

// place puts one change of an existing table where it belongs and returns what of it is done in the first file.
func (s *stages) place(ctx context.Context, m *schema.ModifyTable, change schema.Change) ([]schema.Change, error) {
	switch c := change.(type) {
	case *schema.AddIndex:
		if excludes(c.I) {
			return nil, s.exclude(ctx, m.T, nil, c.I)
		}
		return nil, s.createIndex(ctx, m.T, c.I)
	case *schema.DropIndex:
		if goesWithColumn(m, c.I) {
			return nil, nil // DROP COLUMN takes it along
		}
		if excludes(c.I) {
			return nil, s.exclude(ctx, m.T, c.I, nil)
		}
		return nil, s.dropIndex(ctx, m.T, c.I)
	case *schema.ModifyIndex:
		if excludes(c.From) && excludes(c.To) {
			return nil, s.exclude(ctx, m.T, c.From, c.To)
		}
		return nil, s.replaceIndex(ctx, m.T, c)
	case *schema.AddForeignKey:
		return nil, s.notValid(ctx, m.T, c, c.F.Symbol, "foreign key", false)
	case *schema.ModifyForeignKey:
		return []schema.Change{&schema.DropForeignKey{F: c.From}}, s.notValid(ctx, m.T, &schema.AddForeignKey{F: c.To}, c.To.Symbol, "foreign key", false)
	case *schema.AddCheck:
		return nil, s.check(ctx, m, c.C)
	case *schema.ModifyCheck:
		return []schema.Change{&schema.DropCheck{C: c.From}}, s.check(ctx, m, c.To)
	case *schema.AddColumn:
		return s.addColumn(m, c)
	case *schema.DropColumn:
		if succeeded(m, c.C) {
			return nil, s.dropColumnLater(ctx, m.T, c)
		}
	case *schema.ModifyPrimaryKey:
		if len(s.first) == 0 {
			break
		}
		// The key's new column is filled in by then.
		statements, err := s.alone(ctx, m.T, c)
		s.last = append(s.last, statements...)
		return nil, err
	case *schema.ModifyColumn:
		return s.modifyColumn(ctx, m, c)
	}
	return []schema.Change{change}, nil
}

// alone plans one change of a table by itself.
func (s *stages) alone(ctx context.Context, t *schema.Table, c schema.Change) ([]Statement, error) {
	return s.d.planChanges(ctx, []schema.Change{&schema.ModifyTable{T: t, Changes: []schema.Change{c}}})
}

func (s *stages) warn(format string, args ...any) {
	s.warnings = append(s.warnings, fmt.Sprintf(format, args...))
}

// files lists the stages in order. body is what the first one holds besides its not-valid constraints.
func (s *stages) files(body []Statement, undo []Statement) []stage {
	var out []stage
	bounds := s.placeChecks()
	if first := slices.Concat(body, s.first, s.last); len(first) > 0 {
		out = append(out, stage{up: first, undo: undo})
	}
	out = slices.Concat(out, s.index, s.unindex, s.rename)
	filled := false
	for _, t := range s.fill {
		if len(t.fills) > 0 {
			out, filled = append(out, t.stage()), true
		}
	}
	if !filled && len(s.index) == 0 && len(s.unindex) == 0 && len(out) > 0 {
		out[0].up = append(out[0].up, s.constrain...)
	} else if len(s.constrain) > 0 {
		out = append(out, stage{suffix: "constrain", up: s.constrain})
	}
	if len(s.validate) > 0 {
		// A file of its own: the rows it changes stay locked until its end, and validating takes long.
		if late, ok := s.stragglers(); ok {
			out = append(out, late)
		}
		if len(bounds) > 0 {
			out = append(out, stage{suffix: "limit", up: bounds})
		}
		out = append(out, stage{suffix: "validate", up: s.validate, down: s.revalidate, allow: s.comply})
	}
	if len(s.finish) > 0 {
		out = append(out, stage{suffix: "finish", up: s.finish})
	}
	return out
}

// stragglers is the file that fills rows which the batches did not see.
func (s *stages) stragglers() (stage, bool) {
	late := stage{suffix: "stragglers", mute: keepValues, allow: []string{"unbatched-write only the rows written as before since the batches went over the table"}}
	for _, t := range s.fill {
		if statement, allow, ok := t.stragglers(); ok {
			late.up, late.allow = append(late.up, statement), append(late.allow, allow...)
		}
	}
	return late, len(late.up) > 0
}

// afterAll has statements run at the end of the plan: in the last file where there are several.
func (s *stages) afterAll(body *[]Statement, last []Statement) {
	if len(s.index)+len(s.unindex)+len(s.rename)+len(s.fill)+len(s.constrain)+len(s.validate)+len(s.finish) == 0 {
		*body = append(*body, last...)
		return
	}
	s.finish = append(s.finish, last...)
}

// realmTable finds a table of the application's schema.
func realmTable(r *schema.Realm, name string) (*schema.Table, bool) {
	s, ok := r.Schema(pgcatalog.Schema)
	if !ok {
		return nil, false
	}
	return s.Table(name)
}
