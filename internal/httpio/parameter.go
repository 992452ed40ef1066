package httpio

import (
	"errors"
	"maps"
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

// Decode decodes the query parameter. An object's own parameters are all that it sees of the URL: ogen takes every one whose name
// begins as the object's for a part of it, and refuses due[gte]=… beside dueBy=a&dueBy=b.
func Decode(r *http.Request, q *uri.QueryDecoder, parameter uri.QueryParameterDecodingConfig, decode func(uri.Decoder) error) error {
	if parameter.Style == uri.QueryStyleDeepObject {
		own := r.URL.Query()
		maps.DeleteFunc(own, func(name string, _ []string) bool { return !strings.HasPrefix(name, parameter.Name+"[") })
		q = uri.NewQueryDecoder(own)
	}
	return q.DecodeParam(parameter, decode)
}
