package openapi

import (
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/ogen-go/ogen"

	"github.com/lockstep-dev/lockstep/internal/problem"
)

const responses = "#/components/responses/"

// listStatuses declares the failing statuses of each operation, as its problem codes have them, beside `default`. Operations
// with the same codes at a status share a response, which is named after the codes.
func listStatuses(doc *document) error {
	ours := map[string]bool{}
	for _, op := range doc.operations() {
		codes, _ := doc.extensions[op.OperationID][problemCodes].([]problem.Code)
		of := map[int][]problem.Code{}
		for _, code := range codes {
			status := code.Kind().Status
			of[status] = append(of[status], code)
		}
		for status, codes := range of {
			name := nameOf(codes)
			if !ours[name] {
				if doc.spec.Components.Responses[name] != nil {
					return fmt.Errorf("the answer %s of an entity has the name of a problem: give the entity another name", name)
				}
				ours[name] = true
				doc.spec.AddResponse(name, ogen.NewResponse().SetDescription(describe(codes)).SetContent(problemContent(codes)))
			}
			op.AddResponse(strconv.Itoa(status), ogen.NewResponse().SetRef(responses+name))
		}
	}
	return nil
}

// nameOf joins the codes' names: InvalidJsonOrInvalidParameter.
func nameOf(codes []problem.Code) string {
	var names []string
	for _, code := range codes {
		name := ""
		for word := range strings.SplitSeq(string(code), "_") {
			name += strings.ToUpper(word[:1]) + word[1:]
		}
		names = append(names, name)
	}
	return strings.Join(names, "Or")
}

// describe says what each code means.
func describe(codes []problem.Code) string {
	var texts []string
	for _, code := range codes {
		texts = append(texts, fmt.Sprintf("`%s`: %s.", code, code.Kind().Meaning))
	}
	return strings.Join(texts, " ")
}

// ForServer turns the published contract into the copy that ogen reads. It takes out what listStatuses and limitTexts have put
// in: ogen would write a type and an encoder for each status of each operation, and all of them are one problem; and it would
// have every text matched against patterns that internal/serving and the rules keep at less cost.
func ForServer(spec *ogen.Spec) {
	withoutStatuses(spec)
	withoutPatterns(spec)
}

// withoutStatuses has every failure be `default` again.
func withoutStatuses(spec *ogen.Spec) {
	gone := map[string]bool{}
	for _, path := range spec.Paths {
		for _, op := range []*ogen.Operation{path.Get, path.Post, path.Put, path.Patch, path.Delete} {
			if op == nil || op.Responses["default"] == nil {
				continue
			}
			maps.DeleteFunc(op.Responses, func(status string, response *ogen.Response) bool {
				failure := len(status) == 3 && status >= "400"
				if failure {
					gone[strings.TrimPrefix(response.Ref, responses)] = true
				}
				return failure
			})
		}
	}
	for _, name := range slices.Sorted(maps.Keys(gone)) {
		delete(spec.Components.Responses, name)
	}
}
