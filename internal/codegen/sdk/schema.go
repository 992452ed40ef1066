package sdk

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
)

// printer writes schemas as TypeScript types and keeps account of the components they name.
type printer struct {
	schemas map[string]*schema
	used    map[string]bool
}

// typeOf returns s as a TypeScript type.
func (p *printer) typeOf(s *schema) (string, error) {
	if s == nil {
		return "unknown", nil
	}
	t, err := p.bare(s)
	if err == nil && s.Nullable && t != "unknown" {
		t += " | null"
	}
	return t, err
}

func (p *printer) bare(s *schema) (string, error) {
	switch {
	case s.Ref != "":
		if _, err := find(p.schemas, "schemas", s.Ref); err != nil {
			return "", err
		}
		name := s.Ref[strings.LastIndexByte(s.Ref, '/')+1:]
		p.used[name] = true
		return name, nil
	case len(s.AllOf) > 0:
		return p.join(s.AllOf, " & ")
	case len(s.OneOf) > 0:
		return p.join(s.OneOf, " | ")
	case len(s.AnyOf) > 0:
		return p.join(s.AnyOf, " | ")
	case len(s.Enum) > 0:
		return literals(s.Enum)
	}
	switch s.Type {
	case "string", "boolean":
		return s.Type, nil
	case "integer", "number":
		return "number", nil
	case "array":
		item, err := p.typeOf(s.Items)
		if strings.ContainsAny(item, "|&") {
			item = "(" + item + ")"
		}
		return item + "[]", err
	case "object", "":
		return p.object(s)
	}
	return "", fmt.Errorf("write a schema of type %q: unknown type", s.Type)
}

func (p *printer) join(parts []*schema, operator string) (string, error) {
	types := make([]string, len(parts))
	for i, part := range parts {
		t, err := p.typeOf(part)
		if err != nil {
			return "", err
		}
		if len(parts) > 1 && strings.ContainsAny(t, "|&") {
			t = "(" + t + ")"
		}
		types[i] = t
	}
	return strings.Join(types, operator), nil
}

func literals(values []any) (string, error) {
	types := make([]string, len(values))
	values = slices.DeleteFunc(slices.Clone(values), func(v any) bool { return v == nil }) // nullable says so
	types = types[:len(values)]
	for i, value := range values {
		if s, ok := value.(string); ok {
			types[i] = quote(s)
			continue
		}
		raw, err := json.Marshal(value)
		if err != nil {
			return "", fmt.Errorf("write an enum: %w", err)
		}
		types[i] = string(raw)
	}
	return strings.Join(types, " | "), nil
}

func (p *printer) object(s *schema) (string, error) {
	if len(s.Properties) == 0 {
		return p.record(s)
	}
	var fields []string
	for _, name := range slices.Sorted(maps.Keys(s.Properties)) {
		t, err := p.typeOf(s.Properties[name])
		if err != nil {
			return "", err
		}
		fields = append(fields, property(name)+optional(slices.Contains(s.Required, name), t))
	}
	return "{ " + strings.Join(fields, "; ") + " }", nil
}

// record is an object whose keys the contract does not name.
func (p *printer) record(s *schema) (string, error) {
	var value *schema
	if raw := s.AdditionalProperties; len(raw) > 0 && raw[0] == '{' {
		value = new(schema)
		if err := json.Unmarshal(raw, value); err != nil {
			return "", fmt.Errorf("read additionalProperties: %w", err)
		}
	} else if s.Type == "" {
		return "unknown", nil
	}
	t, err := p.typeOf(value)
	return "Record<string, " + t + ">", err
}

// optional is what follows a property's name. An optional one takes undefined too, even under exactOptionalPropertyTypes:
// the client does not send it.
func optional(required bool, t string) string {
	if required {
		return ": " + t
	}
	return "?: " + t + " | undefined"
}
