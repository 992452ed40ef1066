package apifuzz

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"math"
	"math/rand/v2"
	"regexp"
	"strconv"
	"strings"
	"time"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/google/uuid"
)

// values generates values for schemas. Equal seeds give equal values for equal worlds.
type values struct {
	*rand.Rand
	// idFor returns an id for the field or parameter of that name.
	idFor func(name string) string
}

func pick[T any](r *rand.Rand, from []T) T { return from[r.IntN(len(from))] }

func (v *values) chance(percent int) bool { return v.IntN(100) < percent }

// valid returns a value that the schema allows.
func (v *values) valid(name string, s *openapi3.Schema) any {
	switch {
	case s.Nullable && v.chance(15):
		return nil
	case len(s.Enum) > 0:
		return pick(v.Rand, s.Enum)
	case len(s.AllOf) == 1:
		return v.valid(name, s.AllOf[0].Value)
	case len(s.OneOf) > 0:
		return v.valid(name, pick(v.Rand, s.OneOf).Value)
	case len(s.AnyOf) > 0:
		return v.valid(name, pick(v.Rand, s.AnyOf).Value)
	}
	switch {
	case s.Type.Is("object") || len(s.Properties) > 0:
		return v.object(s)
	case s.Type.Is("array"):
		return v.array(name, s)
	case s.Type.Is("boolean"):
		return v.chance(50)
	case s.Type.Is("integer"):
		return v.integer(s)
	case s.Type.Is("number"):
		low, high := bounds(s, -1e6, 1e6)
		return low + v.Float64()*(high-low)
	case s.Type.Is("string"):
		return v.text(name, s)
	}
	return pick(v.Rand, []any{nil, true, 1, "text", []any{1}, map[string]any{"a": 1}})
}

func (v *values) object(s *openapi3.Schema) map[string]any {
	out := map[string]any{}
	required := map[string]bool{}
	for _, name := range s.Required {
		required[name] = true
	}
	for _, name := range sortedKeys(s.Properties) {
		if required[name] || v.chance(60) {
			out[name] = v.valid(name, s.Properties[name].Value)
		}
	}
	if open := s.AdditionalProperties.Has == nil || *s.AdditionalProperties.Has; len(s.Properties) == 0 && open && v.chance(50) {
		out["någon"] = map[string]any{"deep": []any{1, "two", nil}}
	}
	return out
}

func (v *values) array(name string, s *openapi3.Schema) []any {
	most := int(s.MinItems) + 3
	if s.MaxItems != nil {
		most = min(most, int(*s.MaxItems))
	}
	out := []any{}
	seen := map[string]bool{}
	for range int(s.MinItems) + v.IntN(most-int(s.MinItems)+1) {
		item := v.valid(strings.TrimSuffix(name, "s"), s.Items.Value)
		// Of an order the contract says in words that a key stands there once, one way or the other.
		if text := strings.TrimPrefix(fmt.Sprint(item), "-"); !s.UniqueItems || !seen[text] {
			seen[text] = true
			out = append(out, item)
		}
	}
	return out
}

// bounds are the least and greatest value, or the given ones where the schema sets none.
func bounds(s *openapi3.Schema, low, high float64) (float64, float64) {
	if s.Min != nil {
		low = *s.Min
		high = max(high, low+1)
	}
	if s.Max != nil {
		high = *s.Max
		low = min(low, high)
	}
	return low, high
}

func (v *values) integer(s *openapi3.Schema) json.Number {
	low, high := bounds(s, -1000, 1000)
	if s.ExclusiveMin.IsTrue() {
		low++
	}
	if s.ExclusiveMax.IsTrue() {
		high--
	}
	n := low + math.Floor(v.Float64()*(high-low+1))
	switch v.IntN(6) {
	case 0:
		n = low
	case 1:
		n = high
	case 2:
		if s.Max == nil {
			return json.Number("9007199254740993") // a float64 does not hold it
		}
	}
	return json.Number(fmt.Sprintf("%.0f", n))
}

// alphabet has characters of one to four bytes, and ones with a meaning to SQL, JSON, LIKE, HTML and URLs.
var alphabet = []rune("abcXYZ019 -_.@'\"\\/%&;<>$äßñ中日й𝒳🚀 ")

func (v *values) runes(n int) string {
	out := make([]rune, n)
	for i := range out {
		out[i] = pick(v.Rand, alphabet)
	}
	return string(out)
}

func (v *values) text(name string, s *openapi3.Schema) string {
	switch s.Format {
	case "uuid":
		return v.idFor(name)
	case "date-time":
		return time.Unix(1_600_000_000+v.Int64N(200_000_000), v.Int64N(1e9)).UTC().Format(pick(v.Rand, []string{time.RFC3339, time.RFC3339Nano, "2006-01-02T15:04:05.000000-07:00"}))
	case "date":
		return time.Unix(v.Int64N(4_000_000_000), 0).UTC().Format(time.DateOnly)
	case "decimal":
		if text, ok := matching(v.Rand, s.Pattern); ok && s.Pattern != "" {
			return text
		}
		return fmt.Sprintf("%d.%02d", v.IntN(10_000), v.IntN(100))
	case "byte":
		return v.base64(s)
	case "email":
		return fmt.Sprintf("u%d@example.com", v.Uint32())
	case "uri":
		return fmt.Sprintf("https://example.com/%d", v.Uint32())
	}
	text := v.plain(s)
	if pattern, err := regexp.Compile(s.Pattern); err != nil || pattern.MatchString(text) {
		return text
	}
	for range 20 {
		if text, ok := matching(v.Rand, s.Pattern); ok && fits(s, text) {
			return text
		}
	}
	return text
}

// bytesSaid is how a description says how many bytes a field has. The lengths of a schema count characters of base64, of which four
// stand for one to three bytes.
var bytesSaid = regexp.MustCompile(`(?:At most|From (\d+) to) (\d+) bytes\.`)

// base64 is so many bytes as the description allows, or as many as certainly fit the lengths.
func (v *values) base64(s *openapi3.Schema) string {
	least, most := int(s.MinLength), int(s.MinLength)+20
	if said := bytesSaid.FindStringSubmatch(s.Description); said != nil {
		least, _ = strconv.Atoi(said[1]) // none: 0
		most, _ = strconv.Atoi(said[2])
		most = min(most, least+5000)
	}
	out := make([]byte, pick(v.Rand, []int{least, most, least + v.IntN(most-least+1)}))
	for i := range out {
		out[i] = byte(v.IntN(256))
	}
	return base64.StdEncoding.EncodeToString(out)
}

// plain is a text of an allowed length.
func (v *values) plain(s *openapi3.Schema) string {
	least, most := int(s.MinLength), int(s.MinLength)+30
	if s.MaxLength != nil {
		most = int(min(*s.MaxLength, 5000))
	}
	switch v.IntN(10) {
	case 0:
		return v.runes(least)
	case 1:
		return v.runes(most)
	}
	return v.runes(least + v.IntN(min(most-least, 30)+1))
}

func fits(s *openapi3.Schema, text string) bool {
	n := uint64(len([]rune(text)))
	return n >= s.MinLength && (s.MaxLength == nil || n <= *s.MaxLength)
}

func (v *values) uuid() string {
	var id uuid.UUID
	for i := range id {
		id[i] = byte(v.Uint32())
	}
	id[6], id[8] = id[6]&0x0f|0x70, id[8]&0x3f|0x80
	return id.String()
}
