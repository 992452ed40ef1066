// Package sqlfile reads ent/schema/*.sql: what Postgres can do and Ent has no words for, as a part of the desired state. Statements
// are declarations, one object each; whatever is not known to be planned, reversed and checked for drift is refused, with what to
// write instead.
package sqlfile

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	atlas "ariga.io/atlas/sql/migrate"
	"entgo.io/ent/dialect/sql/schema"
)

// Kind is what a statement declares.
type Kind string

// The kinds. Those that Atlas inspects it diffs; the others are diffed by their definition in the catalog.
const (
	Extension        Kind = "extension"
	Function         Kind = "function"
	Procedure        Kind = "procedure"
	View             Kind = "view"
	MaterializedView Kind = "materialized view"
	Trigger          Kind = "trigger"
	Statistics       Kind = "statistics"
	Index            Kind = "index"
	Column           Kind = "column" // generated
	Constraint       Kind = "constraint"
	Comment          Kind = "comment"
	Grant            Kind = "grant"
)

// Statement is one statement of the files.
type Statement struct {
	File string // ent/schema/search.sql
	Line int
	Text string // without its semicolon
	Note string // the comments above it, with their line ends
	Kind Kind
	// Name is the object's, without schema and quotes.
	Name string
	// Table is what an index, column, constraint or trigger belongs to, without schema and quotes; empty for others.
	Table string
}

// Read returns the statements of the .sql files below root's ent/schema, by file name and then in their order. An error names file
// and line, and says what to write instead.
func Read(root string) ([]Statement, error) {
	paths, err := filepath.Glob(filepath.Join(root, "ent", "schema", "*.sql"))
	if err != nil {
		return nil, fmt.Errorf("list ent/schema: %w", err)
	}
	slices.Sort(paths)
	var out []Statement
	for _, path := range paths {
		text, err := os.ReadFile(path)
		if err != nil {
			return nil, fmt.Errorf("read declared SQL: %w", err)
		}
		statements, err := Parse("ent/schema/"+filepath.Base(path), string(text))
		if err != nil {
			return nil, err
		}
		out = append(out, statements...)
	}
	return out, checkGrants(out)
}

// Parse reads one file.
func Parse(name, text string) ([]Statement, error) {
	text = strings.ReplaceAll(text, "\r\n", "\n")
	// The options are those with which a migration is read (internal/migrate).
	scanner := atlas.Scanner{ScannerOptions: atlas.ScannerOptions{MatchBegin: true, MatchBeginAtomic: true, MatchDollarQuote: true, EscapedStringExt: true}}
	scanned, err := scanner.Scan(text)
	if err != nil {
		return nil, fmt.Errorf("%s: %w: end each statement with a semicolon, and write bodies of functions as $$ … $$", name, err)
	}
	var out []Statement
	for _, s := range scanned {
		start := s.Pos
		for start < len(text) && strings.ContainsRune(" \t\n", rune(text[start])) {
			start++
		}
		statement := Statement{File: name, Line: 1 + strings.Count(text[:start], "\n"), Text: strings.TrimSuffix(strings.TrimSpace(s.Text), ";"), Note: strings.Join(s.Comments, "")}
		if err := statement.classify(); err != nil {
			return nil, fmt.Errorf("%s:%d: %w", name, statement.Line, err)
		}
		out = append(out, statement)
	}
	// Older editions of the Atlas CLI, which read schema.sql too, cut by semicolons outside of quotes alone.
	if plain, err := atlas.Stmts(text); err != nil || len(plain) != len(scanned) {
		return nil, fmt.Errorf("%s: it is cut into statements differently by older editions of the Atlas CLI: write bodies of functions as $$ … $$, and no E'' strings", name)
	}
	return out, nil
}

// checkGrants holds GRANTs to objects that the files declare themselves: those on tables are the planner's.
func checkGrants(statements []Statement) error {
	for _, s := range statements {
		if s.Kind != Grant {
			continue
		}
		known := slices.ContainsFunc(statements, func(o Statement) bool {
			return o.Name == s.Name && (o.Kind == View || o.Kind == Function || o.Kind == Procedure)
		})
		if !known {
			return fmt.Errorf("%s:%d: GRANT on %s, which no file of ent/schema declares as a function or view: the planner grants what the application needs on tables", s.File, s.Line, s.Name)
		}
	}
	return nil
}

// Unique reports whether an index is unique.
func (s Statement) Unique() bool { return unique.MatchString(s.Text) }

var (
	unique    = regexp.MustCompile(`(?i)^create\s+unique\s`)
	condition = regexp.MustCompile(`(?i)\)\s*where\b`)
)

// Columns are the columns of the statement's table that it is about: those that it names, apart from the condition for which rows.
func (s Statement) Columns(t *schema.Table) []*schema.Column {
	var out []*schema.Column
	text := skeleton(s.Text)
	if i := strings.Index(text, "("); i >= 0 {
		text = text[i:]
	}
	if i := condition.FindStringIndex(text); i != nil {
		text = text[:i[0]]
	}
	for _, c := range t.Columns {
		if regexp.MustCompile(`(?i)\b` + regexp.QuoteMeta(c.Name) + `\b`).MatchString(text) {
			out = append(out, c)
		}
	}
	return out
}

// On returns the statements of a kind that belong to a table.
func On(statements []Statement, kind Kind, table string) []Statement {
	return slices.DeleteFunc(slices.Clone(statements), func(s Statement) bool { return s.Kind != kind || s.Table != table })
}
