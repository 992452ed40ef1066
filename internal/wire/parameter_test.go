package wire_test

import (
	"net/http/httptest"
	"testing"

	"github.com/ogen-go/ogen/uri"

	"github.com/lockstep-dev/lockstep/internal/wire"
)

// TestHasFindsWhatOgenFinds asks for each kind of parameter in queries with and without it.
func TestHasFindsWhatOgenFinds(t *testing.T) {
	t.Parallel()
	bounds := []uri.QueryParameterObjectField{{Name: "gt"}, {Name: "lt"}}
	parameters := map[string]uri.QueryParameterDecodingConfig{
		"plain":    {Name: "limit", Style: uri.QueryStyleForm, Explode: true},
		"list":     {Name: "expand", Style: uri.QueryStyleForm},
		"bounds":   {Name: "createdAt", Style: uri.QueryStyleDeepObject, Explode: true, Fields: bounds},
		"exploded": {Name: "object", Style: uri.QueryStyleForm, Explode: true, Fields: bounds},
		"map":      {Name: "labels", Style: uri.QueryStyleDeepObject, Explode: true},
	}
	for _, query := range []string{
		"", "limit=1", "l%69mit=1", "limits=1", "x=limit", "expand=a,b&limit=2", "createdAt[gt]=1", "createdAt%5Blt%5D=1", "createdAt[no]=1",
		"gt=1", "%6Ct=1", "labels[a]=b", "labels%5Ba%5D=b", "+limit=1", "sort=-createdAt",
	} {
		r := httptest.NewRequest("GET", "/?"+query, nil)
		q := uri.NewQueryDecoder(r.URL.Query())
		for name, p := range parameters {
			if got, want := wire.Has(r, q, p) == nil, q.HasParam(p) == nil; got != want {
				t.Errorf("%s in %q: got %t, want %t", name, query, got, want)
			}
		}
	}
}
