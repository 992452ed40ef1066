package openapi

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/ogen-go/ogen"

	"github.com/lockstep-dev/lockstep/ent/schema/contract"
	"github.com/lockstep-dev/lockstep/internal/codegen/model"
)

// nameOperations moves entoas' operations to the project's paths and ids: readUser on /users/{id} becomes users.get on
// /v1/users/{id}. It drops the operations that the entity does not offer.
func nameOperations(doc *document) error {
	written := slices.Sorted(maps.Keys(doc.spec.Paths))
	paths := ogen.Paths{}
	doc.spec.Tags = nil
	for _, e := range doc.entities {
		root := "/" + strings.TrimPrefix(e.Path, "/v1/")
		collection, item := doc.spec.Paths[root], doc.spec.Paths[root+"/{id}"]
		if collection == nil || item == nil {
			return fmt.Errorf("entoas wrote no path %s for %s: it wrote %s", root, e.Name, strings.Join(written, ", "))
		}
		for verb, op := range map[contract.Verb]**ogen.Operation{
			contract.List: &collection.Get, contract.Create: &collection.Post,
			contract.Read: &item.Get, contract.Update: &item.Patch, contract.Delete: &item.Delete,
		} {
			if !e.Has(verb) {
				*op = nil
			}
		}
		paths[e.Path], paths[e.Path+"/{id}"] = collection, item
		eachOperation(doc, e, collection, item, func(op *ogen.Operation, verb contract.Verb) {
			op.OperationID = e.Resource + "." + operationName(verb)
			op.Tags = []string{e.Resource}
			op.Summary = summary(e, verb)
			op.Description = ""
		})
		doc.spec.Tags = append(doc.spec.Tags, ogen.Tag{Name: e.Resource, Description: e.Comment})
	}
	doc.spec.Paths = paths
	return nil
}

// answerOperations sets the success answers and bodies: 201 with Location on create, 204 on delete.
func answerOperations(doc *document) error {
	doc.spec.Components.Responses = nil // entoas' answer per status
	for _, e := range doc.entities {
		collection, item := doc.spec.Paths[e.Path], doc.spec.Paths[e.Path+"/{id}"]
		eachOperation(doc, e, collection, item, func(op *ogen.Operation, verb contract.Verb) {
			op.Responses = ogen.Responses{}
			switch verb {
			case contract.List:
				op.AddResponse("200", answer("The page.", e.Name+"Page"))
			case contract.Read:
				op.AddResponse("200", doc.named(e.DetailName()+"Found", tagged(e, answer("The "+e.Label()+".", e.DetailName()))))
				if e.Versioned {
					known := header("If-None-Match", "ETags the caller has, or *; 304 when one is current.")
					known.Schema.SetPattern(tagList)
					op.Parameters = append(op.Parameters, known)
					op.AddResponse("304", doc.named(e.Name+"NotModified", tagged(e, ogen.NewResponse().SetDescription("The caller has the current representation."))))
				}
			case contract.Create:
				op.RequestBody = body("application/json", e.Name+"Create")
				op.Parameters = append(op.Parameters, idempotencyKey())
				created := tagged(e, answer("The new "+e.Label()+".", e.Name))
				if created.Headers == nil {
					created.Headers = map[string]*ogen.Header{}
				}
				created.Headers["Location"] = &ogen.Header{
					Description: "URL path of the new " + e.Label() + ".", Required: true, Schema: ogen.String(),
				}
				op.AddResponse("201", doc.named(e.Name+"Created", created))
			case contract.Update:
				op.RequestBody = body("application/merge-patch+json", e.Name+"Update")
				op.AddResponse("200", doc.named(e.Name+"Changed", tagged(e, answer("The changed "+e.Label()+".", e.Name))))
				op.Parameters = append(op.Parameters, ifMatch(e)...)
			case contract.Delete:
				op.AddResponse("204", ogen.NewResponse().SetDescription("The "+e.Label()+" is gone."))
				op.Parameters = append(op.Parameters, ifMatch(e)...)
			}
		})
	}
	return nil
}

// tagged adds the ETag of a versioned entity's representation.
func tagged(e *model.Entity, response *ogen.Response) *ogen.Response {
	if e.Versioned {
		response.SetHeaders(map[string]*ogen.Header{
			"ETag": {Description: "Tag of this representation; pass it as If-Match to change what it shows.", Required: true, Schema: ogen.String()},
		})
	}
	return response
}

// named puts a response among the components and refers to it. ogen names its types after the components; left in place,
// their names would depend on which responses happen to be alike.
func (doc *document) named(name string, response *ogen.Response) *ogen.Response {
	doc.spec.AddResponse(name, response)
	return ogen.NewResponse().SetRef("#/components/responses/" + name)
}

// tagList is * or a list of entity tags in ASCII (RFC 9110, sections 8.8.3, 13.1 and 5.6.1.2: empty elements are ignored).
const tagList = `^(\*|[ \t,]*(W/)?"[!#-~]*"([ \t]*,[ \t,]*(W/)?"[!#-~]*")*[ \t,]*)$`

func ifMatch(e *model.Entity) []*ogen.Parameter {
	if !e.Versioned {
		return nil
	}
	p := header("If-Match", "ETag of the "+e.Label()+" as the caller knows it, or *; 412 when it has changed since.")
	p.Schema.SetPattern(tagList)
	return []*ogen.Parameter{p}
}

// idempotencyKey is what makes a POST safe to repeat. 255 printable characters are what others take as well.
func idempotencyKey() *ogen.Parameter {
	one, most := uint64(1), uint64(255)
	return ogen.NewParameter().InHeader().SetName("Idempotency-Key").
		SetDescription("Makes the request happen once however often it is sent, for 24 hours: repetitions get the first answer.").
		SetSchema(ogen.String().SetMinLength(&one).SetMaxLength(&most).SetPattern(`^[!-~]+$`))
}

func header(name, description string) *ogen.Parameter {
	most := uint64(1024)
	return ogen.NewParameter().InHeader().SetName(name).SetDescription(description).SetSchema(ogen.String().SetMaxLength(&most))
}

func answer(description, schema string) *ogen.Response {
	return ogen.NewResponse().SetDescription(description).SetJSONContent(ref(schema))
}

func body(contentType, schema string) *ogen.RequestBody {
	return ogen.NewRequestBody().SetRequired(true).SetContent(map[string]ogen.Media{contentType: {Schema: ref(schema)}})
}

// eachOperation visits the operations an entity has, in a fixed order.
func eachOperation(_ *document, e *model.Entity, collection, item *ogen.PathItem, visit func(*ogen.Operation, contract.Verb)) {
	for _, verb := range e.Verbs() {
		visit(map[contract.Verb]*ogen.Operation{
			contract.List: collection.Get, contract.Create: collection.Post,
			contract.Read: item.Get, contract.Update: item.Patch, contract.Delete: item.Delete,
		}[verb], verb)
	}
}

func operationName(verb contract.Verb) string {
	if verb == contract.Read {
		return "get"
	}
	return string(verb)
}

func summary(e *model.Entity, verb contract.Verb) string {
	switch verb {
	case contract.List:
		return "List " + e.Labels()
	case contract.Read:
		return "Get " + e.ALabel()
	case contract.Create:
		return "Create " + e.ALabel()
	case contract.Update:
		return "Change " + e.ALabel()
	default:
		return "Delete " + e.ALabel()
	}
}
