package api_test

import (
	"encoding/json"
	"regexp"
	"strings"
	"testing"

	"github.com/lockstep-dev/lockstep/internal/api"
	"github.com/lockstep-dev/lockstep/openapi"
)

func TestContractIsServedWithAnETag(t *testing.T) {
	t.Parallel()
	s := newStack(t)
	got := s.do(t, call{path: "/openapi.json"})
	if got.status != 200 || got.text != string(openapi.Document) {
		t.Fatalf("got %d and %d bytes, want the embedded document", got.status, len(got.text))
	}
	etag := got.header.Get("ETag")
	if again := s.do(t, call{path: "/openapi.json", header: map[string]string{"If-None-Match": etag}}); again.status != 304 || again.text != "" {
		t.Errorf("got %d with If-None-Match %s, want 304", again.status, etag)
	}
}

func TestDocumentationLoadsNothingFromElsewhere(t *testing.T) {
	t.Parallel()
	s := newStack(t)
	page := s.do(t, call{path: "/docs/"})
	if page.status != 200 || !strings.Contains(page.text, "swagger-ui") {
		t.Fatalf("got %d %.200s, want the documentation page", page.status, page.text)
	}
	for _, attribute := range []string{`src="http`, `href="http`, `src="//`, `href="//`} {
		if strings.Contains(page.text, attribute) {
			t.Errorf("the page loads from another origin: %s", attribute)
		}
	}
	if policy := page.header.Get("Content-Security-Policy"); !strings.Contains(policy, "default-src 'none'; script-src 'self'; style-src 'self';") || strings.Contains(policy, "unsafe") {
		t.Errorf("got the policy %q, want one that allows nothing inline", policy)
	}
	if inline := regexp.MustCompile(`<script>|<style|style=|\son\w+=|javascript:`).FindString(page.text); inline != "" {
		t.Errorf("the page has %q inline, which its policy forbids", inline)
	}
	for _, file := range []string{"/docs/swagger-ui-bundle.js", "/docs/swagger-ui.css", "/docs/favicon-32x32.png", "/docs/page.js", "/docs/page.css"} {
		if got := s.do(t, call{path: file}); got.status != 200 {
			t.Errorf("got %d for %s, want 200", got.status, file)
		}
	}
}

// TestDocumentationCanBeSwitchedOff leaves nothing of it: neither the page nor its files.
func TestDocumentationCanBeSwitchedOff(t *testing.T) {
	t.Parallel()
	s := newStack(t)
	off := s.replica(t, s.appURL, "", func(c *api.Config) { c.Documentation = false })
	for _, path := range []string{"/docs", "/docs/", "/docs/page.js", "/docs/swagger-ui-bundle.js"} {
		off.check(t, call{path: path, status: 404, code: "route_not_found"})
	}
	if got := off.do(t, call{path: "/openapi.json"}); got.status != 200 {
		t.Errorf("got %d for the contract, want it as before", got.status)
	}
}

func TestEveryOperationOfTheContractAsksForAToken(t *testing.T) {
	t.Parallel()
	s := newStack(t)
	var document struct {
		Paths map[string]map[string]struct{ OperationID string }
	}
	if err := json.Unmarshal(openapi.Document, &document); err != nil {
		t.Fatal(err)
	}
	operations := 0
	for path, methods := range document.Paths {
		for method := range methods {
			operations++
			s.check(t, call{method: strings.ToUpper(method), path: strings.ReplaceAll(path, "{id}", newID().String()), body: "{}",
				status: 401, code: "unauthenticated"})
		}
	}
	if operations < 19 {
		t.Errorf("got %d operations, want all of four entities", operations)
	}
}

func TestAnswersCarrySecurityHeaders(t *testing.T) {
	t.Parallel()
	s := newStack(t)
	got := s.do(t, call{path: "/v1/users", token: s.acme.admin.token, header: map[string]string{"X-Request-Id": "caller-chose-this"}})
	for name, want := range map[string]string{
		"X-Content-Type-Options": "nosniff", "Cache-Control": "no-store", "X-Request-Id": "caller-chose-this",
		"Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'",
	} {
		if got := got.header.Get(name); got != want {
			t.Errorf("got %s %q, want %q", name, got, want)
		}
	}
	if got := s.do(t, call{path: "/livez", header: map[string]string{"X-Request-Id": "bad id\n"}}); got.header.Get("X-Request-Id") == "bad id\n" {
		t.Error("a request id that could forge a log line was taken over")
	}
}
