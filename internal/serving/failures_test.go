package serving_test

import (
	"encoding/json"
	"testing"

	"github.com/lockstep-dev/lockstep/internal/problem"
	"github.com/lockstep-dev/lockstep/internal/serving"
	"github.com/lockstep-dev/lockstep/openapi"
)

// TestContractShowsProblemsAsTheyAre compares the contract's examples with what the server writes.
func TestContractShowsProblemsAsTheyAre(t *testing.T) {
	t.Parallel()
	var document struct {
		Components struct {
			Examples map[string]struct {
				Value struct {
					Type, Title, Code string
					Status            int
				}
			}
		}
	}
	if err := json.Unmarshal(openapi.Document, &document); err != nil {
		t.Fatal(err)
	}
	for _, kind := range problem.Kinds() {
		shown := document.Components.Examples[string(kind.Code)].Value
		got := serving.Answer(t.Context(), problem.New(kind.Code, "A sentence."))
		if got.Code != string(kind.Code) || shown.Code != got.Code || shown.Status != got.Status || shown.Title != got.Title || shown.Type != got.Type {
			t.Errorf("the contract shows %s as %+v, the server answers %d %+v", kind.Code, shown, got.Status, got)
		}
	}
}
