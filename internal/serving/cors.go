package serving

import (
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"time"

	"github.com/rs/cors"
)

// preflightAge is how long a browser may keep the answer to a preflight request.
const preflightAge = 10 * time.Minute

// corsHeaders are what a browser's script may send, and corsExposed what it may read, besides the safelisted ones.
var (
	corsHeaders = []string{"Authorization", "Content-Type", "If-Match", "If-None-Match", "Idempotency-Key", "Traceparent", "Tracestate", "X-Request-Id"}
	corsExposed = []string{"ETag", "Location", "RateLimit", "RateLimit-Policy", "Retry-After", "WWW-Authenticate", "X-Request-Id"}
)

// allowOrigins lets scripts of these origins call the API, with credentials (Fetch standard, "CORS protocol"). Preflight
// requests are answered here, before anybody asks for a token. To other origins it says nothing, and browsers refuse.
func allowOrigins(origins []string, next http.Handler) (http.Handler, error) {
	if len(origins) == 0 {
		return next, nil
	}
	for _, origin := range origins {
		if err := CheckOrigin(origin); err != nil {
			return nil, err
		}
	}
	return cors.New(cors.Options{
		// Compared exactly: the library's own list takes wildcards and ignores case.
		AllowOriginFunc:  func(origin string) bool { return slices.Contains(origins, origin) },
		AllowedMethods:   []string{http.MethodGet, http.MethodHead, http.MethodPost, http.MethodPatch, http.MethodDelete},
		AllowedHeaders:   corsHeaders,
		ExposedHeaders:   corsExposed,
		AllowCredentials: true,
		MaxAge:           int(preflightAge.Seconds()),
	}).Handler(next), nil
}

// CheckOrigin reports what is wrong with an origin that is to be allowed.
func CheckOrigin(origin string) error {
	if err := checkOrigin(origin); err != nil {
		return fmt.Errorf("allowed origin %q: %w", origin, err)
	}
	return nil
}

// checkOrigin accepts what a browser sends as Origin: scheme, host and port, nothing else, and never "null" or a wildcard,
// which with credentials would let anybody in.
func checkOrigin(origin string) error {
	u, err := url.Parse(origin)
	if err != nil || u.Scheme != "https" && u.Scheme != "http" || u.Host == "" || origin != u.Scheme+"://"+u.Host {
		return fmt.Errorf("give an exact origin such as https://app.example.com, without path and wildcard")
	}
	for _, c := range u.Host {
		if c == '*' || c >= 'A' && c <= 'Z' {
			return fmt.Errorf("give an exact origin such as https://app.example.com, in lower case and without wildcard")
		}
	}
	return nil
}
