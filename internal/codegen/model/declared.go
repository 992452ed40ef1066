package model

import (
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"

	"entgo.io/ent/dialect/sql/schema"

	"github.com/lockstep-dev/lockstep/internal/codegen/sqlfile"
)

// Computed reports whether Postgres computes a field of the entity.
func (e *Entity) Computed() bool {
	return slices.ContainsFunc(e.Fields, func(f *Field) bool { return f.Generated != "" })
}

var (
	tsvector      = regexp.MustCompile(`(?i)\btsvector\s+generated\b`)
	configuration = regexp.MustCompile(`^[a-z][a-z0-9_]*$`)
)

// CheckDeclared holds what entities say of ent/schema/*.sql to what the files declare, and the files to the tables there are.
func CheckDeclared(entities []*Entity, tables []*schema.Table, declared []sqlfile.Statement) error {
	var wrong []error
	for _, s := range declared {
		i := slices.IndexFunc(tables, func(t *schema.Table) bool { return t.Name == s.Table })
		view := slices.ContainsFunc(declared, func(o sqlfile.Statement) bool {
			return o.Name == s.Table && (o.Kind == sqlfile.View || o.Kind == sqlfile.MaterializedView)
		})
		switch {
		case s.Table == "" || view:
		case i < 0:
			wrong = append(wrong, fmt.Errorf("%s:%d: there is no table %s: name that of an entity, as ent/schema.sql has it", s.File, s.Line, s.Table))
		case s.Kind == sqlfile.Column && tables[i].HasColumn(s.Name):
			wrong = append(wrong, fmt.Errorf("%s:%d: %s has a field %s already: say contract.Generated beside the field, or give the column another name", s.File, s.Line, s.Table, s.Name))
		}
	}
	for _, e := range entities {
		if err := e.checkFullText(declared); err != nil {
			wrong = append(wrong, fmt.Errorf("entity %s: %w", e.Name, err))
		}
	}
	return errors.Join(wrong...)
}

func (e *Entity) checkFullText(declared []sqlfile.Statement) error {
	if e.FullText == nil {
		return nil
	}
	column, language := e.FullText.Column, e.FullText.Configuration
	form := fmt.Sprintf("ALTER TABLE core.%s ADD COLUMN %s tsvector GENERATED ALWAYS AS (to_tsvector('%s', …)) STORED", e.Node.Table(), column, language)
	if !configuration.MatchString(language) {
		return fmt.Errorf("contract.FullText: %q is no name of a text search configuration, such as english or simple", language)
	}
	i := slices.IndexFunc(declared, func(s sqlfile.Statement) bool {
		return s.Kind == sqlfile.Column && s.Table == e.Node.Table() && s.Name == column
	})
	switch {
	case i < 0 || !tsvector.MatchString(declared[i].Text):
		return fmt.Errorf("contract.FullText(%q): no file of ent/schema/*.sql declares that column as a tsvector: add %s", column, form)
	case !strings.Contains(declared[i].Text, "'"+language+"'"):
		return fmt.Errorf("contract.FullText(%q, %q): %s:%d makes the column with another configuration, so that words would not be found: name the same in both", column, language, declared[i].File, declared[i].Line)
	}
	for _, f := range slices.Concat(e.Fields, e.Secrets) {
		if (f.Guard != nil || f.Secret) && regexp.MustCompile(`\b`+regexp.QuoteMeta(f.Ent.StorageKey())+`\b`).MatchString(declared[i].Text) {
			return fmt.Errorf("contract.FullText(%q): %s:%d makes the column of %s, which not every reader may see, and q would tell what it holds: leave it out", column, declared[i].File, declared[i].Line, f.Name)
		}
	}
	return nil
}
