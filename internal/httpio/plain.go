package httpio

import (
	"bytes"
	"encoding/json"
	"fmt"
	"reflect"
	"time"

	"github.com/go-faster/jx"
)

// Text is the JSON text of what a pointer to one of ogen's types holds. Plain slices have no encoder of ogen's, and encoding/json
// writes some of their items in another form: a jx.Raw as base64, and a time with more digits than an answer shows.
func Text(from any) ([]byte, error) { return appendText(nil, reflect.ValueOf(from).Elem()) }

func appendText(to []byte, v reflect.Value) ([]byte, error) {
	switch held := v.Addr().Interface().(type) {
	case *jx.Raw:
		if *held == nil {
			return append(to, "null"...), nil
		}
		return append(to, *held...), nil
	case *time.Time:
		return append(appendTime(append(to, '"'), *held), '"'), nil
	case json.Marshaler, *[]byte:
	default:
		if v.Kind() == reflect.Slice && !v.IsNil() {
			return appendItems(to, v)
		}
	}
	text, err := json.Marshal(v.Addr().Interface()) // ogen's types encode themselves by pointer
	if err != nil {
		return nil, fmt.Errorf("encode %s: %w", v.Type(), err)
	}
	return append(to, text...), nil
}

func appendItems(to []byte, v reflect.Value) (_ []byte, err error) {
	to = append(to, '[')
	for i := range v.Len() {
		if i > 0 {
			to = append(to, ',')
		}
		if to, err = appendText(to, v.Index(i)); err != nil {
			return nil, err
		}
	}
	return append(to, ']'), nil
}

// Read decodes a JSON text into a pointer to one of ogen's types, plain slices of jx.Raw among them.
func Read(text []byte, into any) error {
	if raw, ok := into.(*jx.Raw); ok {
		*raw = bytes.TrimSpace(text)
		return nil
	}
	v := reflect.ValueOf(into).Elem()
	_, own := into.(json.Unmarshaler)
	if own || v.Kind() != reflect.Slice || v.Type().Elem().Kind() != reflect.Slice {
		return json.Unmarshal(text, into)
	}
	var items []json.RawMessage
	if err := json.Unmarshal(text, &items); err != nil || items == nil {
		return err
	}
	list := reflect.MakeSlice(v.Type(), len(items), len(items))
	for i, item := range items {
		if err := Read(item, list.Index(i).Addr().Interface()); err != nil {
			return err
		}
	}
	v.Set(list)
	return nil
}
