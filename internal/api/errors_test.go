package api

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/lockstep-dev/lockstep/internal/postgres"
	"github.com/lockstep-dev/lockstep/internal/problem"
	"github.com/lockstep-dev/lockstep/openapi"
)

// codes reads every problem code from its declaration, so that a new one cannot be forgotten here.
func codes(t *testing.T) []problem.Code {
	t.Helper()
	file, err := parser.ParseFile(token.NewFileSet(), filepath.Join("..", "problem", "problem.go"), nil, 0)
	if err != nil {
		t.Fatal(err)
	}
	var out []problem.Code
	ast.Inspect(file, func(n ast.Node) bool {
		spec, ok := n.(*ast.ValueSpec)
		if !ok {
			return true
		}
		if typ, ok := spec.Type.(*ast.Ident); ok && typ.Name == "Code" {
			text, err := strconv.Unquote(spec.Values[0].(*ast.BasicLit).Value)
			if err != nil {
				t.Fatal(err)
			}
			out = append(out, problem.Code(text))
		}
		return true
	})
	return out
}

func TestEveryCodeHasStatusTitleAndDocumentation(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile(filepath.Join("..", "..", "docs", "problems.md"))
	if err != nil {
		t.Fatal(err)
	}
	all := codes(t)
	if len(all) < 15 {
		t.Fatalf("got %d codes, want all of them", len(all))
	}
	for _, code := range all {
		row := fmt.Sprintf("| <a id=%q></a>`%s` | %d |", code, code, statuses[code])
		if statuses[code] == 0 || titles[code] == "" || !strings.Contains(string(text), row) {
			t.Errorf("%s: status %d, title %q, documented %t", code, statuses[code], titles[code], strings.Contains(string(text), row))
		}
	}
	if len(statuses) != len(all) || len(titles) != len(all) {
		t.Errorf("got %d statuses and %d titles for %d codes", len(statuses), len(titles), len(all))
	}
}

// TestContractShowsProblemsAsTheyAre compares the contract's examples with what the server writes.
func TestContractShowsProblemsAsTheyAre(t *testing.T) {
	t.Parallel()
	type example struct {
		Value struct {
			Type, Title, Code string
			Status            int
		}
	}
	var document struct {
		Components struct {
			Responses map[string]struct {
				Content map[string]struct{ Examples map[string]example }
			}
		}
	}
	if err := json.Unmarshal(openapi.Document, &document); err != nil {
		t.Fatal(err)
	}
	examples := document.Components.Responses["Problem"].Content["application/problem+json"].Examples
	for _, code := range codes(t) {
		got := examples[string(code)].Value
		if got.Code != string(code) || got.Status != statuses[code] || got.Title != titles[code] || got.Type != problemTypes+string(code) {
			t.Errorf("the contract shows %s as %+v, the server answers %d %q", code, got, statuses[code], titles[code])
		}
	}
}

func TestCausesOfTheServerStayInside(t *testing.T) {
	t.Parallel()
	secret := errors.New(`pq: relation "users" of host 10.1.2.3`)
	for name, c := range map[string]struct {
		err  error
		want problem.Code
	}{
		"unknown":      {secret, problem.Internal},
		"unavailable":  {fmt.Errorf("%w: %w", postgres.ErrUnavailable, secret), problem.Unavailable},
		"timeout":      {fmt.Errorf("%w: %w", postgres.ErrTimeout, secret), problem.Timeout},
		"deadline":     {fmt.Errorf("read: %w: %w", context.DeadlineExceeded, secret), problem.Timeout},
		"row security": {fmt.Errorf("%w: %w", postgres.ErrRowSecurity, secret), problem.Internal},
	} {
		got := asProblem(c.err)
		if got.Code != c.want {
			t.Errorf("%s: got %s, want %s", name, got.Code, c.want)
		}
		if strings.Contains(got.Detail, "10.1.2.3") {
			t.Errorf("%s: the answer shows the cause: %s", name, got.Detail)
		}
	}
}
