package openapi

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"entgo.io/ent/entc/gen"
	"github.com/ogen-go/ogen"

	"github.com/lockstep-dev/lockstep/ent/schema/contract"
	"github.com/lockstep-dev/lockstep/internal/codegen/model"
	"github.com/lockstep-dev/lockstep/internal/problem"
)

// everywhere are the codes that any operation can answer, whatever it does.
var everywhere = []problem.Code{
	problem.Unauthenticated, problem.PermissionDenied, problem.TenantSuspended, problem.UserInactive, problem.InvalidParameter,
	problem.URLTooLong, problem.HeadersTooLarge, problem.RateLimited, problem.Unavailable, problem.Timeout, problem.Internal,
}

// listCodes says which problems each operation can answer: those that follow from its form, and those that the schema's
// contract.Refuses or a fragment's x-problem-codes add. In words it says only what not all operations can.
func listCodes(doc *document) error {
	for _, op := range doc.operations() {
		added, _ := doc.extensions[op.OperationID][problemCodes].([]problem.Code)
		own := slices.Concat(codesOf(op), doc.schemaCodes(op.OperationID), added)
		slices.Sort(own)
		own = slices.Compact(own)
		for _, code := range own {
			if code.Kind().Code == "" {
				return fmt.Errorf("%s: nothing answers the problem %q: use a code of internal/problem/table.go, or add a row there", op.OperationID, code)
			}
		}
		doc.extensions.set(op, problemCodes, slices.Compact(slices.Sorted(slices.Values(slices.Concat(own, everywhere)))))
		if len(own) > 0 {
			op.Description = strings.TrimSpace(op.Description + "\n\nProblems, besides those of every operation: " + quoted(own) + ".")
		}
	}
	return nil
}

// quoted lists codes in Markdown.
func quoted(codes []problem.Code) string {
	texts := make([]string, len(codes))
	for i, code := range codes {
		texts[i] = "`" + string(code) + "`"
	}
	return strings.Join(texts, ", ")
}

// codesOf are the codes that follow from what an operation takes.
func codesOf(op *ogen.Operation) []problem.Code {
	var codes []problem.Code
	has := func(in, name string) bool {
		return slices.ContainsFunc(op.Parameters, func(p *ogen.Parameter) bool { return p.In == in && (name == "" || p.Name == name) })
	}
	if has("path", "") {
		codes = append(codes, problem.NotFound)
	}
	if has("query", "cursor") {
		codes = append(codes, problem.InvalidCursor)
	}
	if has("header", "If-Match") {
		codes = append(codes, problem.PreconditionFailed)
	}
	if has("header", "Idempotency-Key") {
		codes = append(codes, problem.IdempotencyKeyReused)
	}
	if op.RequestBody != nil {
		codes = append(codes, problem.InvalidJSON, problem.UnsupportedMediaType, problem.PayloadTooLarge, problem.RequestTimeout, problem.ValidationFailed)
	}
	return codes
}

// schemaCodes are the codes that follow from an entity's constraints and from what it refuses by rules of its own.
func (doc *document) schemaCodes(id string) []problem.Code {
	var codes []problem.Code
	for _, e := range doc.entities {
		for _, verb := range e.Verbs() {
			if e.Resource+"."+operationName(verb) != id {
				continue
			}
			for _, code := range e.Refuses(verb) {
				codes = append(codes, problem.Code(code))
			}
			if verb == contract.Create {
				codes = append(codes, problem.NotFound) // repeated with its key, when the row has been deleted
			}
			switch verb {
			case contract.Create, contract.Update:
				fields := e.Creatable()
				if verb == contract.Update {
					fields = e.Updatable()
				}
				if unique(e) {
					codes = append(codes, problem.Conflict)
				}
				if slices.ContainsFunc(fields, func(f *model.Field) bool { return refers(e.Node, f) }) {
					codes = append(codes, problem.ReferenceNotFound)
				}
			case contract.Delete:
				if len(e.Referrers()) > 0 {
					codes = append(codes, problem.StillReferenced)
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
