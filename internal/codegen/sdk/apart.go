package sdk

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
)

// tellApart returns the contract with other names for those of its schemas that are called as something else in the SDK: an entity
// Record is the type RecordModel. The order of the document, which is that of the types, stays.
func tellApart(contract []byte) ([]byte, error) {
	doc, err := parse(contract)
	if err != nil {
		return nil, err
	}
	resources, err := doc.resources()
	if err != nil {
		return nil, err
	}
	held := maps.Clone(taken)
	for _, r := range resources {
		for _, name := range exports(r) {
			held[strings.TrimPrefix(name, "type ")] = true
		}
	}
	schemas := slices.Sorted(maps.Keys(doc.Components.Schemas))
	others := map[string]string{}
	for _, name := range schemas {
		if !held[name] {
			continue
		}
		other := name + "Model"
		for held[other] || slices.Contains(schemas, other) {
			other += "Model"
		}
		others[name], held[other] = other, true
	}
	if len(others) == 0 {
		return contract, nil
	}
	return renameSchemas(contract, others)
}

// renameSchemas renames component schemas where they are declared and where they are referred to.
func renameSchemas(contract []byte, others map[string]string) ([]byte, error) {
	var out bytes.Buffer
	written := int64(0) // of the contract
	write := func(end int64, before, after string) error {
		start := end - int64(len(before)) - 2 // the quotes
		if start < written || string(contract[start:end]) != `"`+before+`"` {
			return fmt.Errorf("rename the schema %s: it is written with escapes", before)
		}
		out.Write(contract[written:start])
		out.WriteString(`"` + after + `"`)
		written = end
		return nil
	}
	const components = "#/components/schemas/"
	decoder := json.NewDecoder(bytes.NewReader(contract))
	var visit func(path []string) error
	visit = func(path []string) error {
		token, err := decoder.Token()
		if err != nil {
			return fmt.Errorf("read the contract: %w", err)
		}
		switch token {
		case json.Delim('{'):
			for decoder.More() {
				key, err := decoder.Token()
				if err != nil {
					return fmt.Errorf("read the contract: %w", err)
				}
				name, _ := key.(string)
				if other := others[name]; other != "" && slices.Equal(path, []string{"components", "schemas"}) {
					if err := write(decoder.InputOffset(), name, other); err != nil {
						return err
					}
				}
				if err := visit(append(slices.Clone(path), name)); err != nil {
					return err
				}
			}
			_, err = decoder.Token()
		case json.Delim('['):
			for decoder.More() {
				if err := visit(append(slices.Clone(path), "")); err != nil {
					return err
				}
			}
			_, err = decoder.Token()
		default:
			ref, _ := token.(string)
			name, ok := strings.CutPrefix(ref, components)
			if other := others[name]; ok && other != "" && path[len(path)-1] == "$ref" {
				return write(decoder.InputOffset(), ref, components+other)
			}
		}
		return err
	}
	if err := visit(nil); err != nil {
		return nil, err
	}
	out.Write(contract[written:])
	return out.Bytes(), nil
}
