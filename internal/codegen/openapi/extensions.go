package openapi

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"slices"

	"github.com/go-faster/jx"
	"github.com/ogen-go/ogen"

	"github.com/lockstep-dev/lockstep/internal/problem"
)

// Extensions of operations.
const (
	// problemCodes lists the codes an operation can answer.
	problemCodes = "x-problem-codes"
	// sunsetDay is when a deprecated operation will be gone. oasdiff knows it by this name.
	sunsetDay = "x-sunset"
	// violationCodes are what the code of a violation can be, as internal/problem defines them.
	violationCodes = "x-violation-codes"
	// deprecatedSince is when an operation became deprecated.
	deprecatedSince = "x-deprecated-since"
)

// extensions are what operations say beyond OpenAPI, by operation id and name.
type extensions map[string]map[string]any

func (x extensions) set(op *ogen.Operation, name string, value any) {
	if x[op.OperationID] == nil {
		x[op.OperationID] = map[string]any{}
	}
	x[op.OperationID][name] = value
}

// write adds the extensions to an encoded document. ogen's own would come in random order, and as strings only.
func (x extensions) write(document []byte) ([]byte, error) {
	decoder, encoder := jx.DecodeBytes(document), &jx.Encoder{}
	members := func(d *jx.Decoder, value func(key string, raw jx.Raw) error) error {
		encoder.ObjStart()
		defer encoder.ObjEnd()
		return d.Obj(func(d *jx.Decoder, key string) error {
			raw, err := d.Raw()
			if err != nil {
				return fmt.Errorf("read %s: %w", key, err)
			}
			encoder.FieldStart(key)
			return value(key, raw)
		})
	}
	copied := func(raw jx.Raw) error { encoder.Raw(raw); return nil }
	operation := func(raw jx.Raw) error {
		var own struct {
			OperationID string `json:"operationId"`
		}
		if err := json.Unmarshal(raw, &own); err != nil || own.OperationID == "" {
			return copied(raw) // the parameters of a path
		}
		encoder.ObjStart()
		defer encoder.ObjEnd()
		if err := jx.DecodeBytes(raw).Obj(func(d *jx.Decoder, key string) error {
			raw, err := d.Raw()
			encoder.FieldStart(key)
			encoder.Raw(raw)
			return err
		}); err != nil {
			return err
		}
		for _, name := range slices.Sorted(maps.Keys(x[own.OperationID])) {
			value, err := json.Marshal(x[own.OperationID][name])
			if err != nil {
				return fmt.Errorf("encode %s of %s: %w", name, own.OperationID, err)
			}
			encoder.FieldStart(name)
			encoder.Raw(value)
		}
		return nil
	}
	// within copies an object, except for what lies at a path in it: that gets the codes of violations.
	var within func(raw jx.Raw, path ...string) error
	within = func(raw jx.Raw, path ...string) error {
		return members(jx.DecodeBytes(raw), func(key string, raw jx.Raw) error {
			if key != path[0] {
				return copied(raw)
			}
			if len(path) > 1 {
				return within(raw, path[1:]...)
			}
			return listed(encoder, raw)
		})
	}
	err := members(decoder, func(key string, raw jx.Raw) error {
		switch key {
		case "components":
			return within(raw, "schemas", "Violation", "properties", "code")
		case "paths":
		default:
			return copied(raw)
		}
		return members(jx.DecodeBytes(raw), func(_ string, path jx.Raw) error {
			return members(jx.DecodeBytes(path), func(_ string, raw jx.Raw) error { return operation(raw) })
		})
	})
	if err != nil {
		return nil, fmt.Errorf("write extensions: %w", err)
	}
	var out bytes.Buffer
	if err := json.Indent(&out, encoder.Bytes(), "", "  "); err != nil {
		return nil, fmt.Errorf("indent contract: %w", err)
	}
	return append(out.Bytes(), '\n'), nil
}

// listed adds the codes that the server knows to the schema of a violation's code.
func listed(encoder *jx.Encoder, schema jx.Raw) error {
	encoder.ObjStart()
	defer encoder.ObjEnd()
	if err := jx.DecodeBytes(schema).Obj(func(d *jx.Decoder, key string) error {
		raw, err := d.Raw()
		encoder.FieldStart(key)
		encoder.Raw(raw)
		return err
	}); err != nil {
		return err
	}
	encoder.FieldStart(violationCodes)
	encoder.ArrStart()
	for _, rule := range problem.Rules() {
		encoder.Str(rule.String())
	}
	encoder.ArrEnd()
	return nil
}
