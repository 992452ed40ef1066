package jsonb_test

import (
	"testing"

	"github.com/lockstep-dev/lockstep/internal/jsonb"
)

// TestMerge has the cases of RFC 7396, appendix A, and those that lost members.
func TestMerge(t *testing.T) {
	t.Parallel()
	for _, c := range [][3]string{
		{`{"a":"b"}`, `{"a":"c"}`, `{"a":"c"}`}, {`{"a":"b"}`, `{"b":"c"}`, `{"a":"b","b":"c"}`}, {`{"a":"b"}`, `{"a":null}`, `{}`},
		{`{"a":"b","b":"c"}`, `{"a":null}`, `{"b":"c"}`}, {`{"a":["b"]}`, `{"a":"c"}`, `{"a":"c"}`}, {`{"a":"c"}`, `{"a":["b"]}`, `{"a":["b"]}`},
		{`{"a":{"b":"c"}}`, `{"a":{"b":"d","c":null}}`, `{"a":{"b":"d"}}`}, {`{"a":[{"b":"c"}]}`, `{"a":[1]}`, `{"a":[1]}`}, {`["a","b"]`, `["c","d"]`, `["c","d"]`},
		{`{"a":"b"}`, `["c"]`, `["c"]`}, {`{"a":"foo"}`, `null`, `null`}, {`{"a":"foo"}`, `"bar"`, `"bar"`}, {`{"e":null}`, `{"a":1}`, `{"a":1,"e":null}`},
		{`[1,2]`, `{"a":"b","c":null}`, `{"a":"b"}`}, {`{}`, `{"a":{"bb":{"ccc":null}}}`, `{"a":{"bb":{}}}`},
		{`{"a":1,"b":{"c":2}}`, `{"b":{"d":3}}`, `{"a":1,"b":{"c":2,"d":3}}`}, {`null`, `{"a":{"b":null,"c":[null]}}`, `{"a":{"c":[null]}}`},
		{`{"a":9007199254740993.000}`, ` { "b" : 1.50 } `, `{"a":9007199254740993.000,"b":1.50}`},
	} {
		if got, err := jsonb.Merge([]byte(c[0]), []byte(c[1])); err != nil || string(got) != c[2] {
			t.Errorf("%s with %s: got %s (%v), want %s", c[0], c[1], got, err, c[2])
		}
	}
}

func TestWithNulls(t *testing.T) {
	t.Parallel()
	for _, c := range [][3]string{
		{`{"a":1}`, `{"a":2,"b":null,"c":3}`, `{"a":1,"b":null}`}, {`{"a":{"b":1}}`, `{"a":{"c":null}}`, `{"a":{"b":1,"c":null}}`},
		{`[1]`, `{"a":null}`, `[1]`}, {`{"a":[{}]}`, `{"a":[{"b":null}]}`, `{"a":[{}]}`},
	} {
		if got, err := jsonb.WithNulls([]byte(c[0]), []byte(c[1])); err != nil || string(got) != c[2] {
			t.Errorf("%s from %s: got %s (%v), want %s", c[0], c[1], got, err, c[2])
		}
	}
}
