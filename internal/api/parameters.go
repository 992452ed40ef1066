package api

import (
	"encoding/json"
	"fmt"
	"slices"

	"github.com/ogen-go/ogen/middleware"

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
	for _, methods := range document.Paths {
		for _, op := range methods {
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
// more than was asked for.
func (k knownParameters) refuseUnknown(request middleware.Request, next middleware.Next) (middleware.Response, error) {
	if request.Raw.URL.RawQuery != "" {
		for name := range request.Raw.URL.Query() {
			if !slices.Contains(k[request.OperationID], name) {
				return middleware.Response{}, problem.New(problem.InvalidParameter, "The operation has no parameter of this name.").
					AtParameter(name, "unknown_parameter", "See the operation's parameters in the contract.")
			}
		}
	}
	return refuseNUL(request, next) // called from here because a chain of middleware allocates for every request
}
