package apifuzz

import (
	"encoding/base64"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/getkin/kin-openapi/openapi3"
)

// A schema counts characters of base64, of which 24 are 16, 17 or 18 bytes: how many may come is in the description.
func TestBytesAreAsManyAsTheDescriptionSays(t *testing.T) {
	t.Parallel()
	v := &values{Rand: rand.New(rand.NewPCG(1, 2))}
	for description, want := range map[string][2]int{
		"Digest. From 32 to 32 bytes.": {32, 32},
		"Picture. At most 16 bytes.":   {0, 16},
	} {
		most := uint64(base64.StdEncoding.EncodedLen(want[1]))
		s := &openapi3.Schema{Type: &openapi3.Types{"string"}, Format: "byte", Description: description, MaxLength: &most}
		var seen []int
		for range 500 {
			decoded, err := base64.StdEncoding.DecodeString(v.valid("x", s).(string))
			if err != nil {
				t.Fatal(err)
			}
			seen = append(seen, len(decoded))
		}
		if got := [2]int{slices.Min(seen), slices.Max(seen)}; got != want {
			t.Errorf("%s got %v bytes, want %v", description, got, want)
		}
	}
}

// "_" in capitals and with one more underscore was another value of its enum.
func TestOtherCasesOfAnEnumAreNoneOfIt(t *testing.T) {
	t.Parallel()
	s := &openapi3.Schema{Type: &openapi3.Types{"string"}, Enum: []any{"_", "__", "___"}}
	v := &values{Rand: rand.New(rand.NewPCG(1, 2))}
	var found bool
	for _, b := range v.invalid("x", s) {
		found = found || strings.HasSuffix(b.rule, "enum in other case")
		if slices.Contains(s.Enum, b.value) {
			t.Errorf("%s: %v is in the enum", b.rule, b.value)
		}
	}
	if !found {
		t.Error("no value in other case")
	}
}
