package openapi

import (
	"fmt"
	"maps"
	"slices"

	"github.com/ogen-go/ogen"
)

// sizedFormats bound a text by themselves.
var sizedFormats = []string{"uuid", "date", "date-time", "decimal", integerText}

// refuseUnbounded returns an error for the first member of the fragment's bodies and parameters that has no limit: what a caller
// can send is bounded everywhere, and the contract says how.
func refuseUnbounded(part *ogen.Spec) error {
	var schemas map[string]*ogen.Schema
	if part.Components != nil {
		schemas = part.Components.Schemas
	}
	for _, path := range slices.Sorted(maps.Keys(part.Paths)) {
		item := part.Paths[path]
		for _, op := range []*ogen.Operation{item.Get, item.Post, item.Put, item.Patch, item.Delete} {
			if op == nil {
				continue
			}
			for _, p := range op.Parameters {
				if err := bounded(p.Schema, schemas, "parameter "+p.Name, nil); err != nil {
					return fmt.Errorf("%s: %w", op.OperationID, err)
				}
			}
			if op.RequestBody == nil {
				continue
			}
			for _, media := range op.RequestBody.Content {
				if err := bounded(media.Schema, schemas, "", nil); err != nil {
					return fmt.Errorf("%s: %w", op.OperationID, err)
				}
			}
		}
	}
	return nil
}

// bounded looks into a schema at the place; generated schemas, which have their limits, are not among the fragment's own.
func bounded(s *ogen.Schema, schemas map[string]*ogen.Schema, place string, seen []string) error {
	switch {
	case s == nil:
		return nil
	case s.Ref != "":
		name := s.Ref[len("#/components/schemas/"):]
		if slices.Contains(seen, name) {
			return nil
		}
		return bounded(schemas[name], schemas, place, append(slices.Clone(seen), name))
	case s.Type == "string" && s.MaxLength == nil && len(s.Enum) == 0 && !slices.Contains(sizedFormats, s.Format):
		return fmt.Errorf("%s is a text without a limit: add maxLength", place)
	case s.Type == "array" && s.MaxItems == nil:
		return fmt.Errorf("%s is an array without a limit: add maxItems", place)
	case s.Type == "object" && len(s.Properties) == 0 && s.MaxProperties == nil:
		return fmt.Errorf("%s is an object of any members without a limit: add maxProperties, or name its properties", place)
	}
	if s.Items != nil {
		if err := bounded(s.Items.Item, schemas, place+"/0", seen); err != nil {
			return err
		}
	}
	for _, p := range s.Properties {
		if err := bounded(p.Schema, schemas, place+"/"+p.Name, seen); err != nil {
			return err
		}
	}
	if s.AdditionalProperties != nil {
		if err := bounded(&s.AdditionalProperties.Schema, schemas, place+"/*", seen); err != nil {
			return err
		}
	}
	for _, each := range [][]*ogen.Schema{s.AllOf, s.AnyOf, s.OneOf} {
		for _, part := range each {
			if err := bounded(part, schemas, place, seen); err != nil {
				return err
			}
		}
	}
	return nil
}
