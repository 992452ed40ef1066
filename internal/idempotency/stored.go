package idempotency

import (
	"encoding/json"
	"fmt"
	"reflect"
	"strings"
)

// read decodes a stored answer. A release before this one may have stored it, when the contract had fewer members: those get null
// where they may be null, and the zero value of their type elsewhere.
func read(text []byte, answer any) error {
	first := json.Unmarshal(text, answer)
	if first == nil {
		return nil
	}
	var stored any
	if err := json.Unmarshal(text, &stored); err != nil {
		return fmt.Errorf("read stored answer: %w", err)
	}
	t := reflect.TypeOf(answer).Elem()
	whole, err := json.Marshal(complete(t, stored))
	if err != nil {
		return fmt.Errorf("complete stored answer: %w", err)
	}
	fresh := reflect.New(t)
	if json.Unmarshal(whole, fresh.Interface()) != nil {
		return fmt.Errorf("read stored answer: %w", first)
	}
	reflect.ValueOf(answer).Elem().Set(fresh.Elem())
	return nil
}

// complete adds to a decoded value the members that the type needs and it has not.
func complete(t reflect.Type, value any) any {
	for t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	switch held := value.(type) {
	case []any:
		if t.Kind() == reflect.Slice {
			for i := range held {
				held[i] = complete(t.Elem(), held[i])
			}
		}
	case map[string]any:
		switch {
		case t.Kind() == reflect.Map:
			for name := range held {
				held[name] = complete(t.Elem(), held[name])
			}
		case t.Kind() != reflect.Struct:
		case wraps(t, "Set") || wraps(t, "Null"): // ogen's optional and nullable values
			return complete(t.Field(0).Type, value)
		default:
			for i := range t.NumField() {
				completeMember(t.Field(i), held)
			}
		}
	}
	return value
}

func completeMember(f reflect.StructField, object map[string]any) {
	if !f.IsExported() {
		return
	}
	name, _, _ := strings.Cut(f.Tag.Get("json"), ",")
	if name == "" {
		name = f.Name
	}
	held, ok := object[name]
	switch {
	case ok:
		object[name] = complete(f.Type, held)
	case wraps(f.Type, "Set"): // it may be absent
	case wraps(f.Type, "Null"):
		object[name] = nil
	case f.Type.Kind() == reflect.Slice:
		object[name] = []any{}
	case f.Type.Kind() == reflect.Struct || f.Type.Kind() == reflect.Map:
		if zero, err := json.Marshal(reflect.New(f.Type).Interface()); err == nil {
			object[name] = json.RawMessage(zero)
		}
	default:
		object[name] = reflect.Zero(f.Type).Interface()
	}
}

// wraps reports whether a type is one that ogen wraps a value in, with the field that says whether there is one.
func wraps(t reflect.Type, field string) bool {
	if t.Kind() != reflect.Struct || t.NumField() < 2 || t.Field(0).Name != "Value" {
		return false
	}
	_, ok := t.FieldByName(field)
	return ok
}
