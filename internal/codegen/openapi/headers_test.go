package openapi

import (
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/ogen-go/ogen"
)

func TestDeclareHeaders(t *testing.T) {
	t.Parallel()
	doc := after(t, "announce endings")
	deprecated := doc.spec.Paths["/v1/badges"].Get
	deprecated.Deprecated = true
	if err := declareHeaders(doc); err != nil {
		t.Fatal(err)
	}
	responses := doc.spec.Components.Responses
	for name, test := range map[string]struct {
		response *ogen.Response
		own      string
	}{
		"a page":                 {doc.spec.Paths["/v1/people"].Get.Responses["200"], ""},
		"a deleted row":          {doc.spec.Paths["/v1/people/{id}"].Delete.Responses["204"], ""},
		"a created row":          {responses["PersonCreated"], "ETag Location"},
		"a failure":              {responses["Problem"], "Accept-Encoding Deprecation Retry-After Sunset WWW-Authenticate"},
		"a deprecated answer":    {deprecated.Responses["200"], "Deprecation Sunset"},
		"one that has a tag":     {responses["PersonNotModified"], "ETag"},
		"a row without versions": {doc.spec.Paths["/v1/badges"].Post.Responses["201"], ""},
	} {
		if strings.HasPrefix(test.response.Ref, "#/components/responses/") {
			test.response = responses[strings.TrimPrefix(test.response.Ref, "#/components/responses/")]
			test.own = "Location"
		}
		want := slices.Sorted(slices.Values(append(strings.Fields(test.own), "RateLimit", "RateLimit-Policy", "X-Request-Id")))
		if diff := cmp.Diff(want, slices.Sorted(maps.Keys(test.response.Headers))); diff != "" {
			t.Errorf("headers of %s (-want +got):\n%s", name, diff)
		}
		for name, h := range test.response.Headers {
			if shared, found := strings.CutPrefix(h.Ref, SharedHeaders); found && doc.spec.Components.Headers[shared] == nil {
				t.Errorf("%s refers to %s, which is not there", name, h.Ref)
			}
		}
	}
}
