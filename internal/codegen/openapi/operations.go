package openapi

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/ogen-go/ogen"
	"github.com/stoewer/go-strcase"

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
	for _, e := range doc.entities {
		collection, item := doc.spec.Paths[e.Path], doc.spec.Paths[e.Path+"/{id}"]
		eachOperation(doc, e, collection, item, func(op *ogen.Operation, verb contract.Verb) {
			op.Responses = ogen.Responses{}
			switch verb {
			case contract.List:
				op.AddResponse("200", answer("The page.", e.Name+"Page"))
			case contract.Read:
				op.AddResponse("200", answer("The "+label(e)+".", e.DetailName()))
			case contract.Create:
				op.RequestBody = body("application/json", e.Name+"Create")
				op.AddResponse("201", answer("The new "+label(e)+".", e.Name).SetHeaders(map[string]*ogen.Header{
					"Location": {Description: "URL path of the new " + label(e) + ".", Required: true, Schema: ogen.String()},
				}))
			case contract.Update:
				op.RequestBody = body("application/merge-patch+json", e.Name+"Update")
				op.AddResponse("200", answer("The changed "+label(e)+".", e.Name))
			case contract.Delete:
				op.AddResponse("204", ogen.NewResponse().SetDescription("The "+label(e)+" is gone."))
			}
		})
	}
	return nil
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
		return "List " + labels(e)
	case contract.Read:
		return "Get a " + label(e)
	case contract.Create:
		return "Create a " + label(e)
	case contract.Update:
		return "Change a " + label(e)
	default:
		return "Delete a " + label(e)
	}
}

// label is the entity's name in a sentence: user role.
func label(e *model.Entity) string { return strings.ReplaceAll(strcase.SnakeCase(e.Name), "_", " ") }

// labels is the plural: user roles.
func labels(e *model.Entity) string {
	return strings.ReplaceAll(strcase.SnakeCase(strings.TrimPrefix(e.Path, "/v1/")), "_", " ")
}
