package serving

import (
	"net/http"

	"github.com/lockstep-dev/lockstep/internal/problem"
)

const (
	// maxURL is the most bytes of a URL, which holds filters and a cursor.
	maxURL = 8 << 10
	// maxHeaders is the most bytes of all headers, which hold a token of 8 KiB at most. net/http itself gives up at
	// twice as much (cmd/server), before there is a request, and answers in plain text.
	maxHeaders = 16 << 10
)

// limitHead refuses requests whose URL or headers are larger than any good one's.
func limitHead(f *failures, next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if len(r.RequestURI) > maxURL {
			f.write(r.Context(), w, problem.Of(problem.URLTooLong, maxURL))
			return
		}
		size := 0
		for name, values := range r.Header {
			for _, value := range values {
				size += len(name) + len(value) + len(": \r\n")
			}
		}
		if size > maxHeaders {
			f.write(r.Context(), w, problem.Of(problem.HeadersTooLarge, maxHeaders))
			return
		}
		next.ServeHTTP(w, r)
	})
}
