package wire

import (
	"bytes"
	"net/http"
	"strings"
)

// Unusual reports whether the request may have U+0000 in a text, which JSON writes as \u0000 and a URL as %00. The others,
// nearly all, are spared the way through the server's middleware.
func Unusual(r *http.Request, body []byte) bool {
	return bytes.Contains(body, []byte(`\u0000`)) || strings.Contains(r.URL.RawQuery, "%00") || strings.Contains(r.URL.Path, "\x00")
}
