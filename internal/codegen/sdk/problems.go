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

// problemsModule declares the type of the codes. It is open: an API may send codes that are younger than its SDK, and editors
// offer those that are known all the same. Types weigh nothing in a bundle.
func problemsModule(codes []string) []byte {
	var b strings.Builder
	b.WriteString(header + "\n/** Stable code of a problem's kind. More may come: any other string is one too. */\nexport type ProblemCode =")
	if len(codes) == 0 {
		b.WriteString(" string;\n")
		return []byte(b.String())
	}
	for _, code := range codes {
		fmt.Fprintf(&b, "\n  | %s", quote(code))
	}
	b.WriteString("\n  | (string & {});\n")
	return []byte(b.String())
}
