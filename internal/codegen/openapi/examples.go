package openapi

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"hash/fnv"
	"maps"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/ogen-go/ogen"
	"github.com/shopspring/decimal"

	"github.com/lockstep-dev/lockstep/internal/codegen/limits"
	"github.com/lockstep-dev/lockstep/internal/codegen/model"
)

// writeExamples gives every body, request's or answer's, an example: what the documentation shows and sends. Values are the
// schema's own where it names some (contract.Example, which a team fills with what its seed holds), else ones that fit.
func writeExamples(doc *document) error {
	x := examples{schemas: doc.spec.Components.Schemas, given: map[string]json.RawMessage{}}
	for _, e := range doc.entities {
		for _, f := range e.Fields {
			if value := sampleOf(f); value != nil {
				for _, name := range []string{e.Name + "Create", e.Name + "Update"} {
					x.given[name+"."+f.JSON] = value
				}
				for _, name := range e.Views() {
					x.given[name+"."+f.JSON] = answeredExample(f, value)
				}
			}
		}
	}
	for _, path := range slices.Sorted(maps.Keys(doc.spec.Paths)) {
		item := doc.spec.Paths[path]
		for _, op := range []*ogen.Operation{item.Get, item.Post, item.Put, item.Patch, item.Delete} {
			if op == nil {
				continue
			}
			if op.RequestBody != nil {
				if err := x.fill(op.RequestBody.Content); err != nil {
					return fmt.Errorf("%s: %w", op.OperationID, err)
				}
			}
			for _, response := range op.Responses {
				if err := x.fill(response.Content); err != nil {
					return fmt.Errorf("%s: %w", op.OperationID, err)
				}
			}
		}
	}
	for _, name := range slices.Sorted(maps.Keys(doc.spec.Components.Responses)) {
		if name == "Problem" {
			continue
		}
		if err := x.fill(doc.spec.Components.Responses[name].Content); err != nil {
			return fmt.Errorf("answer %s: %w", name, err)
		}
	}
	return nil
}

// sampleOf is what the schema says itself, or what follows from the field's column or size, which the contract does not tell.
func sampleOf(f *model.Field) json.RawMessage {
	switch given := givenExample(f); {
	case given != nil:
		return given
	case f.Kind == model.Bytes:
		return json.RawMessage(strconv.Quote(base64.StdEncoding.EncodeToString(make([]byte, limits.SampleBytes(f.Limits)))))
	case f.Kind == model.String && f.Foreign && limits.SampleText(f.Ent) != "":
		return json.RawMessage(strconv.Quote(limits.SampleText(f.Ent)))
	}
	return nil
}

// givenExample is what the schema says itself; {{n}}, which keeps test data unique, is left out.
func givenExample(f *model.Field) json.RawMessage {
	if f.Example == "" {
		return nil
	}
	text := strings.ReplaceAll(f.Example, "{{n}}", "")
	var value any = text
	switch f.Kind {
	case model.TextList:
		value = strings.Split(text, ",")
	case model.Integer, model.Number, model.Bool, model.JSON:
		if !f.AsText {
			return json.RawMessage(text)
		}
	}
	encoded, _ := json.Marshal(value) // strings always encode
	return encoded
}

// maxExampleDepth is deeper than any structure of JSON that does not contain itself.
const maxExampleDepth = 100

// maxListDepth is how deep a list still has an item: a type that contains itself does so in a list, which ends there.
const maxListDepth = 12

// answeredExample is the example as an answer has it: a decimal with all digits of its scale.
func answeredExample(f *model.Field, given json.RawMessage) json.RawMessage {
	if f.Kind != model.Decimal || !f.Limits.Scaled || f.Limits.Fraction <= 0 {
		return given
	}
	v, err := decimal.NewFromString(strings.Trim(string(given), `"`))
	if err != nil {
		return given
	}
	return json.RawMessage(strconv.Quote(v.StringFixed(int32(f.Limits.Fraction))))
}

type examples struct {
	schemas map[string]*ogen.Schema
	given   map[string]json.RawMessage // "User.email" → its value
}

// fill sets the example of each media type that has none.
func (x examples) fill(content map[string]ogen.Media) error {
	for name, media := range content {
		if media.Schema == nil || media.Example != nil {
			continue
		}
		value, err := x.of(media.Schema, "", "", 0)
		if err != nil {
			return err
		}
		media.Example = ogen.ExampleValue(value)
		content[name] = media
	}
	return nil
}

// of is an example of a schema that belongs to the property of a component.
func (x examples) of(s *ogen.Schema, component, property string, depth int) (json.RawMessage, error) {
	if name, ok := strings.CutPrefix(s.Ref, "#/components/schemas/"); ok {
		target := x.schemas[name]
		if target == nil || depth > maxExampleDepth {
			return nil, fmt.Errorf("no example of %s: it is missing or contains itself", name)
		}
		return x.of(target, name, property, depth+1)
	}
	switch given, ok := x.given[component+"."+property]; {
	case s.Example != nil:
		return json.RawMessage(s.Example), nil
	case ok:
		return given, nil
	case s.Default != nil:
		return json.RawMessage(s.Default), nil
	case len(s.Enum) > 0:
		return s.Enum[0], nil
	}
	if len(s.AllOf) == 1 {
		return x.of(s.AllOf[0], component, property, depth)
	}
	switch s.Type {
	case "object":
		return x.object(s, component, depth)
	case "array":
		if depth > maxListDepth || s.Items == nil || s.Items.Item == nil || s.Items.Item.Type == "string" && s.Items.Item.Format == "" {
			return json.RawMessage("[]"), nil
		}
		item, err := x.of(s.Items.Item, component, strings.TrimSuffix(property, "s"), depth+1)
		return slices.Concat(json.RawMessage("["), item, json.RawMessage("]")), err
	case "boolean":
		return json.RawMessage("true"), nil
	case "integer", "number":
		return exampleNumber(s), nil
	case "string":
		return exampleText(s, component, property)
	}
	return json.RawMessage("{}"), nil
}

// object has the members that must be there and those that the schema gives an example of: an answer without expansions, a
// body without what may be left out, a patch of one field.
func (x examples) object(s *ogen.Schema, component string, depth int) (json.RawMessage, error) {
	var out bytes.Buffer
	for i, p := range s.Properties {
		_, given := x.given[component+"."+p.Name]
		if !slices.Contains(s.Required, p.Name) && !given && p.Schema.Example == nil && (len(s.Required) > 0 || i > 0) {
			continue
		}
		value, err := x.of(p.Schema, component, p.Name, depth+1)
		if err != nil {
			return nil, err
		}
		if out.Len() > 0 {
			out.WriteByte(',')
		}
		fmt.Fprintf(&out, "%q:%s", p.Name, value)
	}
	return slices.Concat(json.RawMessage("{"), out.Bytes(), json.RawMessage("}")), nil
}

func exampleNumber(s *ogen.Schema) json.RawMessage {
	within := func(v float64) bool {
		least, _ := strconv.ParseFloat(string(s.Minimum), 64)
		most, _ := strconv.ParseFloat(string(s.Maximum), 64)
		return (s.Minimum == nil || least < v) && (s.Maximum == nil || v < most)
	}
	switch {
	case within(1):
		return json.RawMessage("1")
	case within(-1):
		return json.RawMessage("-1")
	case s.Minimum != nil && !s.ExclusiveMinimum:
		return json.RawMessage(s.Minimum)
	case s.Maximum != nil && !s.ExclusiveMaximum:
		return json.RawMessage(s.Maximum)
	case s.ExclusiveMaximum:
		return json.RawMessage("-1")
	}
	return json.RawMessage("1")
}

// maxScale is the most zeros that an example gets behind the point (PostgreSQL manual, "Arbitrary Precision Numbers").
const maxScale = 1000

// exampleText fits the format, or is the first of some texts that fits the limits.
func exampleText(s *ogen.Schema, component, property string) (json.RawMessage, error) {
	switch s.Format {
	case "uuid":
		return json.RawMessage(`"` + exampleID(component, property) + `"`), nil
	case "date-time":
		return json.RawMessage(`"2026-01-15T09:30:00.123456Z"`), nil
	case "date":
		return json.RawMessage(`"2026-01-15"`), nil
	case "decimal":
		pattern, err := regexp.Compile(s.Pattern)
		if err != nil {
			return nil, fmt.Errorf("pattern of %s.%s: %w", component, property, err)
		}
		for _, text := range []string{"1250.5", "12.5", "12", "1", "0.5", "0.", "0"} {
			for range maxScale {
				if pattern.MatchString(text) {
					return json.RawMessage(`"` + text + `"`), nil
				}
				if !strings.Contains(text, ".") {
					break
				}
				text += "0"
			}
		}
	case integerText:
		return json.RawMessage(`"9007199254740993"`), nil
	case "byte":
		return json.RawMessage(`"aGVsbG8="`), nil
	case "email":
		return json.RawMessage(`"ingrid.halvorsen@example.com"`), nil
	}
	if s.Nullable {
		return json.RawMessage("null"), nil
	}
	pattern, err := regexp.Compile(s.Pattern)
	if err != nil {
		return nil, fmt.Errorf("pattern of %s.%s: %w", component, property, err)
	}
	for _, text := range []string{"Sample", "sample", "SAMPLE", "12345678", "AB", "s", "a@example.com", "https://example.com/a"} {
		for s.MinLength != nil && uint64(len(text)) < *s.MinLength {
			text += text[len(text)-1:]
		}
		if (s.MaxLength == nil || uint64(len(text)) <= *s.MaxLength) && pattern.MatchString(text) {
			return json.RawMessage(`"` + text + `"`), nil
		}
	}
	return nil, fmt.Errorf("no example of %s.%s could be guessed that obeys its limits: give one with contract.Example(\"…\")", component, property)
}

// exampleID is a UUIDv7 of its own for every entity and reference, the same wherever that appears.
func exampleID(component, property string) string {
	if property == "id" {
		property = component
	}
	hash := fnv.New64a()
	_, _ = hash.Write([]byte(property)) // a hash never fails
	sum := hash.Sum64()
	return fmt.Sprintf("01943f2a-%04x-7%03x-8%03x-%012x", sum>>48, sum>>36&0xfff, sum>>24&0xfff, sum&0xffffffffffff)
}
