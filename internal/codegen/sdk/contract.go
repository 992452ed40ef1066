package sdk

import (
	"encoding/json"
	"fmt"
	"strings"
)

// document is the part of an OpenAPI 3.0 document that the SDK is made from.
type document struct {
	OpenAPI string `json:"openapi"`
	Info    struct {
		Title   string `json:"title"`
		Version string `json:"version"`
	} `json:"info"`
	Tags []struct {
		Name        string `json:"name"`
		Description string `json:"description"`
	} `json:"tags"`
	Paths      map[string]pathItem `json:"paths"`
	Components struct {
		Schemas       map[string]*schema      `json:"schemas"`
		Parameters    map[string]*parameter   `json:"parameters"`
		RequestBodies map[string]*requestBody `json:"requestBodies"`
		Responses     map[string]*response    `json:"responses"`
	} `json:"components"`
}

// pathItem holds the operations of a path under their methods in lower case.
type pathItem struct {
	Parameters []*parameter
	Operations map[string]*operation
}

// UnmarshalJSON tells operations from the other members of a path item.
func (p *pathItem) UnmarshalJSON(data []byte) error {
	var members map[string]json.RawMessage
	if err := json.Unmarshal(data, &members); err != nil {
		return err
	}
	p.Operations = map[string]*operation{}
	for name, raw := range members {
		switch name {
		case "parameters":
			if err := json.Unmarshal(raw, &p.Parameters); err != nil {
				return fmt.Errorf("read parameters: %w", err)
			}
		case "get", "put", "post", "delete", "patch", "head", "options":
			var op operation
			if err := json.Unmarshal(raw, &op); err != nil {
				return fmt.Errorf("read %s: %w", name, err)
			}
			p.Operations[name] = &op
		}
	}
	return nil
}

type operation struct {
	OperationID string               `json:"operationId"`
	Summary     string               `json:"summary"`
	Description string               `json:"description"`
	Deprecated  bool                 `json:"deprecated"`
	Parameters  []*parameter         `json:"parameters"`
	RequestBody *requestBody         `json:"requestBody"`
	Responses   map[string]*response `json:"responses"`
	// ProblemCodes are what the operation can fail with.
	ProblemCodes []string `json:"x-problem-codes"`
}

type parameter struct {
	Ref         string  `json:"$ref"`
	Name        string  `json:"name"`
	In          string  `json:"in"`
	Description string  `json:"description"`
	Required    bool    `json:"required"`
	Deprecated  bool    `json:"deprecated"`
	Style       string  `json:"style"`
	Explode     *bool   `json:"explode"`
	Schema      *schema `json:"schema"`
	// Example is a value, as JSON.
	Example json.RawMessage `json:"example"`
}

type requestBody struct {
	Ref      string               `json:"$ref"`
	Required bool                 `json:"required"`
	Content  map[string]mediaType `json:"content"`
}

type response struct {
	Ref     string               `json:"$ref"`
	Content map[string]mediaType `json:"content"`
}

type mediaType struct {
	Schema  *schema         `json:"schema"`
	Example json.RawMessage `json:"example"`
	// Examples are JSON by their names.
	Examples map[string]json.RawMessage `json:"examples"`
}

type schema struct {
	Ref         string             `json:"$ref"`
	Type        string             `json:"type"`
	Format      string             `json:"format"`
	Example     json.RawMessage    `json:"example"`
	Description string             `json:"description"`
	Deprecated  bool               `json:"deprecated"`
	Nullable    bool               `json:"nullable"`
	Enum        []any              `json:"enum"`
	Items       *schema            `json:"items"`
	Properties  map[string]*schema `json:"properties"`
	Required    []string           `json:"required"`
	// AdditionalProperties is true, false or a schema.
	AdditionalProperties json.RawMessage `json:"additionalProperties"`
	AllOf                []*schema       `json:"allOf"`
	AnyOf                []*schema       `json:"anyOf"`
	OneOf                []*schema       `json:"oneOf"`
	// ViolationCodes are what a violation's code can be.
	ViolationCodes []string `json:"x-violation-codes"`
}

func parse(contract []byte) (*document, error) {
	var doc document
	if err := json.Unmarshal(contract, &doc); err != nil {
		return nil, fmt.Errorf("read the contract: %w", err)
	}
	if !strings.HasPrefix(doc.OpenAPI, "3.0.") {
		return nil, fmt.Errorf("read the contract: got openapi %q, want 3.0.x: hey-api ignores nullable in others", doc.OpenAPI)
	}
	return &doc, nil
}

// find returns what a $ref such as #/components/parameters/IfMatch names.
func find[T any](all map[string]*T, kind, ref string) (*T, error) {
	name, ok := strings.CutPrefix(ref, "#/components/"+kind+"/")
	if !ok || all[name] == nil {
		return nil, fmt.Errorf("follow %q: no such member of components.%s", ref, kind)
	}
	return all[name], nil
}

func (d *document) parameter(p *parameter) (*parameter, error) {
	if p.Ref == "" {
		return p, nil
	}
	return find(d.Components.Parameters, "parameters", p.Ref)
}

func (d *document) requestBody(b *requestBody) (*requestBody, error) {
	if b.Ref == "" {
		return b, nil
	}
	return find(d.Components.RequestBodies, "requestBodies", b.Ref)
}

func (d *document) response(r *response) (*response, error) {
	if r.Ref == "" {
		return r, nil
	}
	return find(d.Components.Responses, "responses", r.Ref)
}

func (d *document) schema(s *schema) (*schema, error) {
	if s.Ref == "" {
		return s, nil
	}
	return find(d.Components.Schemas, "schemas", s.Ref)
}
