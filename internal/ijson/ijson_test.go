package ijson_test

import (
	"encoding/json"
	"strconv"
	"strings"
	"testing"

	"github.com/go-faster/jx"
	"github.com/google/go-cmp/cmp"

	"github.com/lockstep-dev/lockstep/internal/ijson"
)

func TestCheck(t *testing.T) {
	t.Parallel()
	one := func(kind ijson.Kind, pointer string) []ijson.Fault {
		return []ijson.Fault{{Kind: kind, Pointer: pointer}}
	}
	inName := func(kind ijson.Kind, pointer string) []ijson.Fault {
		return []ijson.Fault{{Kind: kind, Pointer: pointer, InName: true}}
	}
	deep := func(n int) string { return strings.Repeat("[", n) + strings.Repeat("]", n) }
	for name, c := range map[string]struct {
		text string
		want []ijson.Fault
	}{
		"object":                       {`{"a": 1, "b": [true, null, {"a": "x"}], "c": {}, "d": []}`, nil},
		"text":                         {`"x"`, nil},
		"pair of surrogates":           {`{"a": "\ud83d\ude00"}`, nil},
		"escaped backslash before u":   {`{"a": "\\ud800 \\u0000"}`, nil},
		"one name in two objects":      {`[{"a": 1}, {"a": {"a": 1}}]`, nil},
		"names of other case":          {`{"a": 1, "A": 2}`, nil},
		"duplicate":                    {`{"a": 1, "b": 2, "a": 3}`, one(ijson.Duplicate, "/a")},
		"duplicate written otherwise":  {`{"a": 1, "\u0061": 2}`, one(ijson.Duplicate, "/a")},
		"duplicate pair of surrogates": {`{"😀": 1, "\ud83d\ude00": 2}`, one(ijson.Duplicate, "/😀")},
		"duplicate inside":             {`{"x": [0, {"a/b~": 1, "a/b~": 2}]}`, one(ijson.Duplicate, "/x/1/a~1b~0")},
		"duplicate empty name":         {`{"": 1, "": 2}`, one(ijson.Duplicate, "/")},
		"high surrogate":               {`{"a": "\ud800"}`, one(ijson.Surrogate, "/a")},
		"low surrogate":                {`["\uDC00"]`, one(ijson.Surrogate, "/0")},
		"surrogates the wrong way":     {`["\ude00\ud83d"]`, one(ijson.Surrogate, "/0")},
		"surrogate before a character": {`["\ud800\u0041"]`, one(ijson.Surrogate, "/0")},
		"surrogate in a name":          {`{"x": {"\ud800": 1}}`, inName(ijson.Surrogate, "/x")},
		"NUL":                          {`{"a": ["", "x\u0000"]}`, one(ijson.NUL, "/a/1")},
		"NUL in a name":                {`{"a\u0000": {"b": 1}}`, inName(ijson.NUL, "")},
		"no UTF-8":                     {"{\"a\": \"\xff\"}", one(ijson.NotUTF8, "/a")},
		"surrogate in UTF-8":           {"{\"a\": \"\xed\xa0\x80\"}", one(ijson.NotUTF8, "/a")},
		"overlong UTF-8":               {"{\"a\": \"\xc0\x80\"}", one(ijson.NotUTF8, "/a")},
		"no UTF-8 in a name":           {"{\"x\": {\"\xff\": 1}}", inName(ijson.NotUTF8, "/x")},
		"no UTF-8 outside of strings":  {"{\"a\": \xff}", one(ijson.NotUTF8, "")},
		"as deep as may be":            {deep(ijson.MaxDepth), nil},
		"deeper":                       {deep(ijson.MaxDepth + 1), one(ijson.Deep, strings.Repeat("/0", ijson.MaxDepth))},
		"deeper, side by side":         {"[" + strings.Repeat(deep(ijson.MaxDepth-1)+",", 3) + "0]", nil},
		"two":                          {`{"a": "\u0000", "b": "\ud800"}`, append(one(ijson.NUL, "/a"), one(ijson.Surrogate, "/b")...)},
		"no JSON":                      {`{"a": "\u0000", "b": }`, nil},
		"cut":                          {`{"a": "\u0000"`, nil},
		"cut escape":                   {`{"a": "\ud8`, nil},
		"bad escape":                   {`{"a": "\u00zz"}`, nil},
		"nothing":                      {``, nil},
		"trailing comma":               {`[1,]`, nil},
		"no comma":                     {`{"a": 1 "a": 2}`, nil},
		"more behind":                  {`{"a": "\u0000"} {"a": 1}`, one(ijson.NUL, "/a")},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if diff := cmp.Diff(c.want, ijson.Check([]byte(c.text))); diff != "" {
				t.Errorf("%s (-want +got):\n%s", c.text, diff)
			}
		})
	}
}

// TestManyNames finds one duplicate among many names, in about the time that reading them takes.
func TestManyNames(t *testing.T) {
	t.Parallel()
	var b strings.Builder
	b.WriteString(`{"first": 0`)
	for i := range 100_000 {
		b.WriteString(`, "` + strconv.Itoa(i) + `": 0`)
	}
	b.WriteString(`, "first": 1}`)
	want := []ijson.Fault{{Kind: ijson.Duplicate, Pointer: "/first"}}
	if diff := cmp.Diff(want, ijson.Check([]byte(b.String()))); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

// TestFaultsAreBounded: an answer that names every fault of a body would be longer than the body.
func TestFaultsAreBounded(t *testing.T) {
	t.Parallel()
	if got := ijson.Check([]byte("[" + strings.Repeat(`"\u0000",`, 1000) + "0]")); len(got) != ijson.MaxFaults {
		t.Errorf("got %d faults, want %d", len(got), ijson.MaxFaults)
	}
	long := strings.Repeat("x", 5000)
	got := ijson.Check([]byte(`{"a": {"` + long + `": "\u0000"}}`))
	if want := []ijson.Fault{{Kind: ijson.NUL, Pointer: "/a"}}; !cmp.Equal(want, got) {
		t.Errorf("got %v, want the member above", got)
	}
}

// TestUsualBodiesCostNothing: nearly all bodies have no fault. A collection may empty the pool, and the race detector does.
func TestUsualBodiesCostNothing(t *testing.T) {
	text := []byte(`{"email": "ada@example.com", "displayName": "Ada \"L\" Łovelace", "status": "active", "managerId": null}`)
	if got := testing.AllocsPerRun(100, func() { ijson.Check(text) }); got > 1 {
		t.Errorf("got %v allocations, want at most one, on average", got)
	}
}

// FuzzCheck holds it to what decoders take: a JSON text that survives being read and written has no fault but its names.
func FuzzCheck(f *testing.F) {
	for _, seed := range []string{`{"a": [1, "\ud83d\ude00", {"b": null}]}`, `"\ud800"`, `{"a": 1, "a": 2}`, "[\"\xff\"]", `{"a" : tru}`} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		faults := ijson.Check(text)
		if !jx.Valid(text) || len(faults) > 0 {
			return
		}
		// Without faults nothing may be lost or replaced on the way: whatever has U+FFFD now had it before.
		var value any
		if err := json.Unmarshal(text, &value); err != nil {
			return
		}
		written, err := json.Marshal(value)
		if err != nil {
			t.Fatal(err)
		}
		had := strings.Contains(string(text), "\ufffd") || strings.Contains(strings.ToLower(string(text)), `\ufffd`)
		if strings.Contains(string(written), "\ufffd") && !had || strings.Contains(string(written), `\u0000`) && !strings.Contains(string(text), `\\u0000`) {
			t.Errorf("%q became %q without a fault", text, written)
		}
	})
}

func BenchmarkCheck(b *testing.B) {
	text := []byte(`{"email": "ada@example.com", "displayName": "Ada Lovelace", "status": "active", "managerId": null}`)
	for b.Loop() {
		ijson.Check(text)
	}
}
