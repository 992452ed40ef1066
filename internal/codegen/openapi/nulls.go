package openapi

import (
	"encoding/json"
	"slices"

	"github.com/ogen-go/ogen"
)

// listNulls adds null to the values of enums that may be null. OpenAPI 3.0.3 asks for it (Schema Object, nullable), and
// generators that take it at its word leave null out of their types otherwise.
func listNulls(doc *document) error {
	for _, s := range doc.spec.Components.Schemas {
		listNull(s)
	}
	return nil
}

func listNull(s *ogen.Schema) {
	if s == nil {
		return
	}
	null := func(value json.RawMessage) bool { return string(value) == "null" }
	if s.Nullable && len(s.Enum) > 0 && !slices.ContainsFunc(s.Enum, null) {
		s.Enum = append(slices.Clone(s.Enum), json.RawMessage("null"))
	}
	for i := range s.Properties {
		listNull(s.Properties[i].Schema)
	}
	if s.Items != nil {
		listNull(s.Items.Item)
	}
}
