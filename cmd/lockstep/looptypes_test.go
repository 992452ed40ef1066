package main

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"
)

// exhibit is a body with every field, at the edges of their types.
const exhibit = `{
	"text": "ä 𝒳 \"\\ \n", "textDefault": "", "textNull": "x", "longNull": "long",
	"int": -9007199254740991, "intDefault": 0, "intNull": 7, "int8": -128, "int16Null": 32767, "int32": -2147483648,
	"int64": 9007199254740991, "uint": 0, "uint8": 255, "uint32Null": 4294967295,
	"float": 0.1, "floatDefault": -1e+300, "floatNull": 5e-324, "float32": 0.3,
	"decimal": "12345678901234567890.123456789", "decimalNull": "0.0001", "bool": false, "boolDefault": false, "boolNull": true,
	"time": "2026-01-02T03:04:05.000006Z", "timeNull": "1999-12-31T23:59:59.999999Z", "date": "2024-02-29", "dateNull": "0001-01-01",
	"uuid": "01900000-0000-7000-8000-000000000000", "uuidNull": "00000000-0000-0000-0000-000000000000",
	"enum": "blue", "enumDefault": "blue", "enumNull": "red", "bytes": "AP8=", "bytesNull": "AA==",
	"array": ["a", "", "{}\"'"], "strings": ["b"], "stringsNull": [], "ints": [-1, 0], "intsNull": [3], "floatsNull": [0.5],
	"free": {"a": [1, null, {"b": "c"}], "d": 0.25, "": true}, "freeNull": {},
	"typed": {"street": "Kaigata 1", "zip": "5003", "since": "2020-05-17T00:00:00.5Z", "floor": -2, "rooms": [{"name": "hall", "area": 20.5}]},
	"typedNull": {"street": "", "zip": null, "since": "2020-05-17T00:00:00Z"},
	"listNull": [{"street": "S", "zip": null, "since": "2020-05-17T00:00:00Z"}],
	"mailNull": "a@example.com", "code": "C1", "old": "o"
}`

// useExhibits sends a value of every type and reads it back: from the answer, by get, in a list and after a patch.
func useExhibits(t *testing.T, s *served) {
	c := s.ours.in(t)
	want := object(t, exhibit)
	body := object(t, exhibit)
	body["pin"] = "4711"
	created := c.do("POST", "/v1/exhibits", text(t, body), http.StatusCreated)
	path := "/v1/exhibits/" + created["id"].(string)
	compare(t, "created", want, created)
	compare(t, "got", want, c.do("GET", path, "", http.StatusOK))
	list := func(query url.Values) []any {
		t.Helper()
		return c.do("GET", "/v1/exhibits?"+query.Encode(), "", http.StatusOK)["data"].([]any)
	}
	compare(t, "listed", want, list(nil)[0].(map[string]any))
	_, header := c.exchange("PATCH", path, `{"text": "changed", "pin": "0815"}`, http.StatusOK)
	if header.Get("Deprecation") != "@1793491200" || header.Get("Sunset") != "Sat, 01 May 2027 00:00:00 GMT" {
		t.Errorf("got headers %v of a deprecated operation", header)
	}
	want["text"] = "changed"
	compare(t, "patched", want, c.do("GET", path, "", http.StatusOK))

	// Null clears what can be null, and nothing else.
	nulls := map[string]any{}
	for name := range want {
		if strings.HasSuffix(name, "Null") {
			nulls[name], want[name] = nil, nil
		}
	}
	compare(t, "cleared", want, c.do("PATCH", path, text(t, nulls), http.StatusOK))
	compare(t, "got cleared", want, c.do("GET", path, "", http.StatusOK))
	for name := range want {
		if strings.HasSuffix(name, "Null") || name == "code" {
			continue
		}
		refused := c.do("PATCH", path, text(t, map[string]any{name: nil}), http.StatusUnprocessableEntity)
		if !strings.Contains(fmt.Sprint(refused["errors"]), "/"+name) {
			t.Errorf("null of %s: got %v, want its pointer", name, refused)
		}
	}
	// What must be there, what has a default and what may be null, when absent.
	for name := range body {
		if strings.HasSuffix(name, "Null") || strings.HasSuffix(name, "Default") || name == "old" {
			continue
		}
		less := object(t, text(t, body))
		delete(less, name)
		less["code"] = "C2"
		if name == "code" {
			delete(less, name)
		}
		refused := c.do("POST", "/v1/exhibits", text(t, less), http.StatusUnprocessableEntity)
		if !strings.Contains(fmt.Sprint(refused["errors"]), "/"+name) {
			t.Errorf("without %s: got %v, want its pointer", name, refused)
		}
	}
	least := object(t, text(t, body))
	for name := range body {
		if strings.HasSuffix(name, "Null") || strings.HasSuffix(name, "Default") {
			delete(least, name)
		}
	}
	least["code"] = "C3"
	got := c.withKey("least").do("POST", "/v1/exhibits", text(t, least), http.StatusCreated)
	if again := c.withKey("least").do("POST", "/v1/exhibits", text(t, least), http.StatusCreated); text(t, again) != text(t, got) {
		t.Errorf("the repetition got %v, the first %v", again, got)
	}
	for name := range body {
		if strings.HasSuffix(name, "Null") && got[name] != nil {
			t.Errorf("got %v for the absent %s, want null", got[name], name)
		}
	}
	for name, want := range map[string]any{"textDefault": "plain", "intDefault": json.Number("3"), "floatDefault": json.Number("0.5"), "boolDefault": true, "enumDefault": "red"} {
		if got[name] != want {
			t.Errorf("got %v for the absent %s, want %v", got[name], name, want)
		}
	}

	// A filter by null stands beside a range of the same field.
	c.do("PATCH", path, `{"intNull": 5}`, http.StatusOK)
	for query, want := range map[string]int{
		"intNullNull=true": 1, "intNullNull=false": 1, "intNull[gte]=5&intNullNull=false": 1, "intNull[gte]=6&intNullNull=false": 0,
		"intNull[gte]=5&intNullNull=true": 0, "dateNull[gte]=2000-01-01&dateNullNull=true": 0, "decimal[eq]=12345678901234567890.123456789": 2,
		"decimal[eq]=1": 0, "timeNull[lt]=2030-01-01T00:00:00Z&timeNullNull=false": 0,
	} {
		values, err := url.ParseQuery(query)
		if err != nil {
			t.Fatal(err)
		}
		if rows := list(values); len(rows) != want {
			t.Errorf("%s: got %d rows, want %d", query, len(rows), want)
		}
	}
	// The structure of a JSON field is part of the contract, and no text may have U+0000 in it.
	const address = `"zip": null, "since": "2020-05-17T00:00:00Z"`
	for value, pointer := range map[string]string{
		`{"typed": {"street": 1, ` + address + `}}`:                                                                       "/typed/street",
		`{"typedNull": {"street": "S", "zip": null}}`:                                                                     "/typedNull/since",
		`{"typed": {"street": "S", ` + address + `, "floor": 128}}`:                                                       "/typed/floor",
		`{"typed": {"street": "S", ` + address + `, "extra": 1}}`:                                                         "/typed/extra",
		`{"typed": {"street": "S", ` + address + `, "rooms": [{"name": "a", "area": 1}, {"name": "b"}]}}`:                 "/typed/rooms/1/area",
		`{"typed": {"street": "S", ` + address + `, "rooms": [{"name": "a", "area": "1"}]}}`:                              "/typed/rooms/0/area",
		`{"typed": {"street": "S", ` + address + `, "rooms": [{"name": "a", "area": 1}, {"name": "b", "are": 1}]}}`:       "/typed/rooms/1/are",
		`{"typed": {"street": "S", ` + address + `, "rooms": [{"name": "a", "area": 1}, {"name": "\u0000", "area": 1}]}}`: "/typed/rooms/1/name",
		`{"listNull": [{"street": "S", ` + address + `}, {"street": "S"}]}`:                                               "/listNull/1/since /listNull/1/zip",
		`{"ints": [1, "x"]}`:                                   "/ints/1",
		`{"text": "a\u0000b"}`:                                 "/text",
		`{"longNull": "a\u0000b"}`:                             "/longNull",
		`{"array": ["a", "\u0000"]}`:                           "/array/1",
		`{"stringsNull": ["\u0000"]}`:                          "/stringsNull/0",
		`{"free": {"a/b": [1, {"c": "\u0000"}]}}`:              "/free/a~1b/1/c",
		`{"free": {"a": 1e400}}`:                               "/free/a",
		`{"freeNull": {"a": [-1e400]}}`:                        "/freeNull/a/0",
		`{"freeNull": {"a": [{"b\u0000": "c"}]}}`:              "/freeNull/a/0",
		`{"typedNull": {"street": "\u0000", ` + address + `}}`: "/typedNull/street",
	} {
		refused := c.do("PATCH", path, value, http.StatusUnprocessableEntity)
		var pointers []string
		for _, violation := range refused["errors"].([]any) {
			pointers = append(pointers, fmt.Sprint(violation.(map[string]any)["pointer"]))
		}
		slices.Sort(pointers)
		if got := strings.Join(pointers, " "); got != pointer {
			t.Errorf("%s: got %v, want the pointer %s", value, refused["errors"], pointer)
		}
	}
}

// compare holds an answer to what was sent: every member, and no sensitive one.
func compare(t *testing.T, when string, want, got map[string]any) {
	t.Helper()
	for name, value := range want {
		if !alike(value, got[name]) {
			t.Errorf("%s: %s is %v, want %v", when, name, got[name], value)
		}
	}
	if _, shown := got["pin"]; shown {
		t.Errorf("%s: the sensitive field is shown", when)
	}
}

// alike compares JSON values, numbers by value and times as instants.
func alike(want, got any) bool {
	switch want := want.(type) {
	case json.Number:
		number, ok := got.(json.Number)
		if !ok {
			return false
		}
		a, errA := want.Float64()
		b, errB := number.Float64()
		i, errI := want.Int64()
		j, errJ := number.Int64()
		return errA == nil && errB == nil && a == b && (errI != nil || errJ != nil || i == j)
	case map[string]any:
		other, ok := got.(map[string]any)
		if !ok || len(other) < len(want) {
			return false
		}
		for name := range want {
			if !alike(want[name], other[name]) {
				return false
			}
		}
		return true
	case []any:
		other, ok := got.([]any)
		if !ok || len(other) != len(want) {
			return false
		}
		for i := range want {
			if !alike(want[i], other[i]) {
				return false
			}
		}
		return true
	case string:
		a, errA := time.Parse(time.RFC3339Nano, want)
		text, _ := got.(string)
		b, errB := time.Parse(time.RFC3339Nano, text)
		if errA == nil && errB == nil {
			return a.Equal(b)
		}
	}
	return reflect.DeepEqual(want, got)
}

func object(t *testing.T, text string) map[string]any {
	t.Helper()
	var out map[string]any
	decoder := json.NewDecoder(strings.NewReader(text))
	decoder.UseNumber()
	if err := decoder.Decode(&out); err != nil {
		t.Fatal(err)
	}
	return out
}

func text(t *testing.T, value any) string {
	t.Helper()
	out, err := json.Marshal(value)
	if err != nil {
		t.Fatal(err)
	}
	return string(out)
}
