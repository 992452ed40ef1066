package serving

import (
	"net/http"
	"strings"

	"github.com/lockstep-dev/lockstep/internal/httpio"
)

// operationsPrefix is where all operations of the contract are, and no page.
const operationsPrefix = "/v1/"

// pagesOr serves what the mux has a pattern for and leaves the rest to next. As a pattern of the mux, next would lose the
// paths that the mux finds untidy (//v1/users): it redirects them, which is no answer of the contract.
func pagesOr(mux *http.ServeMux, next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if !strings.HasPrefix(r.URL.Path, operationsPrefix) {
			if _, pattern := mux.Handler(r); pattern != "" {
				mux.ServeHTTP(w, r)
				return
			}
		}
		next.ServeHTTP(w, r)
	})
}

// asGet serves HEAD as GET (RFC 9110, section 9.3.2). net/http, whose own request stays as it is, sends no content.
func asGet(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method == http.MethodHead {
			get := *r
			get.Method, r = http.MethodGet, &get
		}
		next.ServeHTTP(w, r)
	})
}

// mergePatch lets callers send a merge patch as plain application/json, which many clients do.
func mergePatch(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method == http.MethodPatch {
			if mediaType, _, err := httpio.MediaType(r.Header.Get("Content-Type")); err == nil && mediaType == "application/json" {
				r.Header.Set("Content-Type", "application/merge-patch+json")
			}
		}
		next.ServeHTTP(w, r)
	})
}
