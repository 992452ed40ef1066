package serving

import "net/http"

// hangUp has connections closed after their answer while the server drains: clients that keep theirs would go on sending
// requests here, and lose one when the server stops (RFC 9112, section 9.6).
func hangUp(draining func() bool, next http.Handler) http.Handler {
	closing := []string{"close"}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if draining() {
			w.Header()["Connection"] = closing
		}
		next.ServeHTTP(w, r)
	})
}
