package main

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"math"
	"math/rand/v2"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
)

// storing compares three: what a POST answers, what a GET answers and what Postgres holds.
type storing struct {
	t     *testing.T
	c     *client
	owner *pgx.Conn
	path  string // /v1/measures
	table string // core.measures
}

func store(t *testing.T, s *served, path, table string) *storing {
	t.Helper()
	owner, err := pgx.Connect(t.Context(), s.owner)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = owner.Close(context.Background()) })
	return &storing{t: t, c: s.ours.in(t), owner: owner, path: path, table: table}
}

// raw sends a request and returns its answer as it came: decoding would hide 119.00 behind 119.
func (s *storing) raw(method, path, body string) (map[string]json.RawMessage, http.Header, int) {
	s.t.Helper()
	request, err := http.NewRequestWithContext(s.t.Context(), method, s.c.api+path, strings.NewReader(body))
	if err != nil {
		s.t.Fatal(err)
	}
	request.Header.Set("Authorization", "Bearer "+s.c.token)
	request.Header.Set("Content-Type", "application/json")
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		s.t.Fatal(err)
	}
	defer func() { _ = response.Body.Close() }()
	text, err := io.ReadAll(response.Body)
	if err != nil {
		s.t.Fatal(err)
	}
	var members map[string]json.RawMessage
	if err := json.Unmarshal(text, &members); err != nil {
		s.t.Fatalf("%s %s: the answer is no object: %v", method, path, err)
	}
	return members, response.Header, response.StatusCode
}

// accept posts the body, holds the three together, and returns what was answered.
func (s *storing) accept(body string) map[string]json.RawMessage {
	s.t.Helper()
	created, header, status := s.raw("POST", s.path, body)
	if status != http.StatusCreated {
		s.t.Fatalf("POST %.400s: got %d %s", body, status, created["errors"])
	}
	got, read, _ := s.raw("GET", header.Get("Location"), "")
	if header.Get("ETag") != read.Get("ETag") {
		s.t.Errorf("POST %.200s: its ETag is %s, that of GET %s", body, header.Get("ETag"), read.Get("ETag"))
	}
	for name, value := range created {
		if !bytes.Equal(value, got[name]) {
			s.t.Errorf("POST %.200s: answers %s %s, GET %s", body, name, value, got[name])
		}
	}
	s.held(got)
	return created
}

// held compares an answer with the row, column by column.
func (s *storing) held(answer map[string]json.RawMessage) {
	s.t.Helper()
	var row []byte
	if err := s.owner.QueryRow(s.t.Context(), `SELECT to_jsonb(r) FROM `+s.table+` r WHERE id = $1`, strings.Trim(string(answer["id"]), `"`)).Scan(&row); err != nil {
		s.t.Fatal(err)
	}
	columns := map[string]json.RawMessage{}
	if err := json.Unmarshal(row, &columns); err != nil {
		s.t.Fatal(err)
	}
	for column, value := range columns {
		words := strings.Split(column, "_")
		for i := range words[1:] {
			words[i+1] = strings.ToUpper(words[i+1][:1]) + words[i+1][1:]
		}
		member := strings.Join(words, "")
		answered, ok := answer[member]
		if ok && !sameStored(answered, value) {
			s.t.Errorf("%s is answered as %s, and Postgres holds %s", member, answered, value)
		}
	}
}

// sameStored compares a member of an answer with its column as to_jsonb writes it: decimals and integers that are texts on the wire
// are numbers there, bytes hexadecimal, times without Z.
func sameStored(answered, stored json.RawMessage) bool {
	if string(answered) == string(stored) {
		return true
	}
	var a, b any
	for text, into := range map[*json.RawMessage]*any{&answered: &a, &stored: &b} {
		decoder := json.NewDecoder(bytes.NewReader(*text))
		decoder.UseNumber()
		if decoder.Decode(into) != nil {
			return false
		}
	}
	return sameValue(a, b)
}

func sameValue(answered, stored any) bool {
	switch a := answered.(type) {
	case json.Number:
		b, ok := stored.(json.Number)
		if !ok {
			return false
		}
		if string(a) == string(b) {
			return true
		}
		x, errX := a.Float64()
		y, errY := b.Float64()
		return errX == nil && errY == nil && x == y && (math.Abs(x) < 1<<53 || strings.ContainsAny(string(a), ".eE"))
	case string:
		switch b := stored.(type) {
		case json.Number: // to the last digit
			return a == string(b)
		case string:
			if a == b {
				return true
			}
			if digits, ok := strings.CutPrefix(b, `\x`); ok {
				raw, err := base64.StdEncoding.DecodeString(a)
				return err == nil && hex.EncodeToString(raw) == digits
			}
			x, errX := time.Parse(time.RFC3339Nano, a)
			y, errY := time.Parse(time.RFC3339Nano, b)
			if errY != nil {
				y, errY = time.Parse("2006-01-02T15:04:05.999999", b) // a timestamp without a zone
			}
			return errX == nil && errY == nil && x.Equal(y)
		}
		var text any // of a field.String in a jsonb
		return json.Unmarshal([]byte(a), &text) == nil && fmt.Sprint(text) == fmt.Sprint(stored)
	case []any:
		b, ok := stored.([]any)
		if !ok || len(a) != len(b) {
			return false
		}
		for i := range a {
			if !sameValue(a[i], b[i]) {
				return false
			}
		}
		return true
	case map[string]any:
		b, ok := stored.(map[string]any)
		if !ok || len(a) != len(b) {
			return false
		}
		for name := range a {
			if other, there := b[name]; !there || !sameValue(a[name], other) {
				return false
			}
		}
		return true
	}
	return answered == stored
}

// measureValues are values that Postgres writes in another form than they are sent in: member, sent, answered.
var measureValues = [][3]string{
	{"price", `"119.00"`, `"119.00"`}, {"price", `"119"`, `"119.00"`}, {"price", `"-0"`, `"0.00"`}, {"price", `"-9999999999.99"`, `"-9999999999.99"`},
	{"rate", `"1.5"`, `"1.500000"`}, {"tiny", `"0.0099"`, `"0.0099"`}, {"tiny", `"0.00"`, `"0.0000"`}, {"loose", `"1.500"`, `"1.500"`}, {"loose", `"0"`, `"0"`}, {"loose", `"-0.00"`, `"0.00"`},
	{"priceFloat", `1000.1`, `1000.1`}, {"priceFloat", `-0.0`, `0`}, {"priceFloat", `99999999.99`, `99999999.99`},
	{"single", `0.1`, `0.1`}, {"single", `16777217`, `16777216`}, {"bounded", `0.1`, `0.1`}, {"bounded", `-0.1`, `-0.1`},
	{"at", `"12:30"`, `"12:30:00"`}, {"at", `"12:30:00"`, `"12:30:00"`}, {"at", `"1:02 pm"`, `"13:02:00"`}, {"at", `"24:00"`, `"24:00:00"`}, {"at", `"00:00:00.1234567"`, `"00:00:00.123457"`},
	{"atZone", `"12:30+2"`, `"12:30:00+02"`}, {"span", `"90 minutes"`, `"01:30:00"`}, {"span", `"P1Y2M"`, `"1 year 2 mons"`},
	{"address", `"10.0.0.1/32"`, `"10.0.0.1"`}, {"address", `"2001:DB8:0:0:0:0:0:1"`, `"2001:db8::1"`}, {"network", `"10.1/16"`, `"10.1.0.0/16"`}, {"card", `"0800.2B01.0203"`, `"08:00:2b:01:02:03"`},
	{"padded", `"ab"`, `"ab   "`}, {"short", `"äöü"`, `"äöü"`}, {"bits", `"1010"`, `"1010"`}, {"stretch", `"[1,5]"`, `"[1,6)"`}, {"words", `"b a b"`, `"'a' 'b'"`}, {"spot", `"1,2"`, `"(1,2)"`},
	{"codes", `["abc", ""]`, `["abc",""]`}, {"hosts", `["10.0.0.1/32", "::1"]`, `["10.0.0.1","::1"]`},
	{"seconds", `"2026-01-02T03:04:05.5Z"`, `"2026-01-02T03:04:06Z"`}, {"millis", `"2026-01-02T03:04:05.123456+02:00"`, `"2026-01-02T01:04:05.123Z"`},
	{"local", `"2026-01-02T03:04:05.000001+02:00"`, `"2026-01-02T01:04:05.000001Z"`},
	{"large", `"9223372036854775807"`, `"9223372036854775807"`}, {"large", `"-9223372036854775808"`, `"-9223372036854775808"`}, {"large", `"9007199254740993"`, `"9007199254740993"`},
	{"larger", `"9223372036854775807"`, `"9223372036854775807"`}, {"larger", `"0"`, `"0"`}, {"middle", `-2147483648`, `-2147483648`},
	{"looseJson", `{"b": -0, "a": 1e2}`, `{"a":100,"b":-0}`}, {"looseJson", `{"b": -0.0}`, ``}, {"looseJson", `{"x": 9007199254740991, "y": 1e300}`, ``},
	{"label", `"x"`, `"x"`}, {"ratio", `1e-7`, `1e-7`}, {"flag", `false`, `false`}, {"cents", `-9007199254740991`, `-9007199254740991`},
	{"amount", `"1.5"`, `"1.50"`}, {"document", `"{\"b\":1,\"a\":[]}"`, `"{\"a\": [], \"b\": 1}"`}, {"query", `"a|!b"`, `"'a' | !'b'"`},
	{"anything", `[null, 1.0, "a", {"b": []}]`, `[null,1,"a",{"b":[]}]`}, {"anything", `[]`, `[]`},
	{"moments", `["2026-01-02T03:04:05.123456789+02:00"]`, `["2026-01-02T03:04:05.123456+02:00"]`},
	{"visit", `{"at": "2026-01-02T03:04:05.123456789Z", "by": "01900000-0000-7000-8000-00000000000A", "paid": "1.5", "from": "::FFFF:10.0.0.1"}`,
		`{"at":"2026-01-02T03:04:05.123456Z","by":"01900000-0000-7000-8000-00000000000a","from":"::ffff:10.0.0.1","paid":"1.5"}`},
	{"local", `"2026-01-02t03:04:05z"`, `"2026-01-02T03:04:05Z"`},
	{"given", `null`, `null`}, {"given", `1`, `1`}, {"percent", `100`, `100`}, {"most", `9007199254740991`, `9007199254740991`},
}

// storeMeasures sends values that Postgres keeps in another form, and what it does not keep.
func storeMeasures(t *testing.T, s *served) {
	m := store(t, s, "/v1/measures", "core.measures")
	for _, v := range measureValues {
		body := fmt.Sprintf(`{%q: %s}`, v[0], v[1])
		got := m.accept(body)
		if v[2] != "" && got != nil && string(got[v[0]]) != v[2] {
			t.Errorf("POST %s: answers %s, want %s", body, got[v[0]], v[2])
		}
		if got == nil {
			continue
		}
		// A patch of the same, on a row without it, answers the same and is read alike.
		empty := m.accept(`{}`)
		path := m.path + "/" + strings.Trim(string(empty["id"]), `"`)
		changed, header, _ := m.raw("PATCH", path, body)
		read, tagged, _ := m.raw("GET", path, "")
		if string(changed[v[0]]) != string(got[v[0]]) || string(read[v[0]]) != string(got[v[0]]) || header.Get("ETag") != tagged.Get("ETag") {
			t.Errorf("PATCH %s: answers %s, GET %s, POST %s", body, changed[v[0]], read[v[0]], got[v[0]])
		}
	}
	if got := m.accept(`{}`); string(got["given"]) != "42" || string(got["largeDefault"]) != `"5"` || string(got["percent"]) != "16" {
		t.Errorf("got %s, %s and %s by default, want 42, \"5\" and 16", got["given"], got["largeDefault"], got["percent"])
	}
}

// measureFaults are bodies that are refused, with the pointers at which, the code and, where it is given, the sentence.
var measureFaults = []struct{ body, pointers, code, detail string }{
	{`{"price": "1000.105"}`, "/price", "pattern", "Write a number with at most 10 digits before the point and 2 behind it."},
	{`{"price": "0.001"}`, "/price", "pattern", ""}, {`{"price": "10000000000"}`, "/price", "pattern", ""}, {`{"rate": "0.0000001"}`, "/rate", "pattern", ""},
	{`{"tiny": "0.01"}`, "/tiny", "pattern", ""}, {`{"priceFloat": 1000.105}`, "/priceFloat", "pattern", ""}, {`{"priceFloat": 1e8}`, "/priceFloat", "pattern", ""},
	{`{"single": 1e39}`, "/single", "range", ""}, {`{"bounded": 0.2}`, "/bounded", "range", ""}, {`{"bounded": 1e39}`, "/bounded", "", ""},
	{`{"large": "9223372036854775808"}`, "/large", "range", ""}, {`{"large": "007"}`, "/large", "pattern", ""}, {`{"large": "+7"}`, "/large", "pattern", ""}, {`{"large": 7}`, "/large", "malformed", ""},
	{`{"larger": "-1"}`, "/larger", "range", ""}, {`{"largeDefault": "-2305843009213693952"}`, "/largeDefault", "range", ""},
	{`{"middle": 2147483648}`, "/middle", "range", "Must be from -2147483648 to 2147483647."}, {`{"most": 9007199254740992}`, "/most", "range", "Must be from -9007199254740991 to 9007199254740991."},
	{`{"most": -9007199254740992}`, "/most", "range", ""}, {`{"percent": 101}`, "/percent", "range", ""},
	{`{"digest": "` + base64.StdEncoding.EncodeToString(make([]byte, 31)) + `"}`, "/digest", "min_length", ""},
	{`{"digest": "` + base64.StdEncoding.EncodeToString(make([]byte, 65)) + `"}`, "/digest", "max_length", ""},
	{`{"least": 2, "most": 1}`, "/least /most", "check", ""},
	{`{"startsOn": "2026-01-02", "endsOn": "2026-01-01"}`, "/startsOn /endsOn", "check", "The last day must not be before the first."},
	{`{"address": "300.1.1.1"}`, "/address", "malformed", ""}, {`{"at": "25:00"}`, "/at", "out_of_range", ""}, {`{"at": "noonish"}`, "/at", "malformed", ""},
	{`{"short": "äöüß"}`, "/short", "max_length", ""}, {`{"address": "10.0.0.1", "at": "12:00", "card": "no"}`, "/card", "malformed", ""},
	{`{"network": "10.0.0.1/8"}`, "/network", "malformed", ""}, {`{"bits": "10"}`, "/bits", "", ""}, {`{"stretch": "[5,1]"}`, "/stretch", "", ""},
	{`{"hosts": ["10.0.0.1", "nowhere"]}`, "/hosts", "malformed", ""}, {`{"codes": ["abcd"]}`, "/codes/0", "max_length", ""},
	{`{"span": "one eternity", "at": "noonish"}`, "/at /span", "malformed", ""},
	{`{"cents": 9007199254740992}`, "/cents", "range", ""}, {`{"words": "'"}`, "/words", "malformed", ""}, {`{"query": "a b"}`, "/query", "malformed", ""},
	{`{"amount": "1.005"}`, "/amount", "pattern", ""}, {`{"amount": "NaN"}`, "/amount", "pattern", ""}, {`{"document": "{"}`, "/document", "malformed", ""},
	{`{"document": "\"\\u0000\""}`, "/document", "malformed", ""}, {`{"anything": [[9007199254740993]]}`, "/anything/0/0", "range", ""},
	{`{"visit": {"at": "2016-12-31T23:59:60Z", "by": null, "paid": null, "from": ""}}`, "/visit/at", "malformed", ""},
	{`{"visit": {"at": null, "by": "x", "paid": null, "from": ""}}`, "/visit/by", "malformed", ""}, {`{"visit": {"at": null, "by": null, "paid": "x", "from": ""}}`, "/visit/paid", "pattern", ""},
	{`{"visit": {"at": null, "by": null, "paid": null, "from": "nowhere"}}`, "/visit", "malformed", ""}, {`{"local": "2026-01-02T03:04:05,5Z"}`, "/local", "malformed", ""},
	{`{"local": "9999-12-31T23:00:00-02:00"}`, "/local", "check", "Must be in the years 1 to 9999, in UTC."},
	{`{"looseJson": {"a": [9007199254740993]}}`, "/looseJson/a/0", "range", ""}, {`{"looseJson": {"a": {"b": 0.12345678901234567891}}}`, "/looseJson/a/b", "range", ""},
}

// refuseMeasures holds that each refusal names its members, of a POST and of a PATCH alike.
func refuseMeasures(t *testing.T, s *served) {
	m := store(t, s, "/v1/measures", "core.measures")
	row := m.accept(`{}`)
	for _, f := range measureFaults {
		for method, path := range map[string]string{"POST": m.path, "PATCH": m.path + "/" + strings.Trim(string(row["id"]), `"`)} {
			refused, _, status := m.raw(method, path, f.body)
			var violations []struct {
				Pointer, Code, Detail string
				Pointers              []string // of a rule that several members break together
			}
			_ = json.Unmarshal(refused["errors"], &violations)
			var pointers []string
			fits := status == http.StatusUnprocessableEntity
			for _, v := range violations {
				if v.Pointer != "" {
					pointers = append(pointers, v.Pointer)
				}
				pointers = append(pointers, v.Pointers...)
				fits = fits && (f.code == "" || v.Code == f.code) && (f.detail == "" || v.Detail == f.detail)
			}
			if got := strings.Join(pointers, " "); !fits || got != f.pointers {
				t.Errorf("%s %s: got %d %s, want %s at %s %s", method, f.body, status, refused["errors"], f.code, f.pointers, f.detail)
			}
		}
	}
	// A cursor leads on behind a number in a numeric.
	m.accept(`{"priceFloat": -5.5}`)
	m.accept(`{"priceFloat": -4.25}`)
	first := m.c.do("GET", m.path+"?sort=priceFloat&limit=1", "", http.StatusOK)
	m.c.do("GET", m.path+"?sort=priceFloat&limit=1&cursor="+url.QueryEscape(fmt.Sprint(first["nextCursor"])), "", http.StatusOK)
	for query, parameter := range map[string]string{
		"address=300.1.1.1": "address", "at=noonish": "at", "price[eq]=1.001": "price[eq]", "large[gt]=1e3": "large[gt]", "larger[lt]=-1": "larger[lt]",
	} {
		refused, _, status := m.raw("GET", m.path+"?"+query, "")
		var violations []struct{ Parameter string }
		_ = json.Unmarshal(refused["errors"], &violations)
		if status != http.StatusBadRequest || len(violations) != 1 || violations[0].Parameter != parameter {
			t.Errorf("%s: got %d %s, want 400 at %s", query, status, refused["errors"], parameter)
		}
	}
}

// storeAnything posts random bodies with all members, drawn from a fixed seed.
func storeAnything(t *testing.T, s *served) {
	r := rand.New(rand.NewPCG(7, 2026))
	measures := store(t, s, "/v1/measures", "core.measures")
	exhibits := store(t, s, "/v1/exhibits", "core.exhibits")
	for i := range 60 {
		measures.accept(anyMeasure(r))
		exhibits.accept(anyExhibit(r, i))
	}
}

func anyMeasure(r *rand.Rand) string {
	decimal := func(whole, fraction int) string { return strconv.Quote(anyDecimal(r, whole, fraction)) }
	float := func() string { return strconv.FormatFloat(float64(r.Int64N(1e10)-5e9)/100, 'f', -1, 64) }
	day := r.IntN(1_000_000)
	date := func(plus int) string { return time.Unix(int64(day+plus)*86400, 0).UTC().Format(`"2006-01-02"`) }
	return fmt.Sprintf(`{"price": %s, "rate": %s, "loose": %s, "tiny": "0.00%02d", "priceFloat": %s, "single": %s, "at": "%d:%02d", "address": "10.%d.0.%d/%d", `+
		`"padded": "%.*s", "seconds": %s, "millis": %s, "local": %s, "large": "%d", "larger": "%d", "middle": %d, "looseJson": %s, "digest": %q, "startsOn": %s, "endsOn": %s, "least": %d, "most": %d}`,
		decimal(10, 2), decimal(14, 6), decimal(50, 50), r.IntN(100), float(), strconv.FormatFloat(float64(float32(r.NormFloat64())), 'g', -1, 32), r.IntN(24), r.IntN(60), r.IntN(256), r.IntN(256), r.IntN(33),
		r.IntN(6), "abcde", anyTime(r), anyTime(r), anyTime(r), int64(r.Uint64()), r.Uint64()>>1, int32(r.Uint32()), anyObject(r, 3), base64.StdEncoding.EncodeToString(make([]byte, 32+r.IntN(33))),
		date(0), date(r.IntN(3)), -r.Int64N(1<<53), r.Int64N(1<<53))
}

func anyExhibit(r *rand.Rand, i int) string {
	body := map[string]json.RawMessage{}
	_ = json.Unmarshal([]byte(exhibit), &body)
	set := func(name, form string, args ...any) { body[name] = json.RawMessage(fmt.Sprintf(form, args...)) }
	set("code", `"any-%d"`, i)
	set("pin", `"4711"`)
	set("int", "%d", r.Int64N(1<<54)-1<<53+1)
	set("int64", "%d", r.Int64N(1<<54)-1<<53+1)
	set("uint", "%d", r.Int64N(1<<53))
	set("float", "%s", strconv.FormatFloat(anyFloat(r), 'g', -1, 64))
	set("floatNull", "%s", strconv.FormatFloat(anyFloat(r), 'f', -1, 64))
	set("float32", "%s", strconv.FormatFloat(float64(float32(r.NormFloat64())), 'g', -1, 32))
	set("decimal", `%q`, anyDecimal(r, 50, 50))
	set("decimalNull", `%q`, anyDecimal(r, 10, 4))
	set("time", "%s", anyTime(r))
	set("timeNull", "%s", anyTime(r))
	set("ints", "[%d, -0, %d]", r.Int64N(1<<53), -r.Int64N(1<<53))
	set("floatsNull", "[%s, -0.0]", strconv.FormatFloat(anyFloat(r), 'g', -1, 64))
	set("free", "%s", anyObject(r, 4))
	set("freeNull", "%s", anyObject(r, 1))
	text, _ := json.Marshal(body)
	return string(text)
}

// anyFloat is a double of any size.
func anyFloat(r *rand.Rand) float64 {
	for {
		if v := math.Float64frombits(r.Uint64()); !math.IsNaN(v) && !math.IsInf(v, 0) {
			return v
		}
	}
}

// anyDecimal has digits up to so many before and behind the point, zeros at its end among them.
func anyDecimal(r *rand.Rand, whole, fraction int) string {
	text := "0"
	if n := r.IntN(whole + 1); n > 0 {
		text = strconv.Itoa(1 + r.IntN(9))
		for range n - 1 {
			text += strconv.Itoa(r.IntN(10))
		}
	}
	if n := r.IntN(fraction + 1); n > 0 {
		text += "."
		for range n {
			text += strconv.Itoa(r.IntN(10) * r.IntN(2))
		}
	}
	if r.IntN(2) == 0 {
		text = "-" + text
	}
	return text
}

// anyTime has up to nine digits of a second, and any offset.
func anyTime(r *rand.Rand) string {
	at := time.Unix(r.Int64N(8e9)-4e9, r.Int64N(1e9)).In(time.FixedZone("", (r.IntN(27)-13)*1800))
	return at.Format(`"2006-01-02T15:04:05.999999999Z07:00"`)
}

// anyObject is a JSON object with numbers of every form.
func anyObject(r *rand.Rand, depth int) string {
	numbers := []string{"0", "-0", "-0.0", "1e2", "1.50", "100", "5e-324", "1e21", "9007199254740991", "-9007199254740991", strconv.FormatFloat(r.NormFloat64(), 'g', -1, 64)}
	var members []string
	for i := range r.IntN(4) {
		value := numbers[r.IntN(len(numbers))]
		switch r.IntN(5) {
		case 0:
			value = `"\u00e4 < \u2028 \ud834\udd1e"`
		case 1:
			value = "null"
		case 2:
			if depth > 0 {
				value = anyObject(r, depth-1)
			}
		case 3:
			value = "[" + value + ", true]"
		}
		members = append(members, fmt.Sprintf(`"m%d": %s`, i, value))
	}
	return "{" + strings.Join(members, ", ") + "}"
}
