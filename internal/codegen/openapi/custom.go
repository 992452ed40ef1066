package openapi

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/ogen-go/ogen"

	"github.com/lockstep-dev/lockstep/internal/problem"
)

// Fragment is a hand-written part of the contract: the operations that a team adds beside the generated ones. It is an
// OpenAPI document with paths and components.schemas only, which may refer to generated schemas.
type Fragment struct {
	Name string // file name, for messages
	JSON []byte
}

// Operations calls each with the id and description of the fragment's operations, in the order of their paths.
func (f Fragment) Operations(each func(id, description string)) error {
	part, err := ogen.Parse(f.JSON)
	if err != nil {
		return fmt.Errorf("%s: %w", f.Name, err)
	}
	for _, path := range slices.Sorted(maps.Keys(part.Paths)) {
		item := part.Paths[path]
		for _, op := range []*ogen.Operation{item.Get, item.Post, item.Put, item.Patch, item.Delete} {
			if op != nil {
				each(op.OperationID, op.Description)
			}
		}
	}
	return nil
}

// addCustom merges the fragments. A fragment adds and never replaces: an operation or schema that is there already is a
// mistake, because which of the two is served would depend on an order. Custom operations answer problems like all others.
func addCustom(doc *document) error {
	for _, fragment := range doc.custom {
		part, err := ogen.Parse(fragment.JSON)
		if err != nil {
			return fmt.Errorf("%s: %w", fragment.Name, err)
		}
		for _, path := range slices.Sorted(maps.Keys(part.Paths)) {
			if err := doc.addPath(path, part.Paths[path]); err != nil {
				return fmt.Errorf("%s: %w", fragment.Name, err)
			}
		}
		doc.addTags(part.Tags)
		if part.Components == nil {
			continue
		}
		for _, name := range slices.Sorted(maps.Keys(part.Components.Schemas)) {
			if _, taken := doc.spec.Components.Schemas[name]; taken {
				return fmt.Errorf("%s: the schema %s exists already: give it another name", fragment.Name, name)
			}
			doc.spec.AddSchema(name, part.Components.Schemas[name])
		}
	}
	return nil
}

// addTags adds the fragment's tags, and those that its operations have and nothing describes.
func (doc *document) addTags(described []ogen.Tag) {
	known := func(name string) bool {
		return slices.ContainsFunc(doc.spec.Tags, func(t ogen.Tag) bool { return t.Name == name })
	}
	for _, tag := range described {
		if !known(tag.Name) {
			doc.spec.Tags = append(doc.spec.Tags, tag)
		}
	}
	for _, path := range slices.Sorted(maps.Keys(doc.spec.Paths)) {
		item := doc.spec.Paths[path]
		for _, op := range []*ogen.Operation{item.Get, item.Post, item.Put, item.Patch, item.Delete} {
			if op != nil && !known(op.Tags[0]) {
				doc.spec.Tags = append(doc.spec.Tags, ogen.Tag{Name: op.Tags[0]})
			}
		}
	}
	slices.SortFunc(doc.spec.Tags, func(a, b ogen.Tag) int { return cmp.Compare(a.Name, b.Name) })
}

func (doc *document) addPath(path string, added *ogen.PathItem) error {
	item := doc.spec.Paths[path]
	if item == nil {
		item = ogen.NewPathItem()
		doc.spec.Paths[path] = item
	}
	for _, m := range []struct {
		name     string
		to, from **ogen.Operation
	}{
		{"get", &item.Get, &added.Get}, {"post", &item.Post, &added.Post}, {"put", &item.Put, &added.Put},
		{"patch", &item.Patch, &added.Patch}, {"delete", &item.Delete, &added.Delete},
	} {
		if *m.from == nil {
			continue
		}
		if *m.to != nil {
			return fmt.Errorf("%s %s is generated already: leave the generated one out with contract.Without", m.name, path)
		}
		if (*m.from).OperationID == "" || len((*m.from).Tags) != 1 {
			return fmt.Errorf("%s %s needs an operationId such as users.deactivate, and its resource as the one tag", m.name, path)
		}
		if m.name == "post" {
			takeKey(*m.from)
		}
		if err := doc.takeExtensions(*m.from); err != nil {
			return fmt.Errorf("%s %s: %w", m.name, path, err)
		}
		for status := range (*m.from).Responses {
			if status == "default" || status >= "400" {
				return fmt.Errorf("%s %s declares its answer %s: list the codes of its problems in %s, which say their statuses", m.name, path, status, problemCodes)
			}
		}
		(*m.from).AddResponse("default", ogen.NewResponse().SetRef("#/components/responses/Problem"))
		*m.to = *m.from
	}
	return nil
}

// takeKey gives a POST the Idempotency-Key that all take: its method then gets the key, for idempotency.Once.
func takeKey(op *ogen.Operation) {
	key := idempotencyKey()
	if !slices.ContainsFunc(op.Parameters, func(p *ogen.Parameter) bool { return p.In == "header" && strings.EqualFold(p.Name, key.Name) }) {
		op.Parameters = append(op.Parameters, key)
	}
}

// takeExtensions keeps the extensions that a fragment may use, and refuses others, which nothing would read.
func (doc *document) takeExtensions(op *ogen.Operation) error {
	for _, name := range slices.Sorted(maps.Keys(op.Common.Extensions)) {
		node := op.Common.Extensions[name]
		switch name {
		case problemCodes:
			var codes []problem.Code
			if err := node.Decode(&codes); err != nil {
				return fmt.Errorf("%s is a list of codes: %w", name, err)
			}
			doc.extensions.set(op, name, codes)
		case sunsetDay, deprecatedSince:
			doc.extensions.set(op, name, node.Value)
		default:
			return fmt.Errorf("nothing knows the extension %s: take it out, or use %s, %s, %s", name, problemCodes, deprecatedSince, sunsetDay)
		}
	}
	op.Common.Extensions = nil
	return nil
}
