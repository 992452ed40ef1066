package apifuzz

import (
	"encoding/json"
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/getkin/kin-openapi/openapi3"
)

// broken is a value that breaks one rule of a schema.
type broken struct {
	value any
	rule  string
}

// invalid returns the ways in which a value can break the schema, each on its own. Those that are about one field of an
// object have the other fields valid.
func (v *values) invalid(name string, s *openapi3.Schema) []broken {
	var out []broken
	add := func(rule string, value any) { out = append(out, broken{value, name + ": " + rule}) }
	if !s.Nullable {
		add("null", nil)
	}
	if len(s.Enum) > 0 {
		add("none of the enum", "no-such-member")
		other := strings.ToUpper(fmt.Sprint(s.Enum[0])) + "_"
		for slices.Contains(s.Enum, any(other)) {
			other += "_"
		}
		add("enum in other case", other)
		add("enum as number", 0)
		return out
	}
	switch {
	case s.Type.Is("object") || len(s.Properties) > 0:
		add("array for an object", []any{})
		add("text for an object", "{}")
		out = append(out, v.invalidObject(s)...)
	case s.Type.Is("array"):
		add("object for an array", map[string]any{})
		add("text for an array", "a")
		if s.MaxItems != nil && *s.MaxItems < 1000 {
			add("too many items", repeated(v, name, s, int(*s.MaxItems)+1))
		}
		if s.MinItems > 0 {
			add("too few items", []any{})
		}
		for _, item := range v.invalid(name+" item", s.Items.Value) {
			add(item.rule, []any{v.valid(name, s.Items.Value), item.value})
		}
	case s.Type.Is("boolean"):
		add("text for a boolean", "true")
		add("number for a boolean", 1)
	case s.Type.Is("integer"), s.Type.Is("number"):
		add("text for a number", "1")
		add("boolean for a number", true)
		add("out of all range", json.RawMessage("1e999"))
		if s.Type.Is("integer") {
			add("fraction", json.RawMessage("1.5"))
			add("over 64 bits", json.RawMessage("9223372036854775808"))
		}
		if s.Min != nil {
			add("below the minimum", json.RawMessage(fmt.Sprintf("%.0f", *s.Min-1)))
		}
		if s.Max != nil {
			add("above the maximum", json.RawMessage(fmt.Sprintf("%.0f", *s.Max+1)))
		}
	case s.Type.Is("string"):
		out = append(out, v.invalidText(name, s)...)
	}
	return out
}

func (v *values) invalidObject(s *openapi3.Schema) []broken {
	var out []broken
	change := func(rule string, edit func(map[string]any)) {
		object := v.object(s)
		edit(object)
		out = append(out, broken{object, rule})
	}
	for _, name := range s.Required {
		change(name+": missing", func(o map[string]any) { delete(o, name) })
	}
	if s.AdditionalProperties.Has != nil && !*s.AdditionalProperties.Has {
		for _, extra := range []string{"noSuchField", "id", "tenantId", "__proto__", "", "a/b~c", "名"} {
			if s.Properties[extra] == nil {
				change(fmt.Sprintf("unknown field %q", extra), func(o map[string]any) { o[extra] = "x" })
			}
		}
	}
	for _, name := range sortedKeys(s.Properties) {
		for _, b := range v.invalid(name, s.Properties[name].Value) {
			change(b.rule, func(o map[string]any) { o[name] = b.value })
		}
	}
	return out
}

func (v *values) invalidText(name string, s *openapi3.Schema) []broken {
	var out []broken
	add := func(rule string, value any) { out = append(out, broken{value, name + ": " + rule}) }
	add("number for text", 12)
	add("array for text", []any{"a"})
	add("object for text", map[string]any{"a": "b"})
	if s.MaxLength != nil && *s.MaxLength < 10_000 {
		add("too long by one", strings.Repeat("x", int(*s.MaxLength)+1))
		add("too long by one of four bytes", strings.Repeat("🚀", int(*s.MaxLength)+1))
	}
	if s.MinLength > 0 {
		add("too short", strings.Repeat("x", int(s.MinLength)-1))
	}
	switch s.Format {
	case "uuid":
		add("no uuid", "not-a-uuid")
		add("short uuid", "0199f2a0-0000-7000-8000-00000000000")
		add("empty uuid", "")
	case "date-time":
		add("no time", "yesterday")
		add("date for a time", "2026-01-02")
		add("impossible time", "2026-02-30T00:00:00Z")
	case "date":
		add("no date", "2026-13-01")
		add("time for a date", "2026-01-02T00:00:00Z")
	case "decimal":
		add("no decimal", "much")
		add("empty decimal", "")
		add("decimal with an exponent", "1e2")
		add("decimal of 60 digits", strings.Repeat("9", 60))
		add("decimal of 60 digits behind the point", "0."+strings.Repeat("1", 60))
	case "email":
		add("no e-mail address", "nobody")
		add("e-mail address with a space around", " a@example.com")
		add("e-mail address of two lines", "a@example.com\r\nBcc: b@example.com")
	case "byte":
		add("no base64", "!!!")
	}
	if pattern, err := regexp.Compile(s.Pattern); err == nil {
		for _, text := range []string{"\n \x01 not of the pattern", "a\x00b"} {
			if !pattern.MatchString(text) {
				add("not of the pattern", text)
			}
		}
	}
	return out
}

func repeated(v *values, name string, s *openapi3.Schema, n int) []any {
	out := make([]any, n)
	for i := range out {
		out[i] = v.valid(name, s.Items.Value)
	}
	return out
}
