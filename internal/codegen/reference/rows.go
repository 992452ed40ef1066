// Package reference writes docs/schema.md from a domain of its own, package schema below it: each row of the page is an element of
// that domain with its source, and what follows from it is what disappears from SQL, contract and SDK when the element is left out.
// The page cannot say what the generators do not do.
package reference

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// list is one of the methods of an Ent schema whose elements are rows.
type list string

const (
	mixins      list = "Mixin"
	fields      list = "Fields"
	edges       list = "Edges"
	indexes     list = "Indexes"
	annotations list = "Annotations"
)

// row is an element of the domain that the page shows.
type row struct {
	Title, Text string
	Source      string // as in the domain's files, without indentation
	entity      string
	list        list
	at          int // its place in the list
}

// readRows parses the domain's files, in the order of their names: the elements that stand under a comment "Title: text".
func readRows(dir string) ([]row, error) {
	paths, err := filepath.Glob(filepath.Join(dir, "*.go"))
	if err != nil {
		return nil, fmt.Errorf("list %s: %w", dir, err)
	}
	slices.Sort(paths)
	var out []row
	for _, path := range paths {
		source, err := os.ReadFile(path)
		if err != nil {
			return nil, fmt.Errorf("read the domain: %w", err)
		}
		files := token.NewFileSet()
		file, err := parser.ParseFile(files, path, source, parser.ParseComments|parser.SkipObjectResolution)
		if err != nil {
			return nil, fmt.Errorf("parse the domain: %w", err)
		}
		comments := map[int]string{} // by the line below
		for _, group := range file.Comments {
			comments[files.Position(group.End()).Line+1] = strings.TrimSpace(group.Text())
		}
		for _, decl := range file.Decls {
			method, ok := decl.(*ast.FuncDecl)
			if !ok || method.Recv == nil {
				continue
			}
			for i, element := range returned(method) {
				position := files.Position(element.Pos())
				comment, ok := comments[position.Line]
				if !ok || position.Line == files.Position(method.Pos()).Line {
					continue
				}
				title, text, ok := strings.Cut(strings.Join(strings.Fields(comment), " "), ": ")
				if !ok {
					return nil, fmt.Errorf("%s: the comment is not of the form \"Title: text\"", position)
				}
				out = append(out, row{
					Title: title, Text: strings.ToUpper(text[:1]) + text[1:],
					Source: dedent(string(source[position.Offset:files.Position(element.End()).Offset])),
					entity: method.Recv.List[0].Type.(*ast.Ident).Name, list: list(method.Name.Name), at: i,
				})
			}
		}
	}
	return out, nil
}

// returned are the elements of the list that a method returns.
func returned(method *ast.FuncDecl) []ast.Expr {
	if len(method.Body.List) != 1 {
		return nil
	}
	result, ok := method.Body.List[0].(*ast.ReturnStmt)
	if !ok || len(result.Results) != 1 {
		return nil
	}
	literal, ok := result.Results[0].(*ast.CompositeLit)
	if !ok {
		return nil
	}
	return literal.Elts
}

func dedent(source string) string {
	lines := strings.Split(source, "\n")
	for i, line := range lines {
		lines[i] = strings.TrimPrefix(line, "\t\t")
	}
	return strings.Join(lines, "\n")
}
