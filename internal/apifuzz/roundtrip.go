package apifuzz

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"math/big"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/getkin/kin-openapi/openapi3"
)

// lost compares an accepted body with the row that is answered: what was sent under a name is there under that name, to the
// last digit and microsecond.
func lost(sent, got []byte, s *openapi3.Schema) []string {
	before, after := map[string]any{}, map[string]any{}
	if read(sent, &before) != nil || read(got, &after) != nil {
		return nil
	}
	var wrong []string
	for _, name := range sortedKeys(before) {
		value, answered := after[name]
		property := s.Properties[name]
		if !answered || property == nil || same(property.Value, before[name], value) {
			continue
		}
		wrong = append(wrong, fmt.Sprintf("%s was sent as %v and is %v", name, before[name], value))
	}
	return wrong
}

func read(text []byte, into *map[string]any) error {
	decoder := json.NewDecoder(bytes.NewReader(text))
	decoder.UseNumber()
	return decoder.Decode(into)
}

// same compares by the schema's type: a time as an instant of microseconds, a decimal as a number.
func same(s *openapi3.Schema, sent, got any) bool {
	if len(s.AllOf) == 1 { // a reference that may be null
		s = s.AllOf[0].Value
	}
	switch sent := sent.(type) {
	case map[string]any: // a typed JSON field; members of a free-form one have no schema
		object, ok := got.(map[string]any)
		if !ok || len(s.Properties) == 0 {
			return ok && reflect.DeepEqual(sent, got)
		}
		for name, value := range sent {
			if property := s.Properties[name]; property == nil || !same(property.Value, value, object[name]) {
				return false
			}
		}
		return true
	case []any:
		list, ok := got.([]any)
		if ok && len(list) < len(sent) {
			sent = once(sent) // a set, of which the answer has each once
		}
		if !ok || s.Items == nil || len(list) != len(sent) {
			return false
		}
		for i := range sent {
			if !same(s.Items.Value, sent[i], list[i]) {
				return false
			}
		}
		return true
	case json.Number:
		number, ok := got.(json.Number)
		if !ok {
			return false
		}
		if s.Format == "float" {
			a, _ := strconv.ParseFloat(string(sent), 32)
			b, _ := strconv.ParseFloat(string(number), 32)
			return float32(a) == float32(b)
		}
		return sameNumber(string(sent), string(number))
	case string:
		text, ok := got.(string)
		if !ok {
			return false
		}
		switch s.Format {
		case "date-time":
			a, errA := time.Parse(time.RFC3339Nano, sent)
			b, errB := time.Parse(time.RFC3339Nano, text)
			return errA == nil && errB == nil && a.Truncate(time.Microsecond).Equal(b)
		case "decimal":
			return sameNumber(sent, text)
		case "email":
			return strings.EqualFold(sent, text)
		case "byte":
			a, errA := base64.StdEncoding.DecodeString(sent)
			b, errB := base64.StdEncoding.DecodeString(text)
			return errA == nil && errB == nil && bytes.Equal(a, b)
		}
		return sent == text
	}
	return reflect.DeepEqual(sent, got)
}

// once leaves out texts that are there already.
func once(list []any) []any {
	seen := map[string]bool{}
	return slices.DeleteFunc(slices.Clone(list), func(item any) bool {
		text, ok := item.(string)
		again := ok && seen[text]
		seen[text] = true
		return again
	})
}

func sameNumber(a, b string) bool {
	x, okX := new(big.Rat).SetString(a)
	y, okY := new(big.Rat).SetString(b)
	return okX && okY && x.Cmp(y) == 0
}
