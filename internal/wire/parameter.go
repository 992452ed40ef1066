package wire

import (
	"errors"
	"net/http"
	"strings"

	"github.com/ogen-go/ogen/uri"
)

// errNotSent is for a parameter that is not in the URL, as most are most of the time.
var errNotSent = errors.New("query parameter not set")

// Has returns nil if the request has the query parameter.
func Has(r *http.Request, q *uri.QueryDecoder, parameter uri.QueryParameterDecodingConfig) error {
	query := r.URL.RawQuery
	// A name may be encoded, and an object's parameters may have none of its name in theirs.
	if len(parameter.Fields) == 0 && !strings.Contains(query, "%") && !strings.Contains(query, parameter.Name) {
		return errNotSent
	}
	if query == "" {
		return errNotSent
	}
	return q.HasParam(parameter)
}
