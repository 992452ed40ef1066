package openapi

import (
	"strings"

	"github.com/ogen-go/ogen"
)

// SharedHeaders is what references to headers begin with that the server writes around its operations, which know nothing
// of them. Headers that operations write stand where they are declared.
const SharedHeaders = "#/components/headers/"

// declareHeaders declares what answers carry beside what their operations say: whose quota is left, when to try again,
// what ends when.
func declareHeaders(doc *document) error {
	one := int64(1)
	text := func(description string, required bool) *ogen.Header {
		return &ogen.Header{Description: description, Required: required, Schema: ogen.String()}
	}
	all := map[string]*ogen.Header{
		"X-Request-Id":     text("Identifies the request in the server's logs: the caller's own `X-Request-Id`, if it sent one of 8 to 64 letters, digits and `._-`.", true),
		"RateLimit-Policy": text("How often the caller, and its tenant, may ask: `q` requests in `w` seconds (draft-ietf-httpapi-ratelimit-headers). Absent where nothing is limited, and before the caller is known.", false),
		"RateLimit":        text("How many requests are left (`r`) and in how many seconds the whole quota is there again (`t`), by policy (draft-ietf-httpapi-ratelimit-headers).", false),
		"Retry-After": {
			Description: "After how many seconds the request may succeed (RFC 9110, section 10.2.3); with `rate_limited` and `unavailable`.",
			Schema:      ogen.NewSchema().SetType("integer").SetMinimum(&one),
		},
		"Accept-Encoding":  text("Which codings a body may have (RFC 9110, section 15.5.16): none but `identity`; with `unsupported_media_type`.", false),
		"WWW-Authenticate": text("What token is asked for and why the one sent is refused (RFC 6750, section 3); with `unauthenticated`.", false),
	}
	everywhere := []string{"X-Request-Id", "RateLimit-Policy", "RateLimit"}
	declare := func(response *ogen.Response, names ...string) {
		if response.Headers == nil {
			response.Headers = map[string]*ogen.Header{}
		}
		for _, name := range names {
			response.Headers[name] = &ogen.Header{Ref: SharedHeaders + name}
		}
	}
	for _, op := range doc.operations() {
		for status, response := range op.Responses {
			if name, found := strings.CutPrefix(response.Ref, "#/components/responses/"); found {
				response = doc.spec.Components.Responses[name]
			}
			declare(response, everywhere...)
			switch status {
			case "default":
				declare(response, "Accept-Encoding", "Retry-After", "WWW-Authenticate")
			case "401":
				declare(response, "WWW-Authenticate")
			case "415":
				declare(response, "Accept-Encoding")
			case "429", "503":
				declare(response, "Retry-After")
			}
			if op.Deprecated {
				all["Deprecation"] = text("Since when the operation is deprecated (RFC 9745); of deprecated operations.", false)
				all["Sunset"] = text("When the operation will be gone (RFC 8594), if that is decided; of deprecated operations.", false)
				declare(response, "Deprecation", "Sunset")
			}
		}
	}
	doc.spec.Components.Headers = all
	return nil
}
