package main

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"
)

// limitExhibits goes just beyond each limit, the defaults and those that the schema sets.
func limitExhibits(t *testing.T, s *served) {
	c := s.ours.in(t)
	row := c.do("GET", "/v1/exhibits?limit=1", "", http.StatusOK)["data"].([]any)[0].(map[string]any)
	path := "/v1/exhibits/" + row["id"].(string)
	nines, list := strings.Repeat("9", 51), func(n int, item string) string { return "[" + strings.Repeat(item+",", n-1) + item + "]" }
	const address = `"zip": null, "since": "2020-05-17T00:00:00Z"`
	for value, pointer := range map[string]string{
		// Decimals: without exponents, and within the digits of their column.
		`{"decimal": "1e2"}`: "/decimal", `{"decimal": "1E-2"}`: "/decimal", `{"decimal": "NaN"}`: "/decimal", `{"decimal": "` + nines + `"}`: "/decimal",
		`{"decimal": "0.` + nines + `"}`: "/decimal", `{"decimal": "` + strings.Repeat("9", 1001) + `"}`: "/decimal", `{"decimal": "01"}`: "/decimal",
		`{"decimalNull": "12345678901"}`: "/decimalNull", `{"decimalNull": "0.00001"}`: "/decimalNull", `{"decimalNull": "1e1"}`: "/decimalNull",
		// Numbers of another size than their type.
		`{"int": 1e2000}`: "/int", `{"int": 1e2}`: "/int", `{"float": 1e309}`: "/float", `{"ints": [1e99]}`: "/ints/0",
		// Texts, arrays, JSON.
		`{"longNull": "` + strings.Repeat("x", 10_001) + `"}`: "/longNull", `{"array": ` + list(101, `""`) + `}`: "/array", `{"array": ["` + strings.Repeat("x", 256) + `"]}`: "/array/0",
		`{"strings": ` + list(101, `"a"`) + `}`: "/strings", `{"ints": ` + list(101, `1`) + `}`: "/ints", `{"labels": ["a", "b", "c", "d"]}`: "/labels", `{"labels": ["123456"]}`: "/labels/0",
		`{"typed": {"street": "` + strings.Repeat("x", 10_001) + `", ` + address + `}}`:                      "/typed/street",
		`{"typed": {"street": "S", ` + address + `, "rooms": ` + list(101, `{"name": "", "area": 1}`) + `}}`: "/typed/rooms",
		// 300 digits each, which Postgres writes out.
		`{"free": {"a": ` + list(230, "1e300") + `}}`:                                "/free",
		`{"free": {"a": ` + strings.Repeat("[", 64) + strings.Repeat("]", 64) + `}}`: "/free",
		`{"small": {"abcdefgh": "12345"}}`:                                           "/small", `{"small": {"a": 1e20}}`: "/small",
		`{"mailNull": "a@b@c"}`: "/mailNull", `{"mailNull": "a@example.com "}`: "/mailNull",
	} {
		refused := c.do("PATCH", path, value, http.StatusUnprocessableEntity)
		if errors := refused["errors"].([]any); len(errors) != 1 || errors[0].(map[string]any)["pointer"] != pointer {
			t.Errorf("%.60s: got %v, want the pointer %s", value, errors, pointer)
		}
	}
	for value, want := range map[string]string{
		`{"decimal": "` + nines[1:] + `"}`: "decimal", `{"decimal": "-` + nines[1:] + "." + nines[1:] + `"}`: "decimal", `{"decimalNull": "-9999999999.9999"}`: "decimalNull",
		`{"array": ` + list(100, `"`+strings.Repeat("ä", 255)+`"`) + `}`: "array", `{"small": {"abcdefgh": "1234"}}`: "small",
		`{"free": {"a": ` + strings.Repeat("[", 63) + strings.Repeat("]", 63) + `}}`: "free", `{"free": {"a": "<b>&\u2028"}}`: "free",
		`{"longNull": "` + strings.Repeat("ä", 10_000) + `"}`: "longNull",
	} {
		sent := object(t, value)
		if got := c.do("PATCH", path, value, http.StatusOK); !alike(sent[want], got[want]) {
			t.Errorf("%.60s: got %v", value, got[want])
		}
	}
	got := c.do("PATCH", path, `{"labels": ["b", "a", "b"], "mailNull": "A.B@Example.COM"}`, http.StatusOK)
	if !alike([]any{"b", "a"}, got["labels"]) || got["mailNull"] != "a.b@example.com" {
		t.Errorf("got %v and %v, want each label once and the address in lower case", got["labels"], got["mailNull"])
	}
	if found := c.do("GET", "/v1/exhibits?mailNull=A.B@EXAMPLE.com", "", http.StatusOK)["data"].([]any); len(found) != 1 {
		t.Errorf("got %d exhibits with the address, want one", len(found))
	}
	for query, parameter := range map[string]string{
		"decimal[eq]=1e2": "decimal[eq]", "decimal[lt]=" + strings.Repeat("9", 1001): "decimal[lt]", "decimal[gte]=" + nines: "decimal[gte]", "decimal[eq]=0." + nines: "decimal[eq]",
		"intNull[gt]=1e3": "intNull[gt]",
	} {
		values, _ := url.ParseQuery(query)
		refused := c.do("GET", "/v1/exhibits?"+values.Encode(), "", http.StatusBadRequest)
		if errors := refused["errors"].([]any); errors[0].(map[string]any)["parameter"] != parameter {
			t.Errorf("%.60s: got %v, want the parameter %s", query, errors, parameter)
		}
	}
}

// readExhibits drops the CHECKs and writes what they forbid into each type of column: every list with such a row was 500.
func readExhibits(t *testing.T, s *served) {
	c := s.ours.in(t)
	owner, err := pgx.Connect(t.Context(), s.owner)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = owner.Close(context.Background()) }()
	exec := func(sql string) error {
		_, err := owner.Exec(t.Context(), sql)
		return err
	}
	rows := c.do("GET", "/v1/exhibits", "", http.StatusOK)["data"].([]any)
	id := rows[0].(map[string]any)["id"].(string)
	nines := func(whole, fraction int) string {
		return strings.Repeat("9", whole) + "." + strings.Repeat("9", fraction)
	}
	const last, first, most = "9999-12-31T23:59:59.999999Z", "0001-01-01T00:00:00Z", "1.7976931348623157e+308"
	cases := []struct {
		column, value, member, want string
		anyType                     bool // no CHECK can say what is wrong
	}{
		{"time", "'infinity'", "time", `"` + last + `"`, false}, {"time_null", "'-infinity'", "timeNull", `"` + first + `"`, false},
		{"time", "'20000-01-01 00:00:00+00'", "time", `"` + last + `"`, false}, {"time", "'0044-03-15 00:00:00+00 BC'", "time", `"` + first + `"`, false},
		{"date", "'infinity'", "date", `"9999-12-31"`, false}, {"date_null", "'-infinity'", "dateNull", `"0001-01-01"`, false}, {"date", "'12345-01-01'", "date", `"9999-12-31"`, false},
		{"float", "'NaN'", "float", most, false}, {"float_null", "'-Infinity'", "floatNull", "-" + most, false}, {"float", "'Infinity'", "float", most, false},
		{"float32", "'NaN'", "float32", "3.4028235e+38", false},
		{"decimal", "'NaN'", "decimal", `"` + nines(50, 50) + `"`, false}, {"decimal", "'-Infinity'", "decimal", `"-` + nines(50, 50) + `"`, false},
		{"decimal", "1e60", "decimal", `"1` + strings.Repeat("0", 60) + `"`, false}, {"decimal_null", "'NaN'", "decimalNull", `"` + nines(10, 4) + `"`, false},
		{"\"array\"", "ARRAY['a', NULL]", "array", `["a"]`, false}, {"\"array\"", "ARRAY[['a'],['b']]", "array", `["a", "b"]`, false},
		{"int8", "300", "int8", "127", false}, {"uint32_null", "-1", "uint32Null", "0", false},
		{"free", `jsonb_build_object('a', repeat('x', 70000))`, "", "", false}, {"bytes", `decode(repeat('00', 70000), 'hex')`, "", "", false},
		{"long_null", `repeat('x', 20000)`, "", "", false}, {"labels", `to_jsonb(array_fill('a'::text, ARRAY[100]))`, "", "", false},
		{"strings", `'["a", null, 5]'`, "strings", `["a", "", ""]`, true}, {"strings", `'"a"'`, "strings", `[]`, true}, {"ints", `'[1, "x", 2.5]'`, "", "", true},
		{"typed", `'{"street": 5, "since": "never", "rooms": "none"}'`, "", "", true}, {"typed", `'[]'`, "", "", true}, {"typed_null", `'null'`, "", "", true},
		{"list_null", `'{"a": 1}'`, "", "", true}, {"free", `'[1]'`, "", "", true}, {"floats_null", `'[1e400]'`, "", "", true},
	}
	for _, v := range cases {
		err := exec(fmt.Sprintf(`UPDATE core.exhibits SET %s = %s WHERE id = '%s'`, v.column, v.value, id))
		if refused := err != nil && strings.Contains(err.Error(), "_limit"); refused == v.anyType {
			t.Errorf("%s = %s with the CHECKs: got %v", v.column, v.value, err)
		}
	}
	if err := exec(`DO $$ DECLARE found record; BEGIN
		FOR found IN SELECT conname FROM pg_constraint WHERE contype = 'c' AND conrelid = 'core.exhibits'::regclass LOOP
			EXECUTE format('ALTER TABLE core.exhibits DROP CONSTRAINT %I', found.conname);
		END LOOP; END $$`); err != nil {
		t.Fatal(err)
	}
	for _, v := range cases {
		if err := exec(fmt.Sprintf(`UPDATE core.exhibits SET %s = %s WHERE id = '%s'`, v.column, v.value, id)); err != nil {
			t.Fatalf("%s = %s: %v", v.column, v.value, err)
		}
		got := c.do("GET", "/v1/exhibits/"+id, "", http.StatusOK)
		if v.member != "" && !alike(object(t, `{"v": `+v.want+`}`)["v"], got[v.member]) {
			t.Errorf("%s = %s: got %v, want %s", v.column, v.value, got[v.member], v.want)
		}
		for _, sort := range []string{"", "&sort=time", "&sort=-time", "&sort=timeNull", "&sort=-dateNull", "&sort=float", "&sort=-float", "&sort=decimal", "&sort=-decimal"} {
			var seen []string
			cursor := ""
			for len(seen) <= len(rows) {
				page := c.do("GET", "/v1/exhibits?limit=1"+sort+cursor, "", http.StatusOK)
				for _, row := range page["data"].([]any) {
					seen = append(seen, row.(map[string]any)["id"].(string))
				}
				next, more := page["nextCursor"].(string)
				if !more {
					break
				}
				cursor = "&cursor=" + next
			}
			if slices.Sort(seen); len(slices.Compact(slices.Clone(seen))) != len(rows) || len(seen) != len(rows) {
				t.Errorf("%s = %s, sorted by %q: got %v, want %d exhibits once each", v.column, v.value, sort, seen, len(rows))
			}
		}
	}
}
