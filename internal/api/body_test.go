package api_test

import (
	"cmp"
	"net/url"
	"strings"
	"testing"
)

// TestBodyIsReadAsItWasSent sends JSON that decoders read in more than one way, or replace parts of.
func TestBodyIsReadAsItWasSent(t *testing.T) {
	t.Parallel()
	s := newStack(t)
	token, user := s.acme.admin.token, "/v1/users/"+s.acme.member.id.String()
	before := s.fingerprint(t)
	for _, c := range []call{
		{name: "member twice", body: `{"displayName": "One", "displayName": "Two"}`, status: 422, pointer: "/displayName"},
		{name: "member twice, written in two ways", body: `{"displayName": "One", "display\u004eame": "Two"}`, status: 422, pointer: "/displayName"},
		{name: "lone surrogate", body: `{"displayName": "x\ud800"}`, status: 422, pointer: "/displayName"},
		{name: "low surrogate first", body: `{"displayName": "\ude00\ud83d"}`, status: 422, pointer: "/displayName"},
		{name: "surrogate in a name", body: `{"\ud800": 1}`, status: 422, pointer: ""},
		{name: "no UTF-8", body: "{\"displayName\": \"x\xff\"}", status: 400, code: "invalid_json", pointer: "/displayName"},
		{name: "no UTF-8 in a name", body: "{\"x\xff\": 1}", status: 400, code: "invalid_json"},
		{name: "surrogate as UTF-8", body: "{\"displayName\": \"\xed\xa0\x80\"}", status: 400, code: "invalid_json", pointer: "/displayName"},
		{name: "Latin-1", body: "{\"displayName\": \"Zo\xeb\"}", status: 400, code: "invalid_json", pointer: "/displayName"},
		{name: "UTF-16", body: "\xfe\xff\x00{\x00}", status: 400, code: "invalid_json"},
		{name: "byte order mark", body: "\ufeff{}", status: 400, code: "invalid_json"},
		{name: "trailing object", body: `{} {}`, status: 400, code: "invalid_json"},
		{name: "trailing text", body: `{} x`, status: 400, code: "invalid_json"},
		{name: "trailing comma", body: `{"displayName": "x",}`, status: 400, code: "invalid_json"},
		{name: "nested too deeply", body: `{"displayName": ` + strings.Repeat("[", 73) + strings.Repeat("]", 73) + `}`, status: 422, pointer: "/displayName" + strings.Repeat("/0", 71)},
		{name: "inside an array", method: "POST", path: "/v1/roles", body: `{"name": "x", "permissions": ["users:read", "\ud800"]}`, status: 422, pointer: "/permissions/1"},
		{
			name: "custom operation", method: "POST", path: "/v1/tenants", token: s.platform, status: 422, pointer: "/administrator/email",
			body: `{"name": "I", "slug": "initech", "administrator": {"email": "bill@initech.example", "displayName": "B", "email": "bob@initech.example"}}`,
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			c.method, c.path, c.token = cmp.Or(c.method, "PATCH"), cmp.Or(c.path, user), cmp.Or(c.token, token)
			c.code = cmp.Or(c.code, "validation_failed")
			s.check(t, c)
		})
	}
	if s.fingerprint(t) != before {
		t.Error("a refused request changed something")
	}
	t.Run("bounded", func(t *testing.T) {
		body := `{"name": "x", "permissions": [` + strings.Repeat(`"\u0000",`, 5000) + `""]}`
		got := s.check(t, call{method: "POST", path: "/v1/roles", token: token, body: body, status: 422})
		if n := len(got.body["errors"].([]any)); n > 20 {
			t.Errorf("got %d violations of one body", n)
		}
	})
	s.check(t, call{method: "PATCH", path: user, token: token, body: `{"displayName": "\ud83d\ude00 é"}`, status: 200, want: `{"displayName": "😀 é"}`})
}

// TestTextThatCannotBeStored sends U+0000 in every place of a request that may hold text. Postgres refuses it without saying
// where it was.
func TestTextThatCannotBeStored(t *testing.T) {
	t.Parallel()
	s := newStack(t)
	token, user := s.acme.admin.token, "/v1/users/"+s.acme.member.id.String()
	key := map[string]string{"Idempotency-Key": "nul"}
	before := s.fingerprint(t)
	for _, c := range []call{
		{name: "field", method: "POST", path: "/v1/roles", body: `{"name": "a\u0000b"}`, status: 422, pointer: "/name"},
		{name: "with a key", method: "POST", path: "/v1/roles", body: `{"name": "a\u0000b"}`, header: key, status: 422, pointer: "/name"},
		{name: "item", method: "POST", path: "/v1/roles", body: `{"name": "a", "permissions": ["users:read", "\u0000"]}`, status: 422, pointer: "/permissions/1"},
		{name: "patch", method: "PATCH", path: user, body: `{"displayName": "\u0000"}`, status: 422, pointer: "/displayName"},
		{name: "after an escaped backslash", method: "PATCH", path: user, body: `{"displayName": "\\\u0000"}`, status: 422, pointer: "/displayName"},
		{
			name: "custom operation", method: "POST", path: "/v1/tenants", token: s.platform, status: 422, pointer: "/administrator/displayName",
			body: `{"name": "I", "slug": "initech", "administrator": {"email": "bill@initech.example", "displayName": "B\u0000"}}`,
		},
		{name: "search", path: "/v1/users?limit=1&q=a%00b", status: 400, pointer: "?q"},
		{name: "custom query", path: user + "/reports?depth=%00", status: 400, pointer: "?depth"},
		{name: "id", path: "/v1/users/%00", status: 400, pointer: "?id"},
		{name: "sort", path: "/v1/users?sort=%00", status: 400, pointer: "?sort"},
		{name: "cursor", path: "/v1/users?cursor=%00", status: 400, pointer: "?cursor"},
	} {
		t.Run(c.name, func(t *testing.T) {
			if c.token == "" {
				c.token = token
			}
			c.code = map[int]string{400: "invalid_parameter", 422: "validation_failed"}[c.status]
			s.check(t, c)
		})
	}
	if s.fingerprint(t) != before {
		t.Error("a refused request changed something")
	}
	t.Run("says what it is", func(t *testing.T) {
		got := s.check(t, call{method: "POST", path: "/v1/roles", token: token, body: `{"name": "a\u0000b"}`, status: 422})
		violation := got.body["errors"].([]any)[0].(map[string]any)
		if violation["code"] != "invalid_character" || violation["detail"] != "The text contains the character U+0000, which cannot be stored." {
			t.Errorf("got %v", violation)
		}
	})
	t.Run("all of them at once", func(t *testing.T) {
		got := s.check(t, call{method: "POST", path: "/v1/roles", token: token, body: `{"name": "\u0000", "permissions": ["\u0000"]}`, status: 422})
		if violations := got.body["errors"].([]any); len(violations) != 2 {
			t.Errorf("got %v, want both fields", violations)
		}
	})
	t.Run("its name is no text with it", func(t *testing.T) {
		s.check(t, call{method: "PATCH", path: user, token: token, body: `{"displayName": "\\u0000"}`, status: 200, want: `{"displayName": "\\u0000"}`})
		s.check(t, call{path: "/v1/users?q=" + url.QueryEscape("%00"), token: token, status: 200})
	})
}
