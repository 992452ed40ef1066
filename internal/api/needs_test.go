package api_test

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/lockstep-dev/lockstep/internal/crud"
	"github.com/lockstep-dev/lockstep/openapi"
)

// TestEveryOperationSaysWhatItNeeds compares what is asked of a caller before its body is read with what the contract says
// that the operation needs.
func TestEveryOperationSaysWhatItNeeds(t *testing.T) {
	t.Parallel()
	var document struct {
		Paths map[string]map[string]struct{ OperationID, Description string }
	}
	if err := json.Unmarshal(openapi.Document, &document); err != nil {
		t.Fatal(err)
	}
	for _, methods := range document.Paths {
		for _, op := range methods {
			resource, verb, _ := strings.Cut(op.OperationID, ".")
			name := strings.ToUpper(resource[:1]) + resource[1:] + strings.ToUpper(verb[:1]) + verb[1:]
			need, known := crud.Needs[name]
			for method, of := range crud.Needs { // ogen writes initialisms in capitals: SMSGet
				if strings.EqualFold(method, name) {
					need, known = of, true
				}
			}
			says := "Needs no permission"
			switch {
			case need.Platform:
				says = "Needs a platform token"
			case need.Related:
				says = "Needs the permission `" + need.Permission + "`; without it"
			case need.Permission != "":
				says = "Needs the permission `" + need.Permission + "`."
			}
			if !known || !strings.Contains(op.Description, says) {
				t.Errorf("%s asks %+v of its caller, and the contract says %q", op.OperationID, need, op.Description)
			}
		}
	}
}
