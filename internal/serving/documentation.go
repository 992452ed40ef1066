package serving

import (
	"bytes"
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"fmt"
	"html/template"
	"io/fs"
	"net/http"
	"strconv"
	"strings"

	"github.com/swaggest/swgui"
	"github.com/swaggest/swgui/v5emb"

	"github.com/lockstep-dev/lockstep/internal/etag"
	"github.com/lockstep-dev/lockstep/internal/httpio"
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
		httpio.Header(w, "ETag", tag)
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

// documentation holds the page around Swagger UI: its own script and style, so that the policy need allow nothing inline.
//
//go:embed documentation
var documentation embed.FS

// documentationPolicy lets the page run and ask what this server serves, and nothing else: no script, style or handler within
// the page, no eval, no other origin.
const documentationPolicy = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; " +
	"base-uri 'none'; form-action 'none'; frame-ancestors 'none'"

// serveDocumentation answers Swagger UI on the contract.
func serveDocumentation(title string) (http.Handler, error) {
	files, err := fs.Sub(documentation, "documentation")
	if err != nil {
		return nil, fmt.Errorf("read the embedded documentation: %w", err)
	}
	around, err := template.ParseFS(files, "page.html")
	if err != nil {
		return nil, fmt.Errorf("read the embedded documentation: %w", err)
	}
	var page bytes.Buffer
	if err := around.Execute(&page, struct{ Title, Base, Contract string }{title, docsPath, contractPath}); err != nil {
		return nil, fmt.Errorf("write the documentation's page: %w", err)
	}
	own := http.StripPrefix(docsPath+"/", http.FileServerFS(files))
	mux := http.NewServeMux()
	for _, path := range []string{docsPath, docsPath + "/{$}"} {
		mux.HandleFunc(path, func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", "text/html; charset=utf-8")
			_, _ = w.Write(page.Bytes()) // a client that has gone away cannot be told anything
		})
	}
	mux.Handle(docsPath+"/page.css", own)
	mux.Handle(docsPath+"/page.js", own)
	mux.Handle(docsPath+"/", v5emb.NewHandlerWithConfig(swgui.Config{BasePath: docsPath})) // of which only the files are reached
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Security-Policy", documentationPolicy)
		mux.ServeHTTP(w, r)
	}), nil
}
