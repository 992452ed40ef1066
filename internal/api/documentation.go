package api

import (
	"crypto/sha256"
	"encoding/hex"
	"net/http"
	"strconv"
	"strings"

	"github.com/swaggest/swgui"
	"github.com/swaggest/swgui/v5emb"

	"github.com/lockstep-dev/lockstep/internal/etag"
	"github.com/lockstep-dev/lockstep/internal/wire"
)

// contractPath serves the document that clients are generated from.
const contractPath = "/openapi.json"

// docsPath is where the interactive documentation lives. Its scripts come out of this binary.
const docsPath = "/docs"

// serveContract answers the document with a strong ETag: a client that has it is told so in a few bytes.
func serveContract(document []byte) http.Handler {
	sum := sha256.Sum256(document)
	tag := `"` + hex.EncodeToString(sum[:16]) + `"`
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		wire.Header(w, "ETag", tag)
		w.Header().Set("Cache-Control", "no-cache")
		if etag.Matches(strings.Join(r.Header.Values("If-None-Match"), ","), tag) {
			w.WriteHeader(http.StatusNotModified)
			return
		}
		w.Header().Set("Content-Type", "application/json")
		w.Header().Set("Content-Length", strconv.Itoa(len(document)))
		_, _ = w.Write(document)
	})
}

// serveDocumentation answers Swagger UI on the contract. Its page needs inline script and style, so it has a policy of its
// own, which still refuses every other origin.
func serveDocumentation(title string) http.Handler {
	page := v5emb.NewHandlerWithConfig(swgui.Config{
		Title:       title,
		SwaggerJSON: contractPath,
		BasePath:    docsPath,
		SettingsUI: map[string]string{
			"persistAuthorization":     "true",
			"tryItOutEnabled":          "true",
			"displayRequestDuration":   "true",
			"defaultModelsExpandDepth": "0",
		},
	})
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Security-Policy",
			"default-src 'self'; script-src 'self' 'unsafe-inline'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; frame-ancestors 'none'")
		page.ServeHTTP(w, r)
	})
}
