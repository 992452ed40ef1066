package openapi

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"

	"github.com/ogen-go/ogen"
)

// showShapes adds the structs of JSON fields to the components. Fields of one type share its component.
func showShapes(doc *document) error {
	added := map[string]string{}
	for _, e := range doc.entities {
		for _, f := range slices.Concat(e.Fields, e.Secrets) {
			if f.Shape == nil {
				continue
			}
			for _, name := range slices.Sorted(maps.Keys(f.Shape.Components)) {
				text := string(f.Shape.Components[name])
				if added[name] == text {
					continue
				}
				if _, taken := doc.spec.Components.Schemas[name]; taken {
					return fmt.Errorf("entity %s: field %s: the contract has a schema %s already: give the Go type another name", e.Name, f.Name, name)
				}
				s := ogen.NewSchema()
				if err := json.Unmarshal([]byte(text), s); err != nil {
					return fmt.Errorf("entity %s: field %s: read the shape of %s: %w", e.Name, f.Name, name, err)
				}
				if s.Description == "" {
					s.Description = fmt.Sprintf("Part of `%s.%s`.", e.Name, f.JSON)
				}
				if string(f.Shape.Root) == `{"$ref":"#/components/schemas/`+name+`"}` {
					s.Description += " " + jsonLimit(f)
				}
				doc.spec.AddSchema(name, s)
				added[name] = text
			}
			if !patchable(e, f) {
				continue
			}
			if err := doc.addPatches(e, f, added); err != nil {
				return err
			}
		}
	}
	return nil
}
