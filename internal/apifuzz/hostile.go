package apifuzz

import (
	"net/http"
	"strings"
)

// spoilBody turns the body into something that is no JSON object, or one that readers disagree about.
func (g *generator) spoilBody(r *Request) {
	if r.Body == "" {
		r.Body, r.Hostile = pick(g.Rand, []string{"{}", "null", "x", "\x00"}), "body where none is taken"
		r.Header.Set("Content-Type", "application/json")
		return
	}
	name := strings.Repeat("n", 10)
	if _, schema := r.Operation.body(); len(schema.Properties) > 0 {
		name = pick(g.Rand, sortedKeys(schema.Properties))
	}
	deep := 20_000
	type spoilt struct {
		rule, body string
		invalid    bool
	}
	s := pick(g.Rand, []spoilt{
		{"no body", "", true},
		{"blanks", "  \n\t ", true},
		{"cut off", r.Body[:len(r.Body)-1], true},
		{"cut within", r.Body[:g.IntN(len(r.Body))], true},
		{"trailing text", r.Body + " x", true},
		{"two values", r.Body + r.Body, true},
		{"null", "null", true},
		{"true", "true", true},
		{"number", "-0", true},
		{"text", `"text"`, true},
		{"array", "[" + r.Body + "]", true},
		{"deep array", strings.Repeat("[", deep) + strings.Repeat("]", deep), true},
		{"deep unclosed", strings.Repeat(`{"a":`, deep), true},
		{"deep field", `{"` + name + `":` + strings.Repeat("[", deep) + strings.Repeat("]", deep) + "}", true},
		{"single quotes", `{'` + name + `': 'x'}`, true},
		{"comment", "/* */" + r.Body, true},
		{"NaN", `{"` + name + `": NaN}`, true},
		{"not UTF-8", `{"` + name + `": "` + "\xff\xfe" + `"}`, true},
		{"overlong UTF-8", `{"` + name + `": "` + "\xc0\xaf" + `"}`, true},
		{"NUL escaped", `{"` + name + `": "a\u0000b"}`, true},
		{"NUL", `{"` + name + `": "a` + "\x00" + `b"}`, true},
		{"control character", `{"` + name + `": "a` + "\x01" + `"}`, true},
		{"lone surrogate", `{"` + name + `": "\ud800"}`, true},
		{"surrogates turned around", `{"` + name + `": "\udc00\ud800"}`, true},
		{"surrogate pair", `{"` + name + `": "\ud83d\ude80"}`, false},
		{"field twice", `{"` + name + `": null, ` + strings.TrimPrefix(r.Body, "{"), false},
		{"byte order mark", "\uFEFF" + r.Body, true},
		{"huge number", `{"` + name + `": 1` + strings.Repeat("0", 5000) + "}", false},
		{"huge exponent", `{"` + name + `": 1e1000000000}`, false},
		{"too large", `{"` + name + `": "` + strings.Repeat("x", 100_000) + `"}`, false},
		{"line separators", `{"` + name + "\": \"\u2028\u2029\u0085\"}", false},
		{"direction marks", `{"` + name + "\": \"\u202e\u200b\u2066\"}", false},
		{"noncharacter", `{"` + name + "\": \"\uffff\U0010ffff\"}", false},
	})
	r.Body = s.body
	if s.invalid {
		r.Invalid = "body: " + s.rule
	} else {
		r.Hostile = "body: " + s.rule
	}
}

// decorate adds headers and parameters that the operation does not ask for, or that proxies and attackers send.
func (g *generator) decorate(r *Request) {
	r.Hostile = "decorated"
	with := func(pair string) {
		separator := "?"
		if strings.Contains(r.Target, "?") {
			separator = "&"
		}
		r.Target += separator + pair
	}
	switch g.IntN(12) {
	case 0:
		with("noSuchParameter=1")
		r.Invalid = "a query that is not the operation's"
	case 1:
		with("%00=%00")
		r.Invalid = "a query that is not the operation's"
	case 2:
		with("cursor=" + pick(g.Rand, []string{"", "x", "AAAA", "eyJhIjoxfQ", "%ff%fe", strings.Repeat("A", 5000), "..%2f"}))
	case 3:
		with("limit=1&limit=2&limit=x")
		r.Invalid = "a query that is not the operation's"
	case 4:
		with("a=%zz&=&&;")
		r.Invalid = "a query that is not the operation's"
	case 5:
		r.Header.Set("If-None-Match", pick(g.Rand, append([]string{"*", `""`, `W/"1"`, "garbage", strings.Repeat(`"a",`, 1000)}, g.etags...)))
	case 6:
		r.Header.Set("If-Match", pick(g.Rand, append([]string{"*", `""`, `W/"1"`, "garbage", `"99999999999999999999"`, `"9999999999"`, `"-1"`, `"1`, `"a"`, `"1", W/"2"`, ","}, g.etags...)))
	case 7:
		r.Header.Set("Idempotency-Key", pick(g.Rand, []string{"", " ", "ключ", strings.Repeat("k", 10_000), "a\tb", "'; --"}))
	case 8:
		r.Header.Set("X-Request-Id", pick(g.Rand, []string{"\x7f", strings.Repeat("r", 10_000), "../../etc", "good-request-id"}))
	case 9:
		r.Header.Set("X-Http-Method-Override", "DELETE")
	case 10:
		r.Header.Set("Accept", pick(g.Rand, []string{"text/html", "application/xml", "*/*;q=0", ""}))
	case 11:
		r.Header.Set("Prefer", "return=minimal")
		r.Header.Set("Range", "bytes=0-1")
		r.Header.Set("Accept-Encoding", "gzip, br")
	}
}

// spoilType declares the body to be something else.
func (g *generator) spoilType(r *Request) {
	if r.Body == "" {
		g.decorate(r)
		return
	}
	type spoilt struct {
		value   string
		invalid bool
	}
	s := pick(g.Rand, []spoilt{
		{"", true}, {"text/plain", true}, {"application/xml", true}, {"application/jsonx", true}, {"multipart/form-data", true},
		{"application/x-www-form-urlencoded", true}, {"garbage", true}, {";;", true}, {"application/json; charset=utf-8", false},
		{"APPLICATION/JSON", false}, {"application/json;charset=latin1", true}, {"application/json, text/plain", false}, {"*/*", false},
		{"application/json; charset", false}, {"application/merge-patch+json", false},
	})
	r.Header.Set("Content-Type", s.value)
	if s.value == "" {
		r.Header.Del("Content-Type")
	}
	if s.invalid {
		r.Invalid = "content type " + s.value
	} else {
		r.Hostile = "content type " + s.value
	}
}

// misroute asks for a path or a method that the contract does not have.
func (g *generator) misroute(r *Request) {
	r.Operation = nil
	path, query, _ := strings.Cut(r.Target, "?")
	switch g.IntN(4) {
	case 0:
		r.Method = pick(g.Rand, []string{http.MethodPut, http.MethodTrace, http.MethodOptions, "PROPFIND", "get", http.MethodConnect})
		r.Hostile = "method"
		return
	case 1:
		path = pick(g.Rand, []string{"/", "/v1", "/v2/users", "/v1/no-such-things", path + "/no-such-part", "/V1/USERS", "/.env", "/v1/%2e%2e/readyz"})
	case 2:
		path = pick(g.Rand, []string{path + "/", "/" + path, path + "%2f", path + "%00", path + ";a=b", strings.Replace(path, "/v1", "/v1/.", 1), path + "//"})
	case 3:
		path += pick(g.Rand, []string{"%ff", "%F0%9F%9A%80", strings.Repeat("x", 5000), "'--", "%0d%0aX-A:b", "\\"})
	}
	r.Target, r.Hostile = path, "path"
	if query != "" {
		r.Target += "?" + query
	}
}
