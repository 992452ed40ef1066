package api_test

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"net"
	"net/http"
	"net/textproto"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/lockstep-dev/lockstep/internal/api"
	"github.com/lockstep-dev/lockstep/internal/devissuer"
	"github.com/lockstep-dev/lockstep/internal/ratelimit"
	"github.com/lockstep-dev/lockstep/openapi"
)

// TestTwoTokensAreRefused: a proxy that checks the one and a server that believes the other would let a caller in as somebody.
func TestTwoTokensAreRefused(t *testing.T) {
	t.Parallel()
	s := newStack(t)
	one, other := "Bearer "+s.acme.admin.token, "Bearer "+s.globex.admin.token
	for name, values := range map[string][]string{
		"two":                  {one, other},
		"the same twice":       {one, one},
		"another scheme first": {"Basic eDp5", one},
		"another scheme last":  {one, "Basic eDp5"},
		"one is empty":         {"", one},
		"a list":               {one + ", " + other},
		"a list in one":        {one + "," + s.globex.admin.token},
		"a blank inside":       {one[:40] + " " + one[40:]},
		"a tab inside":         {one[:40] + "\t" + one[40:]},
		"two schemes in one":   {"Bearer " + one},
	} {
		t.Run(name, func(t *testing.T) {
			before := s.statements.Load()
			got := s.check(t, call{path: "/v1/users", headers: http.Header{"Authorization": values}, status: 401, code: "unauthenticated", absent: []string{"eyJ"}})
			if challenge := got.header.Get("WWW-Authenticate"); !strings.HasPrefix(challenge, "Bearer error=") {
				t.Errorf("got WWW-Authenticate %q, want the reason in it", challenge)
			}
			if s.statements.Load() != before {
				t.Error("the database was asked")
			}
		})
	}
	for _, good := range []string{"bearer " + s.acme.admin.token, "BEARER  " + s.acme.admin.token} {
		s.check(t, call{path: "/v1/users", headers: http.Header{"Authorization": {good}}, status: 200})
	}
}

// TestSubjectOfAService holds what names a service to what can be stored and read: a long one was a 422 about a column.
func TestSubjectOfAService(t *testing.T) {
	t.Parallel()
	s := newStack(t)
	token := func(claims map[string]any) string {
		return s.token(t, devissuer.TokenRequest{TenantID: s.acme.id, ClientID: "importer", Scopes: []string{"roles:create", "roles:read"}, Claims: claims})
	}
	named := func(subject any) map[string]any {
		return map[string]any{"sub": subject, "client_id": subject, "azp": subject}
	}
	create := func(token, key string, status int) call {
		return call{method: "POST", path: "/v1/roles", token: token, body: `{"name": "` + key + `"}`, header: map[string]string{"Idempotency-Key": key}, status: status}
	}
	for name, subject := range map[string]any{
		"long": strings.Repeat("x", 256), "very long": strings.Repeat("x", 1000), "NUL": "a\x00b", "line break": "a\r\nb", "escape": "a\x1b[31mb", "deleted": "a\x7f",
		"zero-width space": "a\u200bb", "direction mark": "a\u202eb", "not ASCII": "dienst-ü", "number": 7, "list": []string{"a"},
	} {
		t.Run(name, func(t *testing.T) {
			got := s.check(t, create(token(named(subject)), "refused", 401))
			if detail := got.body["detail"].(string); !strings.Contains(detail, "claim") {
				t.Errorf("got %q, want it to say which claim", detail)
			}
		})
	}
	t.Run("client alone", func(t *testing.T) {
		got := s.check(t, create(token(map[string]any{"sub": nil, "client_id": strings.Repeat("x", 256)}), "refused", 401))
		if detail := got.body["detail"].(string); !strings.Contains(detail, "the claim client_id") {
			t.Errorf("got %q, want it to say which claim", detail)
		}
	})
	for i, good := range []string{"a", strings.Repeat("x", 255), "CN=import job, O=Acme", "auth0|5f7c8ec7c33c6c004bbafe82@clients"} {
		s.check(t, create(token(named(good)), "accepted-"+strconv.Itoa(i), 201))
	}
	// A person is named by another claim: what the sub is does not matter.
	person := devissuer.TokenRequest{TenantID: s.acme.id, UserID: s.acme.admin.id, Claims: map[string]any{"client_id": strings.Repeat("x", 300)}}
	s.check(t, create(s.token(t, person), "person", 201))
}

// TestRequestHeaders repeats headers, and says of a body what the server does not take.
func TestRequestHeaders(t *testing.T) {
	t.Parallel()
	s := newStack(t)
	token, path := s.acme.admin.token, "/v1/users/"+s.acme.member.id.String()
	tag := s.check(t, call{path: path, token: token, status: 200}).header.Get("ETag")
	before := s.fingerprint(t)
	post := func(name string, header http.Header, status int, code, pointer string) call {
		return call{name: name, method: "POST", path: "/v1/roles", body: `{"name": "refused"}`, headers: header, status: status, code: code, pointer: pointer}
	}
	for _, c := range []call{
		post("key twice", http.Header{"Idempotency-Key": {"a", "a"}}, 400, "invalid_parameter", "Idempotency-Key:"),
		post("key in no UTF-8", http.Header{"Idempotency-Key": {"\xff"}}, 400, "invalid_parameter", "Idempotency-Key:"),
		post("gzip", http.Header{"Content-Encoding": {"gzip"}}, 415, "unsupported_media_type", "Content-Encoding:"),
		post("identity and gzip", http.Header{"Content-Encoding": {"identity", "br"}}, 415, "unsupported_media_type", "Content-Encoding:"),
		post("codings in a list", http.Header{"Content-Encoding": {"identity, deflate"}}, 415, "unsupported_media_type", "Content-Encoding:"),
		post("Latin-1", http.Header{"Content-Type": {"application/json; charset=iso-8859-1"}}, 415, "unsupported_media_type", "Content-Type:"),
		post("UTF-16", http.Header{"Content-Type": {`application/json; charset="UTF-16"`}}, 415, "unsupported_media_type", "Content-Type:"),
		post("charset twice", http.Header{"Content-Type": {`application/json; charset=utf-8; charset=latin1`}}, 415, "unsupported_media_type", "Content-Type:"),
		post("type twice", http.Header{"Content-Type": {"application/json", "text/plain"}}, 415, "unsupported_media_type", "Content-Type:"),
		post("types in a list", http.Header{"Content-Type": {"application/json, application/json"}}, 415, "unsupported_media_type", ""),
		post("no type", http.Header{"Content-Type": nil}, 415, "unsupported_media_type", ""),
		post("empty type", http.Header{"Content-Type": {""}}, 415, "unsupported_media_type", ""),
		{name: "charset of a patch", method: "PATCH", path: path, body: `{"displayName": "x"}`, headers: http.Header{"Content-Type": {"application/json; charset=latin1"}}, status: 415, code: "unsupported_media_type"},
		{name: "type of a patch twice", method: "PATCH", path: path, body: `{"displayName": "x"}`, headers: http.Header{"Content-Type": {"application/json", "text/plain"}}, status: 415, code: "unsupported_media_type"},
		{name: "comma in a tag", method: "PATCH", path: path, body: `{}`, headers: http.Header{"If-Match": {`"a,b"`}}, status: 412, code: "precondition_failed"},
		{name: "weak tag", method: "PATCH", path: path, body: `{}`, headers: http.Header{"If-Match": {"W/" + tag}}, status: 412, code: "precondition_failed"},
		{name: "version within a tag", method: "PATCH", path: path, body: `{}`, headers: http.Header{"If-Match": {`"x,1,1-a"`}}, status: 412, code: "precondition_failed"},
		{name: "any and one", method: "PATCH", path: path, body: `{}`, headers: http.Header{"If-Match": {`*, "1"`}}, status: 400, code: "invalid_parameter", pointer: "If-Match:"},
		{name: "any on a line and one on another", method: "PATCH", path: path, body: `{}`, headers: http.Header{"If-Match": {"*", tag}}, status: 400, code: "invalid_parameter", pointer: "If-Match:"},
		{name: "no quotes", method: "DELETE", path: path, headers: http.Header{"If-Match": {"1"}}, status: 400, code: "invalid_parameter", pointer: "If-Match:"},
		{name: "tag in no UTF-8", method: "DELETE", path: path, headers: http.Header{"If-Match": {"\"\xff\""}}, status: 400, code: "invalid_parameter", pointer: "If-Match:"},
		{name: "no tag to compare", path: path, headers: http.Header{"If-None-Match": {"1"}}, status: 400, code: "invalid_parameter", pointer: "If-None-Match:"},
		{name: "other tags", path: path, headers: http.Header{"If-None-Match": {`"a,b", "x"`}}, status: 200},
		{name: "tag behind one with a comma", path: path, headers: http.Header{"If-None-Match": {`"a,b", W/` + tag}}, status: 304},
		{name: "tag on the second line", path: path, headers: http.Header{"If-None-Match": {`"a"`, tag}}, status: 304},
	} {
		t.Run(c.name, func(t *testing.T) {
			c.token = token
			got := s.check(t, c)
			if coded := len(c.headers["Content-Encoding"]) > 0; coded != (got.header.Get("Accept-Encoding") == "identity") {
				t.Errorf("got Accept-Encoding %q", got.header.Get("Accept-Encoding"))
			}
		})
	}
	if s.fingerprint(t) != before {
		t.Error("a refused request changed something")
	}
	for i, good := range []http.Header{
		{"Content-Encoding": {"identity"}}, {"Content-Encoding": {""}}, {"Content-Type": {`application/json; charset="UTF-8"`}}, {"Content-Type": {"APPLICATION/JSON;charset=utf-8"}},
		{"Content-Type": {"application/json; profile=x"}}, {"Idempotency-Key": {"once"}},
	} {
		s.check(t, call{method: "POST", path: "/v1/roles", token: token, body: fmt.Sprintf(`{"name": "role %d"}`, i), headers: good, status: 201})
	}
	for _, good := range [][]string{{`"a,b", TAG`}, {`"a,b"`, "TAG"}, {`,TAG ,, "x"`}, {"*"}} {
		for i := range good {
			good[i] = strings.ReplaceAll(good[i], "TAG", tag)
		}
		got := s.check(t, call{method: "PATCH", path: path, token: token, body: `{"displayName": "after ` + strings.Trim(tag, `"`) + `"}`, headers: http.Header{"If-Match": good}, status: 200})
		tag = got.header.Get("ETag")
	}
}

// sent is an answer as it came over a connection.
type sent struct {
	status int
	fields []string // names as they were written
	header http.Header
	body   string
}

// exchange writes a request to a connection of its own and reads all of the answer.
func exchange(t *testing.T, address, method, path, token, body string, header ...string) sent {
	t.Helper()
	conn, err := net.Dial("tcp4", address)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = conn.Close() }()
	if err := conn.SetDeadline(time.Now().Add(time.Minute)); err != nil {
		t.Fatal(err)
	}
	request := method + " " + path + " HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n"
	if token != "" {
		request += "Authorization: Bearer " + token + "\r\n"
	}
	if body != "" {
		request += "Content-Type: application/json\r\nContent-Length: " + strconv.Itoa(len(body)) + "\r\n"
	}
	for _, h := range header {
		request += h + "\r\n"
	}
	if _, err := io.WriteString(conn, request+"\r\n"+body); err != nil {
		t.Fatal(err)
	}
	text, err := io.ReadAll(conn)
	if err != nil {
		t.Fatal(err)
	}
	head, content, found := strings.Cut(string(text), "\r\n\r\n")
	if !found {
		t.Fatalf("got no head: %q", text)
	}
	first, fields, _ := strings.Cut(head, "\r\n")
	out := sent{body: content}
	if out.status, err = strconv.Atoi(strings.Fields(first)[1]); err != nil {
		t.Fatal(err)
	}
	for field := range strings.SplitSeq(fields, "\r\n") {
		name, _, _ := strings.Cut(field, ":")
		out.fields = append(out.fields, name)
	}
	read, err := textproto.NewReader(bufio.NewReader(strings.NewReader(fields + "\r\n\r\n"))).ReadMIMEHeader()
	if err != nil {
		t.Fatal(err)
	}
	out.header = http.Header(read)
	return out
}

// TestHeadersOnTheWire reads the bytes of answers of every operation: names are written as the contract has them. Clients that
// keep headers in a map found no ETag under Etag, sent no If-Match, and overwrote what they had not seen.
func TestHeadersOnTheWire(t *testing.T) {
	t.Parallel()
	direct := newStack(t)
	s := direct.replica(t, direct.appURL, "", func(c *api.Config) {
		c.Origins = []string{"https://app.example.com"}
		c.RateLimits = ratelimit.Limits{Principal: ratelimit.Policy{Quota: 300, Window: time.Hour}}
	})
	declared, paths := declaredHeaders(t)
	seen := map[string]bool{}
	for _, whole := range []bool{false, true} {
		address := listen(t, s.handler, whole)
		look := func(what string, a sent) {
			for _, name := range a.fields {
				for _, want := range declared {
					if name == want {
						seen[name] = true
					} else if strings.EqualFold(name, want) {
						t.Errorf("%s, whole %t: got the header %s, want %s", what, whole, name, want)
					}
				}
			}
		}
		for path, methods := range paths {
			concrete := strings.ReplaceAll(path, "{id}", s.acme.member.id.String())
			for _, method := range methods {
				body := map[string]string{"POST": `{"name": "role ` + strconv.FormatBool(whole) + `"}`, "PATCH": `{}`}[method]
				if method == "DELETE" {
					concrete = strings.ReplaceAll(path, "{id}", newID().String())
				}
				for _, token := range []string{s.acme.admin.token, ""} {
					a := exchange(t, address, method, concrete, token, body)
					look(method+" "+path, a)
					if token != "" && !slices.Contains(a.fields, "RateLimit") {
						t.Errorf("%s %s: got %v, want the limits", method, path, a.fields)
					}
				}
			}
		}
		user := "/v1/users/" + s.acme.member.id.String()
		tag := exchange(t, address, "GET", user, s.acme.admin.token, "")
		look("not modified", exchange(t, address, "GET", user, s.acme.admin.token, "", "If-None-Match: "+tag.header.Get("ETag")))
		look("coded", exchange(t, address, "POST", "/v1/roles", s.acme.admin.token, "{}", "Content-Encoding: gzip"))
		look("contract", exchange(t, address, "GET", "/openapi.json", "", ""))
	}
	address := listen(t, s.handler, true)
	limited := exchange(t, address, "GET", "/v1/me", s.acme.member.token, "")
	for range 300 { // the quota
		if limited.status != http.StatusTooManyRequests {
			limited = exchange(t, address, "GET", "/v1/me", s.acme.member.token, "")
		}
	}
	for _, name := range limited.fields {
		seen[name] = true
	}
	for _, name := range declared {
		if !seen[name] && name != "Deprecation" && name != "Sunset" {
			t.Errorf("no answer had the header %s", name)
		}
	}
}

// declaredHeaders are those of the contract's answers, and the methods of its paths.
func declaredHeaders(t *testing.T) (names []string, paths map[string][]string) {
	t.Helper()
	var document struct {
		Components struct {
			Headers   map[string]any
			Responses map[string]struct{ Headers map[string]any }
		}
		Paths map[string]map[string]any
	}
	if err := json.Unmarshal(openapi.Document, &document); err != nil {
		t.Fatal(err)
	}
	all := maps.Clone(document.Components.Headers)
	for _, r := range document.Components.Responses {
		maps.Copy(all, r.Headers)
	}
	paths = map[string][]string{}
	for path, methods := range document.Paths {
		for method := range methods {
			paths[path] = append(paths[path], strings.ToUpper(method))
		}
		slices.Sort(paths[path])
	}
	return slices.Sorted(maps.Keys(all)), paths
}

// TestHead asks for the head alone wherever there is something to get: it is that of the GET, and nothing follows it.
func TestHead(t *testing.T) {
	t.Parallel()
	direct := newStack(t)
	s := direct.replica(t, direct.appURL, "", func(c *api.Config) { c.Origins = []string{"https://app.example.com"} })
	_, paths := declaredHeaders(t)
	all := []string{"/livez", "/readyz", "/openapi.json", "/docs", "/v1/nothing"}
	for path, methods := range paths {
		if slices.Contains(methods, "GET") {
			all = append(all, strings.ReplaceAll(path, "{id}", s.acme.member.id.String()))
		}
	}
	all = append(all, "/v1/users?limit=1", "/v1/users?limit=;", "/v1/users/"+newID().String(), "/v1/roles/"+s.acme.memberRole.String())
	const id = "X-Request-Id: the-same-for-both"
	for _, whole := range []bool{false, true} {
		address := listen(t, s.handler, whole)
		for _, path := range all {
			for _, extra := range []string{"Accept: */*", "Origin: https://app.example.com"} {
				get := exchange(t, address, "GET", path, s.acme.admin.token, "", id, extra)
				head := exchange(t, address, "HEAD", path, s.acme.admin.token, "", id, extra)
				get.header.Del("Date")
				get.header.Del("Transfer-Encoding") // of content (RFC 9112, section 6.1)
				head.header.Del("Date")
				if diff := cmp.Diff(get.header, head.header); diff != "" || head.status != get.status {
					t.Errorf("%s, whole %t: got %d, want %d; headers (-GET +HEAD):\n%s", path, whole, head.status, get.status, diff)
				}
				if head.body != "" || get.body == "" {
					t.Errorf("%s, whole %t: got %q after the head, and %d bytes for GET", path, whole, head.body, len(get.body))
				}
			}
		}
	}
	tag := s.check(t, call{path: "/v1/users/" + s.acme.member.id.String(), token: s.acme.admin.token, status: 200}).header.Get("ETag")
	s.check(t, call{method: "HEAD", path: "/v1/users/" + s.acme.member.id.String(), token: s.acme.admin.token, header: map[string]string{"If-None-Match": tag}, status: 304})
	refused := s.check(t, call{method: "PUT", path: "/v1/users", token: s.acme.admin.token, status: 405, code: "method_not_allowed"})
	if allow := refused.header.Get("Allow"); allow != "GET,HEAD,POST" && allow != "GET,POST,HEAD" {
		t.Errorf("got Allow: %s, want HEAD beside GET", allow)
	}
	deactivate := s.check(t, call{method: "HEAD", path: "/v1/users/" + s.acme.member.id.String() + "/deactivate", token: s.acme.admin.token, status: 405})
	if allow := deactivate.header.Get("Allow"); allow != "POST" {
		t.Errorf("got Allow: %s, want POST", allow)
	}
	preflight := s.check(t, call{method: "OPTIONS", path: "/v1/users", header: map[string]string{"Origin": "https://app.example.com", "Access-Control-Request-Method": "HEAD"}, status: 204})
	if got := preflight.header.Get("Access-Control-Allow-Methods"); got != "HEAD" {
		t.Errorf("got Access-Control-Allow-Methods %q, want HEAD", got)
	}
}
