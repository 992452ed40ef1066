package problem_test

import (
	"go/ast"
	"go/token"
	"os"
	"regexp"
	"slices"
	"testing"

	"github.com/lockstep-dev/lockstep/internal/problem"
)

// TestRulesAreThere guards the list that docs/problems.md, the contract and the SDK are made from.
func TestRulesAreThere(t *testing.T) {
	t.Parallel()
	rules := problem.Rules()
	if n := len(rules); n != len(slices.Compact(rules)) || n < 20 {
		t.Errorf("got %d rules, some twice or some missing", n)
	}
}

// TestEveryRuleIsAnswered refuses rules that nothing of the server uses. That nothing answers with another, the compiler sees to.
func TestEveryRuleIsAnswered(t *testing.T) {
	t.Parallel()
	source, err := os.ReadFile("rule.go")
	if err != nil {
		t.Fatal(err)
	}
	used := map[string]bool{}
	for _, file := range parse(t, token.NewFileSet()) {
		ast.Inspect(file, func(n ast.Node) bool {
			if name := ofProblem(n); name != "" {
				used[name] = true
			}
			return true
		})
	}
	names := regexp.MustCompile(`(?m)^\t(Rule\w+)\s+= rule\(`).FindAllStringSubmatch(string(source), -1)
	if len(names) != len(problem.Rules()) {
		t.Fatalf("found %d names of %d rules", len(names), len(problem.Rules()))
	}
	for _, name := range names {
		if !used[name[1]] {
			t.Errorf("no answer can have %s", name[1])
		}
	}
}
