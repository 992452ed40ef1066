package httpio_test

import (
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/ogen-go/ogen/uri"

	"github.com/lockstep-dev/lockstep/internal/httpio"
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
			if got, want := httpio.Has(r, q, p) == nil, q.HasParam(p) == nil; got != want {
				t.Errorf("%s in %q: got %t, want %t", name, query, got, want)
			}
		}
	}
}

// TestDecodeSeesOnlyWhatIsTheObjects puts parameters beside a range whose names begin as its own.
func TestDecodeSeesOnlyWhatIsTheObjects(t *testing.T) {
	t.Parallel()
	due := uri.QueryParameterDecodingConfig{Name: "due", Style: uri.QueryStyleDeepObject, Explode: true, Fields: []uri.QueryParameterObjectField{{Name: "gte"}, {Name: "lt"}}}
	decode := func(query string, decode func(*http.Request, *uri.QueryDecoder, uri.QueryParameterDecodingConfig, func(uri.Decoder) error) error) (map[string]string, error) {
		r := httptest.NewRequest("GET", "/?"+query, nil)
		got := map[string]string{}
		err := decode(r, uri.NewQueryDecoder(r.URL.Query()), due, func(d uri.Decoder) error {
			return d.DecodeFields(func(name string, d uri.Decoder) error {
				value, err := d.DecodeValue()
				got[name] = value
				return err
			})
		})
		return got, err
	}
	for _, query := range []string{"due[gte]=1&due[lt]=2", "due[gte]=1&dueBy=a&dueBy=b&due%5Blt%5D=2", "dueNull=true&due[lt]=2&dueNull=false&due[gte]=1"} {
		if got, err := decode(query, httpio.Decode); err != nil || len(got) != 2 || got["gte"] != "1" || got["lt"] != "2" {
			t.Errorf("%s: got %v, %v, want both bounds", query, got, err)
		}
	}
	if _, err := decode("due[gte]=1&due[gte]=2", httpio.Decode); err == nil {
		t.Error("a bound that is given twice is taken")
	}
	if _, err := decode("due[gte]=1&dueBy=a&dueBy=b", func(_ *http.Request, q *uri.QueryDecoder, p uri.QueryParameterDecodingConfig, f func(uri.Decoder) error) error {
		return q.DecodeParam(p, f)
	}); err == nil {
		t.Error("ogen tells them apart by itself: wire.Decode is not needed any more")
	}
}
