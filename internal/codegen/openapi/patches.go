package openapi

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"github.com/ogen-go/ogen"

	"github.com/lockstep-dev/lockstep/ent/schema/contract"
	"github.com/lockstep-dev/lockstep/internal/codegen/model"
)

// patchSuffix ends the names of schemas that change a part of a JSON field.
const patchSuffix = "Patch"

const schemaRef = "#/components/schemas/"

// merging says what a patch does to a JSON field.
const merging = "Merged into what is there (RFC 7396): members that are absent stay, null removes one, lists are replaced."

// patched is a JSON field as a JSON Merge Patch takes it: nothing in it must be there, and what may be gone takes null.
func patched(f *model.Field) *ogen.Schema {
	s := ogen.NewSchema()
	if err := json.Unmarshal(f.Shape.Root, s); err != nil {
		panic(fmt.Sprintf("read the shape of %s: %v", f.Name, err)) // contract.JSON has written it
	}
	s = patchOf(s)
	text := strings.Join([]string{f.Comment, merging, "As a whole: " + strings.ToLower(jsonLimit(f)[:1]) + jsonLimit(f)[1:]}, " ")
	if s.Ref == "" {
		return s.SetDescription(text).SetNullable(f.Nullable)
	}
	return ogen.NewSchema().SetDescription(text).SetNullable(f.Nullable).SetAllOf([]*ogen.Schema{s})
}

// patchOf is the schema of a patch of what the schema describes. Objects are patched member by member; all else is replaced.
func patchOf(s *ogen.Schema) *ogen.Schema {
	switch {
	case s.Ref != "":
		return ogen.NewSchema().SetRef(s.Ref + patchSuffix)
	case s.Type == "object" && s.AdditionalProperties != nil && s.AdditionalProperties.Bool == nil:
		patch, values := *s, *s.AdditionalProperties
		values.Schema = *removable(patchOf(&values.Schema))
		patch.AdditionalProperties = &values
		return &patch
	}
	return s
}

// removable takes null as well, which removes the member.
func removable(s *ogen.Schema) *ogen.Schema {
	if s.Ref != "" {
		return ogen.NewSchema().SetNullable(true).SetAllOf([]*ogen.Schema{s})
	}
	out := *s
	return out.SetNullable(true)
}

// addPatches adds the patches of a field's structs to the components, those that a patch can reach without a list between.
func (doc *document) addPatches(e *model.Entity, f *model.Field, added map[string]string) error {
	pending := refsOf(f.Shape.Root)
	for len(pending) > 0 {
		name := pending[0]
		pending = pending[1:]
		text := string(f.Shape.Components[name])
		if added[name+patchSuffix] == text {
			continue
		}
		if _, taken := doc.spec.Components.Schemas[name+patchSuffix]; taken {
			return fmt.Errorf("entity %s: field %s: the contract has a schema %s already: give the Go type %s another name", e.Name, f.Name, name+patchSuffix, name)
		}
		whole := ogen.NewSchema()
		if err := json.Unmarshal([]byte(text), whole); err != nil {
			return fmt.Errorf("entity %s: field %s: read the shape of %s: %w", e.Name, f.Name, name, err)
		}
		patch := closed(object(fmt.Sprintf("Changes to `%s`, as a JSON Merge Patch. %s", name, merging)))
		for _, p := range whole.Properties {
			s := patchOf(p.Schema)
			if !slices.Contains(whole.Required, p.Name) {
				s = removable(s)
			}
			patch.AddOptionalProperties(s.ToProperty(p.Name))
			encoded, err := json.Marshal(p.Schema)
			if err != nil {
				return fmt.Errorf("entity %s: field %s: encode %s: %w", e.Name, f.Name, name, err)
			}
			pending = append(pending, refsOf(encoded)...)
		}
		doc.spec.AddSchema(name+patchSuffix, patch)
		added[name+patchSuffix] = text
	}
	return nil
}

// refsOf are the components that a patch of the schema refers to.
func refsOf(schema json.RawMessage) []string {
	var s struct {
		Ref                  string `json:"$ref"`
		AdditionalProperties json.RawMessage
	}
	if json.Unmarshal(schema, &s) != nil {
		return nil
	}
	if name, ok := strings.CutPrefix(s.Ref, schemaRef); ok {
		return []string{name}
	}
	if len(s.AdditionalProperties) > 0 && s.AdditionalProperties[0] == '{' {
		return refsOf(s.AdditionalProperties)
	}
	return nil
}

// patchable reports whether bodies of the entity patch the field.
func patchable(e *model.Entity, f *model.Field) bool {
	return e.Has(contract.Update) && f.Merged() && slices.Contains(e.Updatable(), f)
}
