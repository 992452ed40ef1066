// Package validators reads the limits that ent/schema declares from its source. Ent keeps a validator as a function, which
// cannot be asked for its limit; the declaration `field.String("email").MaxLen(255)` can.
package validators

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"path/filepath"
	"slices"
)

// Limits are the validators of one field that a contract or a CHECK can state.
type Limits struct {
	// MinLen and MaxLen count characters (strings) or bytes (bytes); nil means no limit.
	MinLen, MaxLen *uint64
	// Pattern is an RE2 expression the value must contain a match of; empty means none.
	Pattern string
	// Min and Max are numeric literals, empty for none.
	Min, Max string
	// ExclusiveMin and ExclusiveMax say that the limit itself is not allowed.
	ExclusiveMin, ExclusiveMax bool
	// MaxItems is the most items of an array, MaxItemLen the most characters of each text in it; nil means no limit. They and
	// what follows come from annotations and types: package limits fills them in.
	MaxItems, MaxItemLen *uint64
	// MaxBytes is the most bytes of a JSON field as Postgres writes it; nil means no limit.
	MaxBytes *uint64
	// Whole and Fraction are the most digits before and behind the point of a decimal, negative where there must be zeros; both
	// are zero for other types. Scaled ones have just Fraction digits behind the point, whatever they are sent with.
	Whole, Fraction int
	Scaled          bool
	// Distinct arrays hold each text once, Email says that a text is an e-mail address.
	Distinct, Email bool
}

// Set holds the limits of every field by the type that declares it.
type Set struct {
	fields map[string]map[string]Limits // declaring type → field → limits
	parts  map[string][]string          // type → the types it mixes in or embeds
}

// Found is a set of one field's limits.
func Found(entity, field string, l Limits) Set {
	return Set{fields: map[string]map[string]Limits{entity: {field: l}}}
}

// Add adds a field's limits.
func (s Set) Add(entity, field string, l Limits) {
	if s.fields[entity] == nil {
		s.fields[entity] = map[string]Limits{}
	}
	s.fields[entity][field] = l
}

// Of returns the limits of an entity's field, looking through its mixins; the zero value when it has none.
func (s Set) Of(entity, field string) Limits {
	found, _ := s.lookup(entity, field, nil)
	return found
}

func (s Set) lookup(typ, field string, seen []string) (Limits, bool) {
	if limits, ok := s.fields[typ][field]; ok {
		return limits, true
	}
	if slices.Contains(seen, typ) {
		return Limits{}, false
	}
	for _, part := range s.parts[typ] {
		if limits, ok := s.lookup(part, field, append(seen, typ)); ok {
			return limits, true
		}
	}
	return Limits{}, false
}

// Read parses the Go files of the schema folder. It fails on a limit that is not a literal, naming the place, because
// such a limit could be enforced but not shown in the contract.
func Read(dir string) (Set, error) {
	set := Set{fields: map[string]map[string]Limits{}, parts: map[string][]string{}}
	paths, err := filepath.Glob(filepath.Join(dir, "*.go"))
	if err != nil {
		return set, fmt.Errorf("list %s: %w", dir, err)
	}
	files := token.NewFileSet()
	for _, path := range paths {
		file, err := parser.ParseFile(files, path, nil, parser.SkipObjectResolution)
		if err != nil {
			return set, fmt.Errorf("parse schema: %w", err)
		}
		if err := set.readFile(files, file); err != nil {
			return set, err
		}
	}
	return set, nil
}

func (s Set) readFile(files *token.FileSet, file *ast.File) error {
	for _, decl := range file.Decls {
		switch d := decl.(type) {
		case *ast.GenDecl:
			s.readEmbedded(d)
		case *ast.FuncDecl:
			receiver := receiverName(d)
			switch {
			case receiver == "" || d.Body == nil:
			case d.Name.Name == "Mixin":
				s.parts[receiver] = append(s.parts[receiver], compositeNames(d.Body)...)
			case d.Name.Name == "Fields":
				if err := s.readFields(files, receiver, d.Body); err != nil {
					return err
				}
			}
		}
	}
	return nil
}

func (s Set) readEmbedded(d *ast.GenDecl) {
	for _, spec := range d.Specs {
		typ, ok := spec.(*ast.TypeSpec)
		if !ok {
			continue
		}
		structure, ok := typ.Type.(*ast.StructType)
		if !ok {
			continue
		}
		for _, f := range structure.Fields.List {
			if name, ok := f.Type.(*ast.Ident); ok && len(f.Names) == 0 {
				s.parts[typ.Name.Name] = append(s.parts[typ.Name.Name], name.Name)
			}
		}
	}
}

func (s Set) readFields(files *token.FileSet, receiver string, body *ast.BlockStmt) error {
	var failed error
	ast.Inspect(body, func(n ast.Node) bool {
		call, ok := n.(*ast.CallExpr)
		if !ok || failed != nil {
			return failed == nil
		}
		name, calls := chain(call)
		if name == "" {
			return true
		}
		limits, err := fromCalls(calls)
		if err != nil {
			failed = fmt.Errorf("%s: field %q: %w", files.Position(call.Pos()), name, err)
			return false
		}
		if s.fields[receiver] == nil {
			s.fields[receiver] = map[string]Limits{}
		}
		s.fields[receiver][name] = limits
		return false
	})
	return failed
}
