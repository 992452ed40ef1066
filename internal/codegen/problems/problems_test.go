package problems_test

import (
	"os"
	"strings"
	"testing"

	"github.com/lockstep-dev/lockstep/internal/codegen/problems"
	"github.com/lockstep-dev/lockstep/internal/problem"
)

func read(t *testing.T) string {
	t.Helper()
	page, err := os.ReadFile("../../../docs/problems.md")
	if err != nil {
		t.Fatal(err)
	}
	return string(page)
}

// TestWriteMendsAnEditedTable undoes a change by hand, and keeps the text around the tables.
func TestWriteMendsAnEditedTable(t *testing.T) {
	t.Parallel()
	page := read(t)
	edited := strings.Replace(page, "| 404 | Not found |", "| 410 | Gone |", 1)
	edited = strings.Replace(edited, problem.RuleUnique.Meaning(), "the value is not unique", 1)
	if edited == page {
		t.Fatal("nothing was edited")
	}
	for name, before := range map[string]string{"as it is": page, "edited": edited} {
		got, err := problems.Write([]byte(before))
		if err != nil || string(got) != page {
			t.Errorf("%s: got %v and another page than docs/problems.md: run make generate", name, err)
		}
	}
}

func TestWriteNeedsItsMarkers(t *testing.T) {
	t.Parallel()
	page := strings.Replace(read(t), "from internal/problem/rule.go", "by hand", 1)
	if _, err := problems.Write([]byte(page)); err == nil || !strings.Contains(err.Error(), "from internal/problem/rule.go") {
		t.Errorf("got %v, want the marker that is missing", err)
	}
}
