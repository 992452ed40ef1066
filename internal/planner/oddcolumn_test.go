package planner

import (
	"fmt"
	"strings"
	"testing"
)

// A column named as the alias of its table in the planner's own SQL was read in place of the row: `to_jsonb(t)`, with a column t.
func TestColumnsOfOneLetterAreProven(t *testing.T) {
	t.Parallel()
	p := newProject(t)
	var columns strings.Builder
	for letter := 'a'; letter <= 'z'; letter++ {
		fmt.Fprintf(&columns, ` "%c" text NULL,`, letter)
	}
	p.edit(func(base string) string {
		return strings.Replace(base, `"note" text NULL,`, `"note" text NULL,`+columns.String(), 1)
	})
	p.write(p.plan("add_letters"))
	p.After = initial.plan.Files[0].Version
	report, err := Verify(t.Context(), p.Options)
	if err != nil {
		t.Fatal(err)
	}
	if last := report.Migrations[len(report.Migrations)-1]; last.WithoutRows != "" || report.Rows == 0 {
		t.Errorf("got %+v, want it proven with rows", last)
	}
	wantProblems(t, report)
	// The proof of a checkpoint reads all rows again.
	p.edit(func(base string) string { return base })
	p.write(p.plan("drop_letters"))
	if _, err := Verify(t.Context(), p.Options); err != nil {
		t.Fatal(err)
	}
}
