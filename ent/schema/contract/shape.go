package contract

import (
	"encoding"
	"encoding/json"
	"fmt"
	"reflect"
	"strconv"
	"strings"
	"time"

	"github.com/google/uuid"
	"github.com/shopspring/decimal"
)

// Shape is the OpenAPI 3.0 schema of a Go type, as far as a JSON field needs it. Components of struct types are named after
// them.
type Shape struct {
	// Root is the schema of the type itself.
	Root json.RawMessage `json:"root,omitempty"`
	// Components are the schemas of the structs it is made of, by name.
	Components map[string]json.RawMessage `json:"components,omitempty"`
	// Err says why the type has no schema.
	Err string `json:"err,omitempty"`
}

// IsArray reports whether values of the shape are lists.
func (s *Shape) IsArray() bool {
	var root struct{ Type string }
	return json.Unmarshal(s.Root, &root) == nil && root.Type == "array"
}

// JSON shows a JSON field with the structure of its Go type: field.JSON("address", &Address{}).Annotations(contract.JSON(Address{})).
// Members are those that encoding/json writes: `omitempty` and `omitzero` members may be absent, pointers may be null. A
// member's tag `doc:"…"` describes it, and `max:"20"` is the most characters of a text, items of a list or members of a map
// (defaults: DefaultMaxText, DefaultMaxItems). Unknown members are refused.
func JSON(example any) Annotation {
	shape := Shape{Components: map[string]json.RawMessage{}}
	t := reflect.TypeOf(example)
	for t != nil && t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	root, err := shape.of(t)
	if err == nil {
		shape.Root, err = json.Marshal(root)
	}
	if err != nil {
		shape.Err = err.Error()
	}
	return Annotation{Shape: &shape}
}

type object = map[string]any

var (
	textMarshaler = reflect.TypeFor[encoding.TextMarshaler]()
	jsonMarshaler = reflect.TypeFor[json.Marshaler]()
)

// of is the schema of the type; structs become components and are referred to.
func (s *Shape) of(t reflect.Type) (object, error) {
	switch t {
	case nil, reflect.TypeFor[any]():
		return object{}, nil
	case reflect.TypeFor[time.Time]():
		return object{"type": "string", "format": "date-time"}, nil
	case reflect.TypeFor[uuid.UUID]():
		return object{"type": "string", "format": "uuid"}, nil
	case reflect.TypeFor[decimal.Decimal]():
		return object{"type": "string", "format": "decimal", "pattern": DecimalPattern(DefaultMaxDigits, DefaultMaxDigits)}, nil
	case reflect.TypeFor[[]byte]():
		return object{"type": "string", "format": "byte", "maxLength": DefaultMaxJSON}, nil
	case reflect.TypeFor[json.RawMessage]():
		return object{}, nil
	}
	if t.Kind() == reflect.Pointer { // which has the methods of what it points to
		return s.pointer(t)
	}
	if t.Implements(jsonMarshaler) || reflect.PointerTo(t).Implements(jsonMarshaler) || t == reflect.TypeFor[json.Number]() {
		return nil, fmt.Errorf("%s writes itself as JSON, in a form that nothing tells: take a type of strings, numbers, booleans, times, lists, maps and structs, or one that is an encoding.TextMarshaler", t)
	}
	if t.Implements(textMarshaler) || reflect.PointerTo(t).Implements(textMarshaler) {
		return object{"type": "string", "maxLength": DefaultMaxText}, nil
	}
	switch t.Kind() {
	case reflect.String:
		return object{"type": "string", "maxLength": DefaultMaxText}, nil
	case reflect.Bool:
		return object{"type": "boolean"}, nil
	case reflect.Int, reflect.Int64:
		return object{"type": "integer", "minimum": -MaxSafeInteger, "maximum": MaxSafeInteger}, nil
	case reflect.Int8, reflect.Int16, reflect.Int32:
		most := int64(1)<<(t.Bits()-1) - 1
		return object{"type": "integer", "minimum": -most - 1, "maximum": most}, nil
	case reflect.Uint, reflect.Uint64:
		return object{"type": "integer", "minimum": 0, "maximum": MaxSafeInteger}, nil
	case reflect.Uint8, reflect.Uint16, reflect.Uint32:
		return object{"type": "integer", "minimum": 0, "maximum": int64(1)<<t.Bits() - 1}, nil
	case reflect.Float64:
		return object{"type": "number", "format": "double"}, nil
	case reflect.Float32:
		return object{"type": "number", "format": "float"}, nil
	case reflect.Slice:
		items, err := s.of(t.Elem())
		return object{"type": "array", "items": items, "maxItems": DefaultMaxItems}, err
	case reflect.Map:
		if t.Key().Kind() != reflect.String {
			return nil, fmt.Errorf("%s: the keys of a JSON object are strings", t)
		}
		if t.Elem() == reflect.TypeFor[any]() {
			return object{"type": "object", "additionalProperties": true}, nil
		}
		values, err := s.of(t.Elem())
		return object{"type": "object", "additionalProperties": values, "maxProperties": DefaultMaxItems}, err
	case reflect.Struct:
		return s.structure(t)
	}
	return nil, fmt.Errorf("%s has no form in JSON that a contract could state: use strings, numbers, booleans, times, lists, maps and structs of them", t)
}

// pointer is the schema of what may be null.
func (s *Shape) pointer(t reflect.Type) (object, error) {
	target, err := s.of(t.Elem())
	if _, isRef := target["$ref"]; isRef { // in OpenAPI 3.0 nothing counts beside a $ref
		return nil, fmt.Errorf("%s: a struct inside another may be absent (omitempty on the struct's own value or a list of it), not null", t)
	}
	if err == nil {
		target["nullable"] = true
	}
	return target, err
}

// narrow sets the limit that a member's tag gives.
func narrow(property object, limit string) error {
	if limit == "" {
		return nil
	}
	n, err := strconv.ParseUint(limit, 10, 32)
	for _, name := range []string{"maxLength", "maxItems", "maxProperties"} {
		if _, has := property[name]; has && err == nil {
			property[name] = n
			return nil
		}
	}
	return fmt.Errorf("max:%q is for texts, lists and maps, and a whole number", limit)
}

// DecimalPattern is the form of decimals with at most so many digits before and behind the point: plain notation, without
// leading zeros. A negative whole means zeros right behind the point, as in numeric(2,4).
func DecimalPattern(whole, fraction int) string {
	switch zeros := -whole; {
	case fraction == 0:
		return `^-?` + wholePattern(whole) + `$`
	case zeros > 0:
		return fmt.Sprintf(`^-?0(\.(0{1,%d}|0{%d}[0-9]{1,%d}))?$`, zeros, zeros, fraction-zeros)
	}
	return fmt.Sprintf(`^-?%s(\.[0-9]{1,%d})?$`, wholePattern(whole), fraction)
}

// ScaledPattern is the form of decimals as Postgres writes those of a numeric(p,s): with exactly s digits behind the point.
func ScaledPattern(whole, fraction int) string {
	switch zeros := -whole; {
	case fraction == 0:
		return DecimalPattern(whole, fraction)
	case zeros > 0:
		return fmt.Sprintf(`^-?0\.0{%d}[0-9]{%d}$`, zeros, fraction-zeros)
	}
	return fmt.Sprintf(`^-?%s\.[0-9]{%d}$`, wholePattern(whole), fraction)
}

// wholePattern is the form of what stands before the point.
func wholePattern(whole int) string {
	switch {
	case whole < 1:
		return `0`
	case whole == 1:
		return `[0-9]`
	}
	return fmt.Sprintf(`(0|[1-9][0-9]{0,%d})`, whole-1)
}

func (s *Shape) structure(t reflect.Type) (object, error) {
	if t.Name() == "" {
		return nil, fmt.Errorf("%s: give the struct a name, it becomes a schema of the contract", t)
	}
	ref := object{"$ref": "#/components/schemas/" + t.Name()}
	if _, known := s.Components[t.Name()]; known {
		return ref, nil
	}
	s.Components[t.Name()] = nil // a struct that contains itself ends here
	properties, required := object{}, []string{}
	for _, f := range reflect.VisibleFields(t) {
		name, options, _ := strings.Cut(f.Tag.Get("json"), ",")
		if !f.IsExported() || name == "-" || f.Anonymous {
			continue
		}
		if name == "" {
			return nil, fmt.Errorf("%s.%s: give it a json tag, `json:\"%s\"`", t, f.Name, strings.ToLower(f.Name[:1])+f.Name[1:])
		}
		property, err := s.of(f.Type)
		if err != nil {
			return nil, fmt.Errorf("%s.%s: %w", t, f.Name, err)
		}
		if text := f.Tag.Get("doc"); text != "" && property["$ref"] == nil {
			property["description"] = text
		}
		if err := narrow(property, f.Tag.Get("max")); err != nil {
			return nil, fmt.Errorf("%s.%s: %w", t, f.Name, err)
		}
		properties[name] = property
		if !strings.Contains(options, "omitempty") && !strings.Contains(options, "omitzero") {
			required = append(required, name)
		}
	}
	schema := object{"type": "object", "properties": properties, "additionalProperties": false}
	if len(required) > 0 {
		schema["required"] = required
	}
	encoded, err := json.Marshal(schema)
	if err != nil {
		return nil, fmt.Errorf("encode schema of %s: %w", t, err)
	}
	s.Components[t.Name()] = encoded
	return ref, nil
}
