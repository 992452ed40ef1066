package problem_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"github.com/lockstep-dev/lockstep/internal/problem"
)

// TestKindsAreComplete holds each row of the table to its form.
func TestKindsAreComplete(t *testing.T) {
	t.Parallel()
	code, detail := regexp.MustCompile(`^[a-z]+(_[a-z]+)*$`), regexp.MustCompile(`^[A-Z%].*\.$`)
	seen := map[problem.Code]bool{}
	for _, k := range problem.Kinds() {
		if !code.MatchString(string(k.Code)) || seen[k.Code] || k.Status < 400 || k.Status > 599 || k.Title == "" || !detail.MatchString(k.Detail) {
			t.Errorf("%+v is no row of the table", k)
		}
		for _, phrase := range []string{k.Meaning, k.Remedy} {
			if phrase == "" || strings.ContainsAny(phrase, "|\n") || strings.HasSuffix(phrase, ".") {
				t.Errorf("%s: %q is no phrase of a Markdown table", k.Code, phrase)
			}
		}
		if k.Code.Kind() != k || !strings.HasSuffix(k.TypeURI(), "/docs/problems.md#"+string(k.Code)) {
			t.Errorf("%s: got %+v with the type %s", k.Code, k.Code.Kind(), k.TypeURI())
		}
		seen[k.Code] = true
	}
	if len(seen) < 20 {
		t.Errorf("got %d rows", len(seen))
	}
}

// declared are the table's sentences by the names of what has them: a code's own, and those for New.
type declared struct{ codes, sentences map[string]string }

func readTable(t *testing.T) declared {
	t.Helper()
	out := declared{map[string]string{}, map[string]string{}}
	file, err := parser.ParseFile(token.NewFileSet(), "table.go", nil, 0)
	if err != nil {
		t.Fatal(err)
	}
	ast.Inspect(file, func(n ast.Node) bool {
		spec, ok := n.(*ast.ValueSpec)
		if !ok {
			return true
		}
		switch value := spec.Values[0].(type) {
		case *ast.CallExpr:
			out.codes[spec.Names[0].Name] = text(t, value.Args[3])
		case *ast.BasicLit:
			out.sentences[spec.Names[0].Name] = text(t, value)
		}
		return true
	})
	if len(out.codes) != len(problem.Kinds()) {
		t.Fatalf("read %d of %d rows", len(out.codes), len(problem.Kinds()))
	}
	return out
}

func text(t *testing.T, e ast.Expr) string {
	t.Helper()
	literal, ok := e.(*ast.BasicLit)
	if !ok {
		t.Fatal("table.go holds more than texts")
	}
	out, err := strconv.Unquote(literal.Value)
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// TestTextsStandInTheTable refuses a problem with a text of its own anywhere else, one whose arguments are not its sentence's,
// and rows and sentences that nothing answers.
func TestTextsStandInTheTable(t *testing.T) {
	t.Parallel()
	table, used := readTable(t), map[string]bool{}
	sources := token.NewFileSet()
	for path, file := range parse(t, sources) {
		ast.Inspect(file, func(n ast.Node) bool {
			if name := ofProblem(n); name != "" {
				used[name] = true
			}
			call, ok := n.(*ast.CallExpr)
			if !ok {
				return true
			}
			at := path + ":" + strconv.Itoa(sources.Position(call.Pos()).Line)
			switch ofProblem(call.Fun) {
			case "Of":
				if format, known := table.codes[ofProblem(call.Args[0])]; !known {
					t.Errorf("%s: use a code of internal/problem/table.go", at)
				} else if verbs(format) != len(call.Args)-1 {
					t.Errorf("%s: %q takes %d arguments", at, format, verbs(format))
				}
			case "New":
				_, coded := table.codes[ofProblem(call.Args[0])]
				format, known := table.sentences[ofProblem(call.Args[1])]
				if !coded || !known {
					t.Errorf("%s: use a code and a sentence of internal/problem/table.go", at)
				} else if verbs(format) != len(call.Args)-2 {
					t.Errorf("%s: %q takes %d arguments", at, format, verbs(format))
				}
			}
			return true
		})
	}
	for _, names := range []map[string]string{table.codes, table.sentences} {
		for name := range names {
			if !used[name] {
				t.Errorf("no answer has %s", name)
			}
		}
	}
}

// ofProblem is X of problem.X.
func ofProblem(n ast.Node) string {
	selector, ok := n.(*ast.SelectorExpr)
	if !ok {
		return ""
	}
	if pkg, ok := selector.X.(*ast.Ident); !ok || pkg.Name != "problem" {
		return ""
	}
	return selector.Sel.Name
}

func verbs(format string) int { return strings.Count(strings.ReplaceAll(format, "%%", ""), "%") }

// parse reads what the server is made of, where it uses this package.
func parse(t *testing.T, sources *token.FileSet) map[string]*ast.File {
	t.Helper()
	out := map[string]*ast.File{}
	err := filepath.WalkDir("..", func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() || !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go") {
			return err
		}
		if strings.HasPrefix(path, "../problem/") || strings.HasPrefix(path, "../codegen/") {
			return nil
		}
		imports, err := parser.ParseFile(token.NewFileSet(), path, nil, parser.ImportsOnly)
		if err != nil {
			return err
		}
		for _, spec := range imports.Imports {
			if strings.HasSuffix(spec.Path.Value, `/internal/problem"`) {
				out[path], err = parser.ParseFile(sources, path, nil, 0)
				return err
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if len(out) < 10 {
		t.Fatalf("found %d files", len(out))
	}
	return out
}
