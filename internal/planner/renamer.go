package planner

import (
	"context"
	"fmt"
	"slices"

	"ariga.io/atlas/sql/schema"

	"github.com/lockstep-dev/lockstep/internal/pgcatalog"
)

// renamer finds what goes on under another name, and renames it in the database the plan starts from, so that comparing
// the states afterwards finds only what is left.
type renamer struct {
	o        Options
	current  *database
	desired  *database
	done     []Rename // by the migrations
	up, down []Statement
	warnings []string
}

func (r *renamer) run(ctx context.Context, statement, reverse Statement) error {
	if _, err := r.current.pool.ExecContext(ctx, statement.SQL); err != nil {
		return fmt.Errorf("rename on the scratch database: %w (%s)", err, statement.SQL)
	}
	r.up = append(r.up, statement)
	r.down = append([]Statement{reverse}, r.down...)
	return nil
}

// undo takes the database back to where it was.
func (r *renamer) undo(ctx context.Context) error {
	for _, s := range r.down {
		if _, err := r.current.pool.ExecContext(ctx, s.SQL); err != nil {
			return fmt.Errorf("undo a rename on the scratch database: %w (%s)", err, s.SQL)
		}
	}
	return nil
}

// find renames tables, then columns, under the tables' new names, then what carries their names.
func (r *renamer) find(ctx context.Context) error {
	declared, err := annotated(r.o.Schema)
	if err != nil {
		return err
	}
	from, to, err := r.realms(ctx)
	if err != nil {
		return err
	}
	if err := r.resolve(ctx, "", tableNames(from), tableNames(to), declared); err != nil {
		return err
	}
	if from, to, err = r.realms(ctx); err != nil {
		return err
	}
	if err := r.ask(ctx, tableCandidates(from, to)); err != nil {
		return err
	}
	if from, to, err = r.realms(ctx); err != nil {
		return err
	}
	for _, rename := range r.o.Renames {
		_, there := from.Table(rename.Table)
		_, wanted := to.Table(rename.Table)
		switch {
		case rename.Column == "":
		case !there:
			return fmt.Errorf("--rename %s: there is no table %s", rename, rename.Table)
		case !wanted:
			return fmt.Errorf("--rename %s: the desired state has no table %s", rename, rename.Table)
		}
	}
	for _, t := range from.Tables {
		if goal, ok := to.Table(t.Name); ok {
			if err := r.resolve(ctx, t.Name, columnNames(t), columnNames(goal), declared); err != nil {
				return err
			}
		}
	}
	if from, to, err = r.realms(ctx); err != nil {
		return err
	}
	if err := r.ask(ctx, columnCandidates(from, to)); err != nil {
		return err
	}
	return r.follow(ctx)
}

// resolve makes the renames among the columns of a table or, of none, among the tables.
func (r *renamer) resolve(ctx context.Context, table string, from, to map[string]bool, declared []Rename) error {
	of := func(renames []Rename) []move {
		var out []move
		for _, rename := range renames {
			switch {
			case table == "" && rename.Column == "":
				out = append(out, move{rename.Table, rename.To})
			case table != "" && rename.Table == table && rename.Column != "":
				out = append(out, move{rename.Column, rename.To})
			}
		}
		return out
	}
	rename := func(m move) Rename {
		if table == "" {
			return Rename{Table: m.from, To: m.to}
		}
		return Rename{Table: table, Column: m.from, To: m.to}
	}
	names := resolver{
		from: from, to: to, noun: "table ", asked: of(r.o.Renames), declared: of(declared), done: of(r.done),
		dropped: func(name string) bool {
			if table != "" {
				name = table + "." + name
			}
			return slices.Contains(r.o.Drops, name)
		},
		say: func(m move) string { return rename(m).String() },
	}
	if table != "" {
		names.noun = "column " + table + "."
	}
	moves, err := names.moves()
	if err != nil {
		return err
	}
	r.warnings = append(r.warnings, names.warnings...)
	for _, m := range sequence(moves, func(name string) bool { return from[name] || to[name] }) {
		if err := r.apply(ctx, rename(m)); err != nil {
			return err
		}
	}
	return nil
}

func tableNames(s *schema.Schema) map[string]bool {
	out := map[string]bool{}
	for _, t := range s.Tables {
		out[t.Name] = true
	}
	return out
}

func columnNames(t *schema.Table) map[string]bool {
	out := map[string]bool{}
	for _, c := range t.Columns {
		out[c.Name] = true
	}
	return out
}

func (r *renamer) realms(ctx context.Context) (from, to *schema.Schema, err error) {
	one, err := r.current.inspect(ctx)
	if err != nil {
		return nil, nil, err
	}
	two, err := r.desired.inspect(ctx)
	if err != nil {
		return nil, nil, err
	}
	from, ok := one.Schema(pgcatalog.Schema)
	if !ok {
		from = schema.New(pgcatalog.Schema)
	}
	if to, ok = two.Schema(pgcatalog.Schema); !ok {
		to = schema.New(pgcatalog.Schema)
	}
	return from, to, nil
}

func (r *renamer) apply(ctx context.Context, rename Rename) error {
	up, down := Statement{}, Statement{}
	if rename.Column == "" {
		// What was done to its columns was, whatever it is called: a swap must not be made again.
		r.done = underName(r.done, rename.Table, rename.To)
		up.Comment = fmt.Sprintf("Rename table %q to %q", rename.Table, rename.To)
		up.SQL = fmt.Sprintf("ALTER TABLE %s RENAME TO %q", qualifiedName(rename.Table), rename.To)
		down.SQL = fmt.Sprintf("ALTER TABLE %s RENAME TO %q", qualifiedName(rename.To), rename.Table)
	} else {
		up.Comment = fmt.Sprintf("Rename column %q of %q to %q", rename.Column, rename.Table, rename.To)
		up.SQL = fmt.Sprintf("ALTER TABLE %s RENAME COLUMN %q TO %q", qualifiedName(rename.Table), rename.Column, rename.To)
		down.SQL = fmt.Sprintf("ALTER TABLE %s RENAME COLUMN %q TO %q", qualifiedName(rename.Table), rename.To, rename.Column)
	}
	return r.run(ctx, up, down)
}
