package apifuzz

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
)

// Request is one generated request.
type Request struct {
	Operation *Operation // whose answers it must get; nil where no operation is meant
	Method    string
	Target    string // path and query as they go over the wire
	Header    http.Header
	Body      string
	Caller    Caller
	// Invalid is the rule of the contract that the request breaks, empty when it breaks none: then it must not be refused as
	// malformed either.
	Invalid string
	// Repeats is the answer that the same request got before, with the same Idempotency-Key: it must be answered alike.
	Repeats *Answer
	// Known says that the caller's Idempotency-Key was sent before: the answer may be a kept one.
	Known bool
	// Reuses says that the request has the Idempotency-Key of another one: it must be refused.
	Reuses bool
	// Hostile requests promise nothing about their validity.
	Hostile string
}

// String is the request in a form to repeat it by hand: the caller's name stands for its token.
func (r *Request) String() string {
	var out strings.Builder
	fmt.Fprintf(&out, "%s %s\n", r.Method, r.Target)
	if r.Caller.Name != "" {
		fmt.Fprintf(&out, "Authorization: <%s>\n", r.Caller.Name)
	}
	for _, name := range sortedKeys(r.Header) {
		for _, value := range r.Header[name] {
			fmt.Fprintf(&out, "%s: %s\n", name, value)
		}
	}
	if r.Body != "" {
		body := r.Body
		if len(body) > 1000 {
			body = fmt.Sprintf("%s… (%d bytes)", body[:1000], len(body))
		}
		fmt.Fprintf(&out, "\n%q\n", body)
	}
	for about, text := range map[string]string{"breaks the contract: ": r.Invalid, "hostile: ": r.Hostile} {
		if text != "" {
			fmt.Fprintf(&out, "(%s%s)\n", about, text)
		}
	}
	return out.String()
}

// http returns the request as net/http's server would hand it to a handler; nil where it would not reach one.
func (r *Request) http() *http.Request {
	target, err := url.ParseRequestURI(r.Target)
	if err != nil {
		return nil
	}
	out, err := http.NewRequestWithContext(context.Background(), r.Method, r.Target, strings.NewReader(r.Body))
	if err != nil {
		return nil
	}
	out.URL, out.RequestURI, out.Host, out.RemoteAddr = target, r.Target, "api.example.com", "192.0.2.1:1234"
	for name, values := range r.Header {
		out.Header[name] = slices.Clone(values)
	}
	if r.Caller.Authorization != "" {
		out.Header.Set("Authorization", r.Caller.Authorization)
	}
	return out
}
