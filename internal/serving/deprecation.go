package serving

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strconv"
	"time"
)

// ending are the headers of an operation that will be gone.
type ending struct {
	deprecation string // RFC 9745
	sunset      string // RFC 8594; empty while that is not decided
}

// readEndings reads which operations of the contract are deprecated, by operation id.
func readEndings(contract []byte) (map[string]ending, error) {
	var document struct {
		Paths map[string]map[string]json.RawMessage
	}
	if err := json.Unmarshal(contract, &document); err != nil {
		return nil, fmt.Errorf("read embedded contract: %w", err)
	}
	endings := map[string]ending{}
	for path, members := range document.Paths {
		for method, raw := range members {
			if method == "parameters" {
				continue
			}
			var op struct {
				OperationID string
				Deprecated  bool
				Since       string `json:"x-deprecated-since"`
				Sunset      string `json:"x-sunset"`
			}
			if err := json.Unmarshal(raw, &op); err != nil {
				return nil, fmt.Errorf("read embedded contract: %s %s: %w", method, path, err)
			}
			if !op.Deprecated {
				continue
			}
			since, err := time.Parse(time.DateOnly, op.Since)
			if err != nil {
				return nil, fmt.Errorf("read embedded contract: %s is deprecated since: %w", op.OperationID, err)
			}
			e := ending{deprecation: "@" + strconv.FormatInt(since.Unix(), 10)}
			if op.Sunset != "" {
				sunset, err := time.Parse(time.DateOnly, op.Sunset)
				if err != nil {
					return nil, fmt.Errorf("read embedded contract: sunset of %s: %w", op.OperationID, err)
				}
				e.sunset = sunset.Format(http.TimeFormat)
			}
			endings[op.OperationID] = e
		}
	}
	return endings, nil
}

// announceEndings adds the headers to all answers of deprecated operations, refusals too: a caller learns it whatever happens.
func announceEndings(endings map[string]ending, routes Router, next http.Handler) http.Handler {
	if len(endings) == 0 {
		return next
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if operation, _, ok := routes.Find(r.Method, r.URL); ok {
			if e, deprecated := endings[operation]; deprecated {
				w.Header().Set("Deprecation", e.deprecation)
				if e.sunset != "" {
					w.Header().Set("Sunset", e.sunset)
				}
			}
		}
		next.ServeHTTP(w, r)
	})
}
