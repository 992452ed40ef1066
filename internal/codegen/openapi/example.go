package openapi

import (
	"encoding/json"
	"fmt"
	"strings"

	"github.com/ogen-go/ogen"

	"github.com/lockstep-dev/lockstep/internal/problem"
)

// showProblems lists the codes where the contract describes a problem, each with an example.
func showProblems(doc *document) error {
	text := "Stable code of the kind, for programs; more may come. "
	var all []problem.Code
	doc.spec.Components.Examples = map[string]*ogen.Example{}
	for i, k := range problem.Kinds() {
		if i > 0 {
			text += ", "
		}
		text += fmt.Sprintf("`%s` (%d)", k.Code, k.Status)
		value, err := json.Marshal(exampleOf(k))
		if err != nil {
			return fmt.Errorf("encode example of %s: %w", k.Code, err)
		}
		doc.spec.Components.Examples[string(k.Code)] = &ogen.Example{
			Summary: fmt.Sprintf("%d %s", k.Status, k.Title), Description: sentence(k.Meaning) + " What to do: " + sentence(k.Remedy), Value: value,
		}
		all = append(all, k.Code)
	}
	for _, property := range doc.spec.Components.Schemas["Problem"].Properties {
		if property.Name == "code" {
			property.Schema.Description = text + "."
		}
	}
	answer := doc.spec.Components.Responses["Problem"]
	answer.Content = problemContent(all)
	answer.Description = "Any failure. Every operation can answer " + quoted(everywhere) + "; what else one can is in its description."
	return nil
}

// problemContent is a problem with one of the codes, as each one's example shows it.
func problemContent(codes []problem.Code) map[string]ogen.Media {
	examples := map[string]*ogen.Example{}
	for _, code := range codes {
		examples[string(code)] = &ogen.Example{Ref: "#/components/examples/" + string(code)}
	}
	return map[string]ogen.Media{problemType: {Schema: ref("Problem"), Examples: examples}}
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

func exampleOf(k problem.Kind) shownProblem {
	out := shownProblem{
		Type: k.TypeURI(), Title: k.Title, Status: k.Status, Detail: sentence(k.Meaning), Code: string(k.Code),
		RequestID: "01a202ae-ef5d-7199-9b93-886f7aa5afda",
	}
	switch k.Code {
	case problem.ValidationFailed:
		out.Errors = []shownViolation{{Pointer: "/displayName", Code: problem.RuleMaxLength.String(), Detail: "The value is longer than 255."}}
	case problem.Conflict:
		out.Errors = []shownViolation{{Pointer: "/email", Code: problem.RuleUnique.String(), Detail: "The value is taken."}}
	case problem.ReferenceNotFound:
		out.Errors = []shownViolation{{Pointer: "/managerId", Code: problem.RuleReferenceNotFound.String(), Detail: "There is no such user."}}
	case problem.InvalidParameter:
		out.Errors = []shownViolation{{Parameter: "limit", Code: problem.RuleRange.String(), Detail: "The value is out of range."}}
	case problem.IdempotencyKeyReused:
		out.Errors = []shownViolation{{Header: "Idempotency-Key", Code: problem.RuleReused.String(), Detail: "The key belongs to another request."}}
	case problem.PreconditionFailed:
		out.CurrentVersion = 4
	}
	return out
}

func sentence(text string) string {
	text = strings.TrimSuffix(strings.TrimSpace(text), ".")
	return strings.ToUpper(text[:1]) + text[1:] + "."
}
