package sdk

import (
	"fmt"
	"maps"
	"slices"
	"strings"
)

// problemCodes are the codes of all problems that the contract lists: those of its operations, and those that it shows where
// it describes failures, which may come before an operation is known.
func (d *document) problemCodes() []string {
	codes := map[string]bool{}
	for _, item := range d.Paths {
		for _, op := range item.Operations {
			for _, code := range op.ProblemCodes {
				codes[code] = true
			}
		}
	}
	if problem := d.Components.Responses["Problem"]; problem != nil {
		for _, media := range problem.Content {
			for code := range media.Examples {
				codes[code] = true
			}
		}
	}
	return slices.Sorted(maps.Keys(codes))
}

// violationCodes are the codes that the contract lists for what is wrong with a field.
func (d *document) violationCodes() []string {
	violation := d.Components.Schemas["Violation"]
	if violation == nil || violation.Properties["code"] == nil {
		return nil
	}
	return violation.Properties["code"].ViolationCodes
}

// problemsModule declares the types of the codes. They are open: an API may send codes that are younger than its SDK, and editors
// offer those that are known all the same. Types weigh nothing in a bundle.
func problemsModule(problems, violations []string) []byte {
	var b strings.Builder
	b.WriteString(header)
	openUnion(&b, "ProblemCode", "Stable code of a problem's kind.", problems)
	openUnion(&b, "ViolationCode", "Stable code of what is wrong with one part of a request.", violations)
	return []byte(b.String())
}

func openUnion(b *strings.Builder, name, means string, codes []string) {
	fmt.Fprintf(b, "\n/** %s More may come: any other string is one too. */\nexport type %s =", means, name)
	if len(codes) == 0 {
		b.WriteString(" string;\n")
		return
	}
	for _, code := range codes {
		fmt.Fprintf(b, "\n  | %s", quote(code))
	}
	b.WriteString("\n  | (string & {});\n")
}
