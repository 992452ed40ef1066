package api

import (
	"mime"
	"net/http"
	"strings"
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

// secureHeaders sets what every answer carries: an API is not a page, so nothing may be loaded, framed or guessed from it,
// and answers to a token must not be kept by shared caches.
func secureHeaders(next http.Handler) http.Handler {
	// The keys are in the form that http.Header keeps, and the values shared: nobody changes one, only replaces it.
	fixed := map[string][]string{
		"X-Content-Type-Options":  {"nosniff"},
		"X-Frame-Options":         {"DENY"},
		"Referrer-Policy":         {"no-referrer"},
		"Content-Security-Policy": {"default-src 'none'; frame-ancestors 'none'"},
		"Cache-Control":           {"no-store"},
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h := w.Header()
		for name, values := range fixed {
			h[name] = values
		}
		next.ServeHTTP(w, r)
	})
}

// mergePatch lets callers send a merge patch as plain application/json, which many clients do.
func mergePatch(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method == http.MethodPatch {
			if mediaType, _, err := mime.ParseMediaType(r.Header.Get("Content-Type")); err == nil && mediaType == "application/json" {
				r.Header.Set("Content-Type", "application/merge-patch+json")
			}
		}
		next.ServeHTTP(w, r)
	})
}
