package api_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/lockstep-dev/lockstep/internal/crud/crudtest"
)

// TestRecordedReadsAnswerLikeWrittenOnes compares the plain list and the read of one row, whose statements are recorded and
// whose columns are read by generated code, with pages behind a cursor, which Ent writes and reads anew.
func TestRecordedReadsAnswerLikeWrittenOnes(t *testing.T) {
	t.Parallel()
	s := newStack(t)
	ours := s.addSamples(t, s.acme)
	compared := 0
	for _, op := range crudtest.Operations {
		if op.Method != "GET" || op.Path != pathOf(op.Resource) || !op.TenantOwned {
			continue
		}
		for name, who := range map[string]person{"administrator": s.acme.admin, "member": s.acme.member, "manager": s.acme.manager} {
			t.Run(op.ID+" of the "+name, func(t *testing.T) {
				plain := s.do(t, call{path: op.Path + "?limit=200", token: who.token})
				if plain.status == 403 {
					return
				}
				for i, each := range s.pages(t, op.Path, who.token) {
					if diff := cmp.Diff(each, plain.body["data"].([]any)[i]); diff != "" {
						t.Errorf("row %d of the plain list differs (-written +recorded):\n%s", i, diff)
					}
				}
				for _, each := range plain.body["data"].([]any) {
					row := each.(map[string]any)
					one := s.check(t, call{path: op.Path + "/" + row["id"].(string), token: who.token, status: 200})
					for member, value := range row {
						if diff := cmp.Diff(value, one.body[member]); diff != "" {
							t.Errorf("%s of the row itself differs:\n%s", member, diff)
						}
					}
					compared++
				}
			})
		}
	}
	if compared < len(ours) {
		t.Errorf("got %d rows compared, want at least one of each entity", compared)
	}
}

// pages reads a list row by row.
func (s *stack) pages(t *testing.T, path, token string) []any {
	t.Helper()
	var rows []any
	for next := "?limit=1"; next != ""; {
		page := s.check(t, call{path: path + next, token: token, status: 200})
		rows = append(rows, page.body["data"].([]any)...)
		next = ""
		if cursor, ok := page.body["nextCursor"].(string); ok {
			next = "?limit=1&cursor=" + cursor
		}
	}
	return rows
}

// pathOf is where the resource's list is.
func pathOf(resource string) string {
	for _, sample := range crudtest.Samples {
		if sample.Resource == resource {
			return sample.Path
		}
	}
	return ""
}
