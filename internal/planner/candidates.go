package planner

import (
	"fmt"
	"math/big"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/brianvoe/gofakeit/v7"
)

// hints are what the CHECKs on a column mention: values near them are worth trying.
type hints struct {
	texts    []string // string literals
	numbers  []string
	patterns []string // regular expressions
}

var (
	stringHint  = regexp.MustCompile(`'((?:[^']|'')*)'`)
	numberHint  = regexp.MustCompile(`(?:^|[^\w.'])(-?\d+(?:\.\d+)?)\b`)
	patternHint = regexp.MustCompile(`(!?~~?\*?) (ALL|ANY)? ?\(?'((?:[^']|'')*)'`)
	similarHint = regexp.MustCompile(`similar_to_escape\('((?:[^']|'')*)'`)
	matchHint   = regexp.MustCompile(`regexp_(?:like|match|matches|count|instr|substr)\([^']*'((?:[^']|'')*)'`)
)

func hintsOf(checks []string) hints {
	var h hints
	for _, check := range checks {
		for _, m := range stringHint.FindAllStringSubmatch(check, -1) {
			text := strings.ReplaceAll(m[1], "''", "'")
			h.texts = append(h.texts, text)
			if _, err := strconv.ParseFloat(text, 64); err == nil {
				h.numbers = append(h.numbers, text) // Postgres prints negative and typed numbers so
			}
		}
		for _, m := range numberHint.FindAllStringSubmatch(stringHint.ReplaceAllString(check, "''"), -1) {
			h.numbers = append(h.numbers, m[1])
		}
		for _, m := range patternHint.FindAllStringSubmatch(check, -1) {
			text := strings.ReplaceAll(m[3], "''", "'")
			if strings.Contains(m[1], "~~") {
				text = "^" + likeWildcards.Replace(regexp.QuoteMeta(text)) + "$"
			}
			h.patterns = append(h.patterns, text)
		}
		for _, m := range similarHint.FindAllStringSubmatch(check, -1) {
			h.patterns = append(h.patterns, "^(?:"+strings.NewReplacer("%", ".{3}", "_", ".").Replace(strings.ReplaceAll(m[1], "''", "'"))+")$")
		}
		for _, m := range matchHint.FindAllStringSubmatch(check, -1) {
			h.patterns = append(h.patterns, strings.ReplaceAll(m[1], "''", "'"))
		}
	}
	slices.Sort(h.numbers)
	h.numbers = slices.Compact(h.numbers)
	return h
}

var likeWildcards = strings.NewReplacer("%", "[a-z]{3}", "_", "[a-z]")

// sizes are the whole numbers among the hints that can be a length, and their neighbours.
func (h hints) sizes() []int {
	var out []int
	for _, text := range h.numbers {
		if n, err := strconv.Atoi(text); err == nil && n >= 0 && n <= 4096 {
			out = append(out, n, n+1, max(n-1, 0))
		}
	}
	slices.Sort(out)
	return slices.Compact(out)
}

// near are numbers around those that the CHECKs mention. fraction is how far apart two neighbours are.
func (h hints) near(fraction string) []string {
	step, _ := new(big.Rat).SetString(fraction)
	var out []string
	add := func(r *big.Rat) {
		if text := r.FloatString(len(strings.TrimPrefix(fraction, "1")) - strings.Count(fraction, ".")); !slices.Contains(out, text) {
			out = append(out, text)
		}
	}
	for _, text := range h.numbers {
		n, ok := new(big.Rat).SetString(text)
		if !ok {
			continue
		}
		for i := range int64(rowsPerTable) {
			add(new(big.Rat).Add(n, new(big.Rat).Mul(step, big.NewRat(i, 1))))
			add(new(big.Rat).Sub(n, new(big.Rat).Mul(step, big.NewRat(i, 1))))
			add(new(big.Rat).Mul(n, big.NewRat(i+1, 1)))
			add(new(big.Rat).Quo(n, big.NewRat(i+1, 1)))
		}
	}
	for _, text := range []string{"0", "1", "-1", "2", "10", "100", "1000", "10000", "1000000"} {
		n, _ := new(big.Rat).SetString(text)
		add(n)
	}
	return out
}

// common are texts of forms that patterns and functions ask for.
var common = []string{
	"de", "DE", "DEU", "EUR", "USD", "en-US", "de_DE", "Europe/Berlin", "UTC", "1.2.3", "v1.2.3", "a-b-1", "a_b", "a.b", "A1", "AB12", "2024-03-01", "2024-03-01T13:14:15Z", "13:14", "10.0.0.1", "2001:db8::1",
	"00:00:5e:00:53:01", "+14155550123", "0123456789", "12345", "DE89370400440532013000", "COBADEFFXXX", "4111111111111111", "978-3-16-148410-0", "f47ac10b-58cc-4372-a567-0e02b2c3d479",
	"d41d8cd98f00b204e9800998ecf8427e", "da39a3ee5e6b4b0d3255bfef95601890afd80709", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855", "aGVsbG8=", "#a0b1c2", "https://example.com",
	"user@example.com", "example.com", "/path/file.txt", "{}", "[]", "true", "x", "X", "",
}

// texts are strings that CHECKs with these hints may take, of at most size characters where size is not 0.
func (h hints) alike(size int) []string {
	var out []string
	add := func(s string) {
		if (size == 0 || len([]rune(s)) <= size) && !slices.Contains(out, s) {
			out = append(out, s)
		}
	}
	for _, pattern := range h.patterns {
		// Postgres' own escapes for word boundaries, which Go does not know.
		pattern = strings.NewReplacer(`\m`, `\b`, `\M`, `\b`, `\y`, `\b`, `\A`, `^`, `\Z`, `$`).Replace(pattern)
		if _, err := regexp.Compile(pattern); err != nil {
			continue // the generator would answer with the error's text
		}
		for seed := range uint64(4 * rowsPerTable) {
			s := gofakeit.New(seed + 1).Regex(pattern)
			add(s)
			for _, n := range h.sizes() { // a pattern may leave the length to another CHECK
				if r := []rune(s); len(r) > 0 && len(r) < n && seed < rowsPerTable {
					add(s + strings.Repeat(string(r[len(r)-1]), n-len(r)))
				}
			}
		}
	}
	for _, text := range h.texts {
		add(text)
		for i := range rowsPerTable {
			add(fmt.Sprintf("%s%d", text, i+1))
			add(fmt.Sprintf("%d%s", i+1, text))
			add(fmt.Sprintf("a%s%d", text, i+1))
			add(fmt.Sprintf("%c@%s", 'a'+i, text)) // split_part
			for _, n := range h.sizes() {
				if r := len([]rune(text)); r > 0 && r < n && n <= 64 { // of a length, and at a position
					filling := strings.Repeat(string(rune('a'+i)), n-r)
					add(text + filling)
					add(filling + text)
					add(filling + text + "z")
				}
			}
		}
	}
	for _, n := range h.sizes() {
		for i := range rowsPerTable {
			for _, letter := range []string{"x", "0", "X", "ü"} {
				tail := strconv.Itoa(i + 1)
				if letter == "x" || letter == "X" {
					tail = string(rune(letter[0] - byte(i)))
				}
				if n >= len(tail) {
					add(strings.Repeat(letter, n-len(tail)) + tail)
				}
			}
		}
	}
	for _, text := range common {
		add(text)
	}
	for i := range rowsPerTable {
		for _, spelling := range spellings {
			s := strings.ReplaceAll(spelling, "%d", strconv.Itoa(i+1))
			add(s)
			add(strings.ToLower(s))
			add(strings.ToUpper(s))
		}
	}
	return out
}

// extras are values of a type to try where the natural ones are refused, without quotes. size is that in the type's brackets.
func (h hints) extras(kind, modifier string) []string {
	times := func(layouts ...string) []string {
		out := slices.Clone(h.texts)
		for _, text := range h.texts { // a minute, a day and a year away
			for _, by := range []string{"1 second", "1 day", "1 year"} {
				out = append(out, "+"+by+"|"+text, "-"+by+"|"+text)
			}
		}
		return append(out, layouts...)
	}
	switch kind {
	case "smallint", "integer", "bigint", "oid":
		return h.near("1")
	case "numeric", "decimal", "money":
		if _, scale, ok := strings.Cut(modifier, ","); ok {
			if n, err := strconv.Atoi(strings.TrimSpace(scale)); err == nil && n > 0 {
				return h.near("0." + strings.Repeat("0", n-1) + "1")
			}
			return h.near("1")
		}
		if modifier != "" {
			return h.near("1")
		}
		return slices.Concat(h.near("1"), h.near("0.01"))
	case "real", "double precision":
		return slices.Concat(h.near("1"), h.near("0.25"), h.near("0.0001"))
	case "boolean":
		return []string{"true", "false"}
	case "timestamp", "timestamp with time zone", "timestamp without time zone":
		h.texts = append(slices.Clone(h.texts), h.days()...)
		return times("1970-01-01", "2000-02-29", "2024-01-01", "2024-12-31 23:59:59", "2024-03-04 00:00", "2024-03-05 12:00", "2100-01-01", "2500-01-01", "1900-01-01")
	case "date":
		h.texts = append(slices.Clone(h.texts), h.days()...)
		return times("1970-01-01", "1990-01-01", "2000-02-29", "2024-01-01", "2024-02-01", "2024-03-04", "2024-12-31", "2100-01-01", "2500-01-01", "1900-01-01")
	case "time", "time without time zone", "time with time zone":
		return append(slices.Clone(h.texts), "00:00", "08:00", "12:00", "12:30", "17:00", "23:59:59")
	case "interval":
		return append(slices.Clone(h.texts), "0", "1 second", "1 minute", "15 minutes", "90 minutes", "1 hour", "8 hours", "1 day", "7 days", "30 days", "1 year", "-1 day")
	case "inet":
		return append(slices.Clone(h.texts), "10.0.0.1", "192.168.1.1", "10.0.0.0/8", "192.168.1.0/24", "2001:db8::1", "2001:db8::/32", "8.8.8.8", "::1")
	case "cidr":
		return append(slices.Clone(h.texts), "10.0.0.0/8", "192.168.1.0/24", "10.0.0.1/32", "2001:db8::/32", "0.0.0.0/0")
	case "macaddr":
		return append(slices.Clone(h.texts), "08:00:2b:01:02:03", "00:00:00:00:00:01")
	case "macaddr8":
		return append(slices.Clone(h.texts), "08:00:2b:01:02:03:04:05")
	case "uuid":
		return append(slices.Clone(h.texts), "f47ac10b-58cc-4372-a567-0e02b2c3d479", "018e1b1a-0000-7000-8000-000000000001")
	case "bytea":
		var out []string
		for _, n := range append(h.sizes(), 0, 1, 4, 8, 12, 16, 20, 32, 64) {
			for i := range rowsPerTable {
				out = append(out, `\x`+strings.Repeat(fmt.Sprintf("%02x", 16*i+7), n))
			}
		}
		for _, text := range h.texts {
			if strings.HasPrefix(text, `\x`) {
				out = append(out, text, text+"00")
			}
		}
		return out
	case "bit", "bit varying":
		var out []string
		for _, n := range append(h.sizes(), 1) {
			if size, err := strconv.Atoi(modifier); err == nil && (kind == "bit" || n > size) {
				n = size
			}
			for i := range int64(rowsPerTable) {
				s := strconv.FormatInt(i, 2)
				if len(s) <= n {
					out = append(out, strings.Repeat("0", n-len(s))+s, strings.Repeat("1", n))
				}
			}
		}
		return out
	case "json", "jsonb":
		return h.documents()
	case "tsquery":
		return []string{"row & two", "word"}
	case "ltree":
		return []string{"a", "a.b", "a.b.c"}
	case "hstore":
		return []string{`a=>1`, ``}
	case "pg_lsn":
		return []string{"0/1", "0/2", "16/B374D848"}
	case "box":
		return []string{"((0,0),(1,1))"}
	case "lseg":
		return []string{"[(0,0),(1,1)]"}
	case "line":
		return []string{"{1,-1,0}"}
	case "circle":
		return []string{"<(0,0),1>", "<(1,1),2>"}
	case "path":
		return []string{"[(0,0),(1,1)]", "((0,0),(1,1),(1,0))"}
	case "polygon":
		return []string{"((0,0),(1,1),(1,0))"}
	case "int4range", "int8range", "numrange":
		return append(slices.Clone(h.texts), "[1,10)", "[5,6)", "[0,)", "(,0)", "empty")
	case "daterange", "tsrange", "tstzrange":
		return append(slices.Clone(h.texts), "[2024-03-01,2024-03-02)", "[2024-03-03,2024-03-05)", "[2024-03-06,2024-03-07)", "[2024-04-01,)", "(,2020-01-01)", "empty")
	case "int4multirange", "int8multirange", "nummultirange":
		return []string{"{[1,10)}", "{}"}
	case "datemultirange", "tsmultirange", "tstzmultirange":
		return []string{"{[2024-03-01,2024-03-02)}", "{}"}
	}
	return nil
}

// days are in the years that CHECKs mention.
func (h hints) days() []string {
	var out []string
	for _, text := range h.numbers {
		if n, err := strconv.Atoi(text); err == nil && n >= 1000 && n <= 9999 {
			out = append(out, text+"-01-01", text+"-06-15")
		}
	}
	return out
}

// jsonPath finds the steps of a path, as Postgres prints it: $."items"[*]?(@."n" > 0).
var jsonPath = regexp.MustCompile(`"(\w+)"|\[`)

// nested are documents in which a path of the hints leads to a value: '{address,city}' of #>, and that of jsonpath.
func (h hints) nested(value string) []string {
	var out []string
	for _, text := range h.texts {
		var steps []string
		switch {
		case strings.HasPrefix(text, "$"):
			for _, m := range jsonPath.FindAllStringSubmatch(text, -1) {
				steps = append(steps, m[1]) // empty: a list
			}
		case strings.HasPrefix(text, "{") && strings.HasSuffix(text, "}") && !strings.ContainsAny(text, `:"`):
			steps = strings.Split(strings.Trim(text, "{}"), ",")
		}
		if len(steps) == 0 {
			continue
		}
		document := value
		for _, step := range slices.Backward(steps) {
			if step == "" {
				document = "[" + document + "]"
			} else {
				document = fmt.Sprintf("{%q: %s}", step, document)
			}
		}
		out = append(out, document)
	}
	return out
}

// documents are JSON values of every type, and objects with the keys that the CHECKs mention.
func (h hints) documents() []string {
	out := []string{"{}", "[]", `"text"`, "1", "true", "null", `[1, 2]`, `["a"]`, `[{}]`, `{"a": 1}`}
	inner := []string{`"x"`, "1", "true", "{}", "[]", "null"}
	inner = append(inner, h.numbers...)
	for _, value := range h.texts {
		inner = append(inner, strconv.Quote(value))
	}
	for _, value := range inner {
		out = append(out, h.nested(value)...)
		var members []string
		for _, key := range h.texts {
			out = append(out, fmt.Sprintf("{%q: %s}", key, value))
			members = append(members, fmt.Sprintf("%q: %s", key, value))
		}
		out = append(out, "{"+strings.Join(members, ", ")+"}")
	}
	for _, text := range h.texts { // what stands behind @>
		if strings.ContainsAny(text, "{[") {
			out = append(out, text)
		}
	}
	return out
}
