package sdk

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
)

// answers returns the component schemas that successful answers are made of, as a contract without operations, and the schema of
// each operation's answer by operation id. Enums are open: an API that has learnt a value must not break its older clients.
func answers(contract []byte) (schemas []byte, byOperation map[string]string, err error) {
	doc, err := parse(contract)
	if err != nil {
		return nil, nil, err
	}
	var raw struct {
		OpenAPI    string          `json:"openapi"`
		Info       json.RawMessage `json:"info"`
		Paths      struct{}        `json:"paths"`
		Components struct {
			Schemas map[string]any `json:"schemas"`
		} `json:"components"`
	}
	if err := json.Unmarshal(contract, &raw); err != nil {
		return nil, nil, fmt.Errorf("read the contract: %w", err)
	}
	byOperation, needed := map[string]string{}, map[string]any{}
	for _, item := range doc.Paths {
		for _, op := range item.Operations {
			name, err := doc.answer(op)
			if err != nil {
				return nil, nil, fmt.Errorf("operation %s: %w", op.OperationID, err)
			}
			if name != "" {
				byOperation[op.OperationID] = name
				collect(raw.Components.Schemas, name, needed)
			}
		}
	}
	for _, s := range needed {
		openEnums(s)
	}
	raw.Components.Schemas = needed
	schemas, err = json.Marshal(raw)
	return schemas, byOperation, err
}

// answer names the component of an operation's successful answer; empty if there is none.
func (d *document) answer(op *operation) (string, error) {
	for _, status := range slices.Sorted(maps.Keys(op.Responses)) {
		if !strings.HasPrefix(status, "2") {
			continue
		}
		r, err := d.response(op.Responses[status])
		if err != nil {
			return "", err
		}
		if s := r.Content["application/json"].Schema; s != nil {
			return strings.TrimPrefix(s.Ref, "#/components/schemas/"), nil
		}
	}
	return "", nil
}

// collect puts a schema and all it refers to into found.
func collect(all map[string]any, name string, found map[string]any) {
	if _, ok := found[name]; ok || all[name] == nil {
		return
	}
	found[name] = all[name]
	walk(all[name], func(object map[string]any) {
		if ref, ok := object["$ref"].(string); ok {
			collect(all, strings.TrimPrefix(ref, "#/components/schemas/"), found)
		}
	})
}

func openEnums(s any) {
	walk(s, func(object map[string]any) {
		if _, ok := object["enum"].([]any); ok {
			delete(object, "enum")
		}
	})
}

// walk visits the objects of a JSON value.
func walk(value any, visit func(map[string]any)) {
	switch value := value.(type) {
	case map[string]any:
		visit(value)
		for _, member := range value {
			walk(member, visit)
		}
	case []any:
		for _, item := range value {
			walk(item, visit)
		}
	}
}

// answersModule writes the module that tells which schema an operation's answer has.
func answersModule(byOperation map[string]string) []byte {
	var names, lines []string
	for _, id := range slices.Sorted(maps.Keys(byOperation)) {
		names = append(names, "v"+byOperation[id])
		lines = append(lines, "  "+quote(id)+": v"+byOperation[id]+",")
	}
	slices.Sort(names)
	return []byte(header + "import type { GenericSchema } from 'valibot';\n" +
		wrap("import { ", slices.Compact(names), " } from './schemas.js';", "", "") +
		"\n\n/** The schemas of successful answers, by operation. */\nexport const answers: Readonly<Record<string, GenericSchema>> = {\n" +
		strings.Join(lines, "\n") + "\n};\n")
}
