package crud

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/lockstep-dev/lockstep/ent/schema/contract"
	"github.com/lockstep-dev/lockstep/internal/codegen/limits"
	"github.com/lockstep-dev/lockstep/internal/codegen/model"
)

// sample is a body that creates one row of an entity. {{n}} in it stands for a text that no other row has, {{users}} for
// the id of a sample of users.
type sample struct {
	Entity   *model.Entity
	Body     string
	Patch    string
	Refers   []reference // needed to create the row
	May      []reference // can be set as well
	Resource string
}

// References are all fields of the body that can hold the id of another entity of the same kind: of a tenant's row in a
// tenant's row.
func (s sample) References() []reference {
	return slices.DeleteFunc(append(slices.Clone(s.Refers), s.May...), func(r reference) bool { return r.Global })
}

// reference is a field of a sample that holds another entity's id.
type reference struct {
	Field, Resource string
	// Global references lead from a tenant's row to one that belongs to no tenant.
	Global bool
}

// samplesOf returns a sample of each entity that can be created, after those it refers to: of the tenant-owned, or of the
// global ones.
func samplesOf(entities []*model.Entity, owned bool) ([]sample, error) {
	var out []sample
	done := map[string]bool{}
	var visit func(e *model.Entity, path []string) error
	visit = func(e *model.Entity, path []string) error {
		if done[e.Name] || e.TenantOwned != owned || !e.Has(contract.Create) {
			return nil
		}
		if slices.Contains(path, e.Name) {
			return fmt.Errorf("%s cannot be created: it requires itself by way of %s; make one of the edges optional", e.Name, strings.Join(path, ", "))
		}
		s, err := sampleOf(e, entities)
		if err != nil {
			return fmt.Errorf("entity %s: %w", e.Name, err)
		}
		for _, r := range s.Refers {
			i := slices.IndexFunc(entities, func(other *model.Entity) bool { return other.Resource == r.Resource })
			if err := visit(entities[i], append(path, e.Name)); err != nil {
				return err
			}
		}
		done[e.Name] = true
		out = append(out, s)
		return nil
	}
	for _, e := range entities {
		if err := visit(e, nil); err != nil {
			return nil, err
		}
	}
	return out, nil
}

func sampleOf(e *model.Entity, entities []*model.Entity) (sample, error) {
	s := sample{Entity: e, Resource: e.Resource, Patch: "{}"}
	var members []string
	for _, f := range e.Creatable() {
		if !f.Required {
			if target := targetOf(e, f, entities); target != nil && target.Has(contract.Create) {
				s.May = append(s.May, reference{Field: f.JSON, Resource: target.Resource, Global: e.TenantOwned && !target.TenantOwned})
			}
			continue
		}
		value, err := sampleValue(f)
		if err != nil {
			return s, fmt.Errorf("field %s: %w", f.Name, err)
		}
		if target := targetOf(e, f, entities); target != nil {
			value = fmt.Sprintf("%q", "{{"+target.Resource+"}}")
			s.Refers = append(s.Refers, reference{Field: f.JSON, Resource: target.Resource, Global: e.TenantOwned && !target.TenantOwned})
		}
		members = append(members, fmt.Sprintf("%q: %s", f.JSON, value))
		if s.Patch == "{}" && !f.Immutable && targetOf(e, f, entities) == nil {
			s.Patch = fmt.Sprintf("{%q: %s}", f.JSON, value)
		}
	}
	s.Body = "{" + strings.Join(members, ", ") + "}"
	return s, nil
}

// targetOf returns the entity whose id the field holds, nil when it holds none or the id of one that has no sample.
func targetOf(e *model.Entity, f *model.Field, entities []*model.Entity) *model.Entity {
	for _, edge := range e.Node.Edges {
		if edge.Unique && edge.Field() != nil && edge.Field().Name == f.Ent.Name {
			i := slices.IndexFunc(entities, func(other *model.Entity) bool { return other.Name == edge.Type.Name })
			if i < 0 {
				return nil // no operation makes one
			}
			if entities[i].TenantOwned == e.TenantOwned || !entities[i].TenantOwned && entities[i].Has(contract.Create) {
				return entities[i]
			}
		}
	}
	return nil
}

// sampleValue returns a JSON value that the field takes.
func sampleValue(f *model.Field) (string, error) {
	switch f.Kind {
	case model.Enum:
		return fmt.Sprintf("%q", f.Values[0]), nil
	case model.UUID:
		return `"01900000-0000-7000-8000-000000000000"`, nil
	case model.Bool:
		return "true", nil
	case model.Integer, model.Number:
		if f.AsText {
			return fmt.Sprintf("%q", sampleNumber(f)), nil
		}
		return sampleNumber(f), nil
	case model.Decimal:
		return fmt.Sprintf("%q", sampleNumber(f)), nil
	case model.Time:
		return `"2026-01-02T03:04:05.000006Z"`, nil
	case model.Date:
		return `"2026-01-02"`, nil
	case model.Bytes:
		return fmt.Sprintf("%q", base64.StdEncoding.EncodeToString(make([]byte, limits.SampleBytes(f.Limits)))), nil
	case model.TextList:
		return "[]", nil
	case model.JSON:
		if f.Example != "" {
			return f.Example, nil
		}
		return sampleShape(f.Shape, f.Shape.Root)
	}
	text, err := sampleText(f)
	if err != nil {
		return "", err
	}
	encoded, err := json.Marshal(text)
	return string(encoded), err
}

// sampleShape returns a value of a JSON field's schema, with the members that it must have.
func sampleShape(shape *contract.Shape, schema json.RawMessage) (string, error) {
	var s struct {
		Ref        string `json:"$ref"`
		Type       string
		Format     string
		Minimum    json.Number
		Required   []string
		Properties map[string]json.RawMessage
	}
	if err := json.Unmarshal(schema, &s); err != nil {
		return "", fmt.Errorf("read the shape of a JSON field: %w", err)
	}
	if s.Ref != "" {
		return sampleShape(shape, shape.Components[s.Ref[strings.LastIndexByte(s.Ref, '/')+1:]])
	}
	switch {
	case s.Type == "boolean":
		return "true", nil
	case s.Type == "integer", s.Type == "number":
		return "1", nil
	case s.Type == "array":
		return "[]", nil
	case s.Type != "string":
		var members []string
		for _, name := range s.Required {
			value, err := sampleShape(shape, s.Properties[name])
			if err != nil {
				return "", err
			}
			members = append(members, fmt.Sprintf("%q: %s", name, value))
		}
		return "{" + strings.Join(members, ", ") + "}", nil
	}
	texts := map[string]string{
		"date-time": "2026-01-02T03:04:05.000006Z", "uuid": "01900000-0000-7000-8000-000000000000", "decimal": "1", "byte": "AAAA",
	}
	if text, ok := texts[s.Format]; ok {
		return fmt.Sprintf("%q", text), nil
	}
	return `"sample"`, nil
}

func sampleNumber(f *model.Field) string {
	within := func(v float64) bool {
		least, _ := strconv.ParseFloat(f.Limits.Min, 64)
		most, _ := strconv.ParseFloat(f.Limits.Max, 64)
		return (f.Limits.Min == "" || least < v) && (f.Limits.Max == "" || v < most)
	}
	digits := f.Limits.Whole+f.Limits.Fraction > 0
	switch {
	case digits && f.Limits.Whole < 1:
		return "0"
	case within(1):
		return "1"
	case within(-1):
		return "-1"
	case f.Limits.Min != "" && !f.Limits.ExclusiveMin:
		return f.Limits.Min
	case f.Limits.Max != "" && !f.Limits.ExclusiveMax:
		return f.Limits.Max
	case f.Limits.ExclusiveMax:
		return "-1"
	}
	return "1"
}

// sampleText tries texts until one obeys the field's limits. {{n}} becomes eight lower-case hexadecimal digits.
func sampleText(f *model.Field) (string, error) {
	if f.Example != "" {
		return f.Example, nil
	}
	if text := limits.SampleText(f.Ent); f.Foreign && text != "" {
		return text, nil
	}
	if f.Limits.Email {
		return "s{{n}}@example.com", nil
	}
	pattern, err := regexp.Compile(f.Limits.Pattern)
	if err != nil {
		return "", fmt.Errorf("its Match is no valid expression: %w", err)
	}
	for _, candidate := range []string{
		"sample-{{n}}", "sample{{n}}", "{{n}}", "Sample {{n}}", "s{{n}}@example.com", "https://example.com/{{n}}", "sample", "s", "SAMPLE", "12345678", "AB",
	} {
		text := strings.ReplaceAll(candidate, "{{n}}", "0123abcd")
		for f.Limits.MinLen != nil && uint64(len(text)) < *f.Limits.MinLen {
			text, candidate = text+"s", candidate+"s"
		}
		if (f.Limits.MaxLen == nil || uint64(len(text)) <= *f.Limits.MaxLen) && pattern.MatchString(text) {
			return candidate, nil
		}
	}
	return "", fmt.Errorf("no text could be guessed that obeys its limits: give one with contract.Example(\"…\")")
}
