package problem_test

import (
	"fmt"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/lockstep-dev/lockstep/internal/problem"
)

var row = regexp.MustCompile("(?m)^\\| <a id=\"violation-.*$")

// TestRulesAreDocumented holds docs/problems.md to the rules, both ways.
func TestRulesAreDocumented(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile(filepath.Join("..", "..", "docs", "problems.md"))
	if err != nil {
		t.Fatal(err)
	}
	var want []string
	for _, r := range problem.Rules() {
		want = append(want, fmt.Sprintf("| <a id=\"violation-%s\"></a>`%s` | %s |", r, r, r.Meaning()))
	}
	if got := row.FindAllString(string(text), -1); !slices.Equal(got, want) {
		t.Errorf("docs/problems.md, Violations: got\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
	if len(want) != len(slices.Compact(slices.Clone(want))) || len(want) < 20 {
		t.Errorf("got %d rules, some twice or some missing", len(want))
	}
}

// TestEveryRuleIsAnswered refuses rules that nothing of the server uses. That nothing answers with another, the compiler sees to.
func TestEveryRuleIsAnswered(t *testing.T) {
	t.Parallel()
	source, err := os.ReadFile("rule.go")
	if err != nil {
		t.Fatal(err)
	}
	var used strings.Builder
	err = filepath.WalkDir("..", func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() || !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go") || strings.HasPrefix(path, "../problem/") {
			return err
		}
		file, err := parser.ParseFile(token.NewFileSet(), path, nil, parser.ImportsOnly)
		if err != nil {
			return err
		}
		for _, spec := range file.Imports {
			if strings.HasSuffix(spec.Path.Value, `/internal/problem"`) {
				text, err := os.ReadFile(path)
				used.Write(text)
				return err
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	names := regexp.MustCompile(`(?m)^\t(Rule\w+)\s+= rule\(`).FindAllStringSubmatch(string(source), -1)
	if len(names) != len(problem.Rules()) {
		t.Fatalf("found %d names of %d rules", len(names), len(problem.Rules()))
	}
	for _, name := range names {
		if !regexp.MustCompile(`problem\.` + name[1] + `\b`).MatchString(used.String()) {
			t.Errorf("no answer can have %s", name[1])
		}
	}
}
