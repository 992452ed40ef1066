package serving

import (
	"encoding/json"
	"log/slog"
	"testing"

	"github.com/lockstep-dev/lockstep/internal/journal"
	"github.com/lockstep-dev/lockstep/internal/problem"
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
	f := &failures{logger: slog.New(slog.DiscardHandler)}
	for _, kind := range problem.Kinds() {
		shown := document.Components.Examples[string(kind.Code)].Value
		got := f.answer(journal.With(t.Context(), &journal.Entry{}), problem.New(kind.Code, "A sentence."))
		if got.Code != string(kind.Code) || shown.Code != got.Code || shown.Status != got.Status || shown.Title != got.Title || shown.Type != got.Type {
			t.Errorf("the contract shows %s as %+v, the server answers %d %+v", kind.Code, shown, got.Status, got)
		}
	}
}
