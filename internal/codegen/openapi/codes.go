package openapi

import (
	"encoding/json"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"entgo.io/ent/entc/gen"
	"github.com/ogen-go/ogen"

	"github.com/lockstep-dev/lockstep/ent/schema/contract"
	"github.com/lockstep-dev/lockstep/internal/codegen/model"
)

// Problem is one kind of failure, as docs/problems.md describes it.
type Problem struct {
	Code                   string
	Status                 int
	Title, Meaning, Remedy string
}

var problemRow = regexp.MustCompile("(?m)^\\| <a id=\"([a-z_]+)\"></a>`([a-z_]+)` \\| (\\d{3}) \\| ([^|]+) \\| ([^|]+) \\| ([^|]+) \\|$")

// ReadProblems reads the table of docs/problems.md, which is where problems are described for people.
func ReadProblems(markdown []byte) ([]Problem, error) {
	var out []Problem
	for _, m := range problemRow.FindAllStringSubmatch(string(markdown), -1) {
		if m[1] != m[2] {
			return nil, fmt.Errorf("docs/problems.md: the anchor of %s is %s", m[2], m[1])
		}
		status, _ := strconv.Atoi(m[3]) // three digits
		out = append(out, Problem{Code: m[2], Status: status, Title: m[4], Meaning: m[5], Remedy: m[6]})
	}
	if len(out) == 0 {
		return nil, fmt.Errorf("docs/problems.md lists no problem: rows look like | <a id=\"not_found\"></a>`not_found` | 404 | Not found | … | … |")
	}
	return out, nil
}

// everywhere are the codes that any operation can answer, whatever it does.
var everywhere = []string{
	"unauthenticated", "permission_denied", "tenant_suspended", "user_inactive", "invalid_parameter", "url_too_long",
	"headers_too_large", "rate_limited", "unavailable", "timeout", "internal",
}

// listCodes says which problems each operation can answer: those that follow from its form, and those that the schema's
// contract.Refuses or a fragment's x-problem-codes add. In words it says only what not all operations can.
func listCodes(doc *document) error {
	known := map[string]bool{}
	for _, p := range doc.problems {
		known[p.Code] = true
	}
	for _, op := range doc.operations() {
		added, _ := doc.extensions[op.OperationID][problemCodes].([]string)
		own := slices.Concat(codesOf(op), doc.schemaCodes(op.OperationID), added)
		slices.Sort(own)
		own = slices.Compact(own)
		for _, code := range slices.Concat(own, everywhere) {
			if !known[code] {
				return fmt.Errorf("%s: the problem %q is not described: add a row to docs/problems.md", op.OperationID, code)
			}
		}
		doc.extensions.set(op, problemCodes, slices.Sorted(slices.Values(slices.Concat(own, everywhere))))
		if len(own) > 0 {
			op.Description = strings.TrimSpace(op.Description + "\n\nProblems, besides those of every operation: `" + strings.Join(own, "`, `") + "`.")
		}
	}
	return nil
}

// codesOf are the codes that follow from what an operation takes.
func codesOf(op *ogen.Operation) []string {
	var codes []string
	has := func(in, name string) bool {
		return slices.ContainsFunc(op.Parameters, func(p *ogen.Parameter) bool { return p.In == in && (name == "" || p.Name == name) })
	}
	if has("path", "") {
		codes = append(codes, "not_found")
	}
	if has("query", "cursor") {
		codes = append(codes, "invalid_cursor")
	}
	if has("header", "If-Match") {
		codes = append(codes, "precondition_failed")
	}
	if has("header", "Idempotency-Key") {
		codes = append(codes, "idempotency_key_reused")
	}
	if op.RequestBody != nil {
		codes = append(codes, "invalid_json", "unsupported_media_type", "payload_too_large", "request_timeout", "validation_failed")
	}
	return codes
}

// schemaCodes are the codes that follow from an entity's constraints and from what it refuses by rules of its own.
func (doc *document) schemaCodes(id string) []string {
	var codes []string
	for _, e := range doc.entities {
		for _, verb := range e.Verbs() {
			if e.Resource+"."+operationName(verb) != id {
				continue
			}
			codes = append(codes, e.Refuses(verb)...)
			switch verb {
			case contract.Create, contract.Update:
				fields := e.Creatable()
				if verb == contract.Update {
					fields = e.Updatable()
				}
				if unique(e) {
					codes = append(codes, "conflict")
				}
				if slices.ContainsFunc(fields, func(f *model.Field) bool { return refers(e.Node, f) }) {
					codes = append(codes, "reference_not_found")
				}
			case contract.Delete:
				if len(e.Referrers()) > 0 {
					codes = append(codes, "still_referenced")
				}
			case contract.Read, contract.List:
			}
		}
	}
	return codes
}

func unique(e *model.Entity) bool {
	return slices.ContainsFunc(e.Node.Indexes, func(i *gen.Index) bool { return i.Unique }) ||
		slices.ContainsFunc(e.Fields, func(f *model.Field) bool { return f.Ent.Unique && f.Ent.Name != "id" })
}

func refers(node *gen.Type, f *model.Field) bool {
	return slices.ContainsFunc(node.Edges, func(x *gen.Edge) bool {
		return x.Unique && x.Field() != nil && x.Field().Name == f.Ent.Name
	})
}

// operations are all of the document, in the order of their paths.
func (doc *document) operations() []*ogen.Operation {
	var out []*ogen.Operation
	for _, path := range slices.Sorted(maps.Keys(doc.spec.Paths)) {
		item := doc.spec.Paths[path]
		for _, op := range []*ogen.Operation{item.Get, item.Post, item.Put, item.Patch, item.Delete} {
			if op != nil {
				out = append(out, op)
			}
		}
	}
	return out
}

// showProblems lists the codes where the contract describes a problem, each with an example.
func showProblems(doc *document) error {
	text := "Stable code of the kind, for programs; more may come. "
	examples := map[string]*ogen.Example{}
	for i, p := range doc.problems {
		if i > 0 {
			text += ", "
		}
		text += fmt.Sprintf("`%s` (%d)", p.Code, p.Status)
		value, err := json.Marshal(exampleOf(p))
		if err != nil {
			return fmt.Errorf("encode example of %s: %w", p.Code, err)
		}
		examples[p.Code] = &ogen.Example{Summary: fmt.Sprintf("%d %s", p.Status, p.Title), Description: sentence(p.Meaning) + " What to do: " + sentence(p.Remedy), Value: value}
	}
	for _, property := range doc.spec.Components.Schemas["Problem"].Properties {
		if property.Name == "code" {
			property.Schema.Description = text + "."
		}
	}
	answer := doc.spec.Components.Responses["Problem"]
	media := answer.Content[problemType]
	media.Examples = examples
	answer.Content[problemType] = media
	answer.Description = "Any failure. Every operation can answer `" + strings.Join(everywhere, "`, `") + "`; what else one can is in its description."
	return nil
}

// shownProblem is a problem as JSON, in the order of its schema.
type shownProblem struct {
	Type           string           `json:"type"`
	Title          string           `json:"title"`
	Status         int              `json:"status"`
	Detail         string           `json:"detail"`
	Code           string           `json:"code"`
	RequestID      string           `json:"requestId"`
	Errors         []shownViolation `json:"errors,omitempty"`
	CurrentVersion int              `json:"currentVersion,omitempty"`
}

type shownViolation struct {
	Pointer   string `json:"pointer,omitempty"`
	Parameter string `json:"parameter,omitempty"`
	Header    string `json:"header,omitempty"`
	Code      string `json:"code"`
	Detail    string `json:"detail"`
}

const problemPage = "https://github.com/lockstep-dev/lockstep/blob/main/docs/problems.md#"

func exampleOf(p Problem) shownProblem {
	out := shownProblem{
		Type: problemPage + p.Code, Title: p.Title, Status: p.Status, Detail: sentence(p.Meaning), Code: p.Code,
		RequestID: "01a202ae-ef5d-7199-9b93-886f7aa5afda",
	}
	switch p.Code {
	case "validation_failed":
		out.Errors = []shownViolation{{Pointer: "/displayName", Code: "max_length", Detail: "The value is longer than 255."}}
	case "conflict":
		out.Errors = []shownViolation{{Pointer: "/email", Code: "unique", Detail: "The value is taken."}}
	case "reference_not_found":
		out.Errors = []shownViolation{{Pointer: "/managerId", Code: "reference_not_found", Detail: "There is no such user."}}
	case "invalid_parameter":
		out.Errors = []shownViolation{{Parameter: "limit", Code: "range", Detail: "The value is out of range."}}
	case "idempotency_key_reused":
		out.Errors = []shownViolation{{Header: "Idempotency-Key", Code: "reused", Detail: "The key belongs to another request."}}
	case "precondition_failed":
		out.CurrentVersion = 4
	}
	return out
}

func sentence(text string) string {
	text = strings.TrimSuffix(strings.TrimSpace(text), ".")
	return strings.ToUpper(text[:1]) + text[1:] + "."
}
