package planner

import (
	"context"
	"fmt"
	"os"
	"regexp"
	"slices"

	"ariga.io/atlas/sql/schema"

	"github.com/lockstep-dev/lockstep/internal/catalog"
)

// Rename says that a column or, with an empty From.Column, a table goes on under another name.
type Rename struct{ Table, Column, To string }

// String is the flag's form: users.name=display_name or clients=customers.
func (r Rename) String() string {
	if r.Column == "" {
		return r.Table + "=" + r.To
	}
	return r.Table + "." + r.Column + "=" + r.To
}

var (
	renameForm       = regexp.MustCompile(`^(\w+)(?:\.(\w+))?=(?:(\w+)\.)?(\w+)$`)
	renameAnnotation = regexp.MustCompile(`(?m)^-- lockstep:rename[ \t]+(\S+)[ \t]*$`)
)

// ParseRename reads users.name=display_name (a column) or clients=customers (a table).
func ParseRename(text string) (Rename, error) {
	m := renameForm.FindStringSubmatch(text)
	if m == nil || m[3] != "" && m[3] != m[1] {
		return Rename{}, fmt.Errorf("%q says no rename: write users.name=display_name for a column, clients=customers for a table", text)
	}
	return Rename{Table: m[1], Column: m[2], To: m[4]}, nil
}

// annotated reads the renames that the desired state itself declares (`-- lockstep:rename users.name=display_name`). They
// stay there after the rename is done, and then mean nothing.
func annotated(path string) ([]Rename, error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("read the desired state: %w", err)
	}
	var out []Rename
	for _, m := range renameAnnotation.FindAllStringSubmatch(string(text), -1) {
		r, err := ParseRename(m[1])
		if err != nil {
			return nil, fmt.Errorf("%s: %w", path, err)
		}
		out = append(out, r)
	}
	return out, nil
}

// renamer finds what goes on under another name, and renames it in the database the plan starts from, so that comparing
// the states afterwards finds only what is left.
type renamer struct {
	o        Options
	current  *database
	desired  *database
	up, down []Statement
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

func (r *renamer) find(ctx context.Context) error {
	declared, err := annotated(r.o.Schema)
	if err != nil {
		return err
	}
	for _, tables := range []bool{true, false} {
		from, to, err := r.realms(ctx)
		if err != nil {
			return err
		}
		for i, rename := range append(slices.Clone(r.o.Renames), declared...) {
			if (rename.Column == "") != tables {
				continue
			}
			if why := impossible(from, to, rename); why != "" {
				if i < len(r.o.Renames) {
					return fmt.Errorf("--rename %s: %s", rename, why)
				}
				continue
			}
			if err := r.apply(ctx, rename); err != nil {
				return err
			}
		}
		if from, to, err = r.realms(ctx); err != nil {
			return err
		}
		candidates := tableCandidates(from, to)
		if !tables {
			candidates = columnCandidates(from, to)
		}
		if err := r.ask(ctx, candidates); err != nil {
			return err
		}
	}
	return r.follow(ctx)
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
	from, ok := one.Schema(catalog.Schema)
	if !ok {
		from = schema.New(catalog.Schema)
	}
	if to, ok = two.Schema(catalog.Schema); !ok {
		to = schema.New(catalog.Schema)
	}
	return from, to, nil
}

// impossible says why a rename cannot be meant.
func impossible(from, to *schema.Schema, r Rename) string {
	if r.Column == "" {
		_, there := from.Table(r.Table)
		_, stays := to.Table(r.Table)
		_, wanted := to.Table(r.To)
		_, taken := from.Table(r.To)
		switch {
		case !there:
			return "there is no table " + r.Table
		case stays:
			return "the desired state keeps table " + r.Table
		case !wanted:
			return "the desired state has no table " + r.To
		case taken:
			return "table " + r.To + " is already there"
		}
		return ""
	}
	one, ok := from.Table(r.Table)
	if !ok {
		return "there is no table " + r.Table
	}
	two, ok := to.Table(r.Table)
	if !ok {
		return "the desired state has no table " + r.Table
	}
	_, there := one.Column(r.Column)
	_, stays := two.Column(r.Column)
	_, wanted := two.Column(r.To)
	_, taken := one.Column(r.To)
	switch {
	case !there:
		return "there is no column " + r.Table + "." + r.Column
	case stays:
		return "the desired state keeps column " + r.Table + "." + r.Column
	case !wanted:
		return "the desired state has no column " + r.Table + "." + r.To
	case taken:
		return "column " + r.Table + "." + r.To + " is already there"
	}
	return ""
}

func (r *renamer) apply(ctx context.Context, rename Rename) error {
	up, down := Statement{}, Statement{}
	if rename.Column == "" {
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
