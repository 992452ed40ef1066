package api

import (
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strings"

	"github.com/lockstep-dev/lockstep/internal/journal"
	"github.com/lockstep-dev/lockstep/internal/problem"
)

// knownParameters are the query parameters of each operation, by operation id, written as they stand in a URL:
// createdAt[gte].
type knownParameters map[string][]string

// readParameters reads them from the contract.
func readParameters(contract []byte) (knownParameters, error) {
	var document struct {
		Paths map[string]map[string]struct {
			OperationID string
			Security    *[]map[string][]string
			Parameters  []struct {
				Name, In, Style string
				Schema          struct{ Properties map[string]any }
			}
		}
	}
	if err := json.Unmarshal(contract, &document); err != nil {
		return nil, fmt.Errorf("read embedded contract: %w", err)
	}
	known := knownParameters{}
	for path, methods := range document.Paths {
		for method, op := range methods {
			if op.Security != nil && len(*op.Security) == 0 {
				return nil, fmt.Errorf("%s %s of the embedded contract asks for no token: nothing would refuse unknown parameters", strings.ToUpper(method), path)
			}
			known[op.OperationID] = nil
			for _, p := range op.Parameters {
				switch {
				case p.In != "query":
				case p.Style == "deepObject":
					for property := range p.Schema.Properties {
						known[op.OperationID] = append(known[op.OperationID], p.Name+"["+property+"]")
					}
				default:
					known[op.OperationID] = append(known[op.OperationID], p.Name)
				}
			}
		}
	}
	return known, nil
}

// refuseUnknown answers 400 to a query parameter that the operation does not have. Ignored, a misspelt filter would answer
// more than was asked for. Who calls is found out first: the refusal is left to security.HandleBearer.
func (k knownParameters) refuseUnknown(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.RawQuery != "" {
			entry := journal.From(r.Context())
			for name := range r.URL.Query() {
				if known, ok := k[entry.Operation]; ok && !slices.Contains(known, name) {
					entry.Refusal = problem.New(problem.InvalidParameter, problem.ParameterUnknown).
						AtParameter(name, problem.RuleUnknownParameter, "See the operation's parameters in the contract.")
				}
			}
		}
		next.ServeHTTP(w, r)
	})
}
