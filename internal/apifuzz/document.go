// Package apifuzz tests a handler against its contract: it generates requests from the OpenAPI document, valid ones
// and ones that break a rule, and holds every answer to the document. It knows no entity; what it cannot read in the
// document (tokens, ids of rows that exist) the caller gives it as a World.
package apifuzz

import (
	"cmp"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"github.com/getkin/kin-openapi/openapi3"
)

// Document is a parsed contract.
type Document struct {
	spec       *openapi3.T
	Operations []*Operation // in the order of their ids
}

// Operation is one operation of the contract.
type Operation struct {
	ID     string
	Method string
	// Path is the template: /v1/users/{id}.
	Path string

	item       *openapi3.PathItem
	operation  *openapi3.Operation
	parameters []*openapi3.Parameter
}

// Load parses the document and checks that it is OpenAPI.
func Load(data []byte) (*Document, error) {
	loader := openapi3.NewLoader()
	spec, err := loader.LoadFromData(data)
	if err != nil {
		return nil, fmt.Errorf("read contract: %w", err)
	}
	if err := spec.Validate(loader.Context); err != nil {
		return nil, fmt.Errorf("the contract is not OpenAPI: %w", err)
	}
	doc := &Document{spec: spec}
	for path, item := range spec.Paths.Map() {
		for method, operation := range item.Operations() {
			op := &Operation{ID: operation.OperationID, Method: method, Path: path, item: item, operation: operation}
			for _, p := range slices.Concat(item.Parameters, operation.Parameters) {
				op.parameters = append(op.parameters, p.Value)
			}
			doc.Operations = append(doc.Operations, op)
		}
	}
	slices.SortFunc(doc.Operations, func(a, b *Operation) int { return cmp.Compare(a.ID, b.ID) })
	if len(doc.Operations) == 0 {
		return nil, fmt.Errorf("the contract has no operation")
	}
	return doc, nil
}

// collection is the path of the list that the operation's row belongs to: /v1/users for /v1/users/{id}/reports.
func (o *Operation) collection() string {
	before, _, _ := strings.Cut(o.Path, "/{")
	return before
}

// writes reports whether a success of the operation changes rows.
func (o *Operation) writes() bool { return o.Method != http.MethodGet && o.Method != http.MethodHead }

// body returns the media type and schema of the request's body, or an empty type where the operation takes none.
func (o *Operation) body() (mediaType string, schema *openapi3.Schema) {
	if o.operation.RequestBody == nil {
		return "", nil
	}
	content := o.operation.RequestBody.Value.Content
	for _, name := range sortedKeys(content) {
		return name, content[name].Schema.Value
	}
	return "", nil
}

// codes are the problem codes that the contract lists for the operation.
func (o *Operation) codes() []string {
	listed, _ := o.operation.Extensions["x-problem-codes"].([]any)
	codes := make([]string, 0, len(listed))
	for _, code := range listed {
		if text, ok := code.(string); ok {
			codes = append(codes, text)
		}
	}
	return codes
}

// codesAt are the problem codes that the contract shows for the operation's status, by their examples.
func (o *Operation) codesAt(status int) []string {
	response := o.operation.Responses.Status(status)
	if response == nil || response.Value.Content["application/problem+json"] == nil {
		return nil
	}
	return sortedKeys(response.Value.Content["application/problem+json"].Examples)
}

// Statuses are those that the contract lists for the operation, in their order.
func (o *Operation) Statuses() []int {
	var statuses []int
	for text := range o.operation.Responses.Map() {
		if status, err := strconv.Atoi(text); err == nil {
			statuses = append(statuses, status)
		}
	}
	slices.Sort(statuses)
	return statuses
}

func sortedKeys[V any](m map[string]V) []string {
	keys := make([]string, 0, len(m))
	for k := range m {
		keys = append(keys, k)
	}
	slices.Sort(keys)
	return keys
}
