// Package openapi makes the contract: entoas reads Ent's graph, then small named steps refine what it wrote into the
// conventions of docs/design. Each step does one thing and is tested alone.
package openapi

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"

	"entgo.io/contrib/entoas"
	"entgo.io/ent/entc/gen"
	"github.com/ogen-go/ogen"

	"github.com/lockstep-dev/lockstep/internal/codegen/model"
)

// version is that of the OpenAPI specification the document follows. 3.0 and not 3.1, because generators disagree on how
// 3.1 says null.
const version = "3.0.3"

// Info is the hand-written part of the contract, openapi/info.json.
type Info struct {
	Title       string `json:"title"`
	Version     string `json:"version"` // semantic version of the contract
	Description string `json:"description"`
	// Contact is whom users of the API ask, License what they may do with it.
	Contact *ogen.Contact `json:"contact"`
	License *ogen.License `json:"license"`
}

// document is what the steps work on.
type document struct {
	spec     *ogen.Spec
	entities []*model.Entity
	custom   []Fragment
	// extensions of operations, written at the end.
	extensions extensions
}

// step is one refinement.
type step struct {
	name  string
	apply func(*document) error
}

// steps in the order they run; later ones rely on the names and schemas of earlier ones.
func steps() []step {
	return []step{
		{"tell schemas apart", tellSchemasApart},
		{"name operations", nameOperations},
		{"write entity schemas", writeEntitySchemas},
		{"write bodies", writeBodies},
		{"write detail views", writeDetails},
		{"page lists", pageLists},
		{"order and filter lists", orderAndFilter},
		{"answer reads and writes", answerOperations},
		{"expand reads", expandReads},
		{"one problem for all errors", writeProblems},
		{"secure operations", secureOperations},
		{"drop what nothing uses", dropUnused},
		{"add custom operations", addCustom},
		{"show JSON fields", showShapes},
		{"list null among values", listNulls},
		{"show examples", writeExamples},
		{"limit texts", limitTexts},
		{"announce endings", announceEndings},
		{"list problem codes", listCodes},
		{"show problems", showProblems},
		{"list statuses", listStatuses},
		{"declare headers", declareHeaders},
	}
}

// Write returns the contract as indented JSON, byte for byte the same for the same schema.
func Write(graph *gen.Graph, entities []*model.Entity, info Info, custom []Fragment) ([]byte, error) {
	spec, err := base(graph, entities, info)
	if err != nil {
		return nil, err
	}
	doc := &document{spec: spec, entities: entities, custom: custom, extensions: extensions{}}
	for _, s := range steps() {
		if err := s.apply(doc); err != nil {
			return nil, fmt.Errorf("contract: %s: %w", s.name, err)
		}
	}
	var out bytes.Buffer
	encoder := json.NewEncoder(&out)
	encoder.SetEscapeHTML(false)
	if err := encoder.Encode(doc.spec); err != nil {
		return nil, fmt.Errorf("encode contract: %w", err)
	}
	return doc.extensions.write(out.Bytes())
}

// base runs entoas on the graph: paths and operations of every entity, nothing for edges.
func base(graph *gen.Graph, entities []*model.Entity, info Info) (*ogen.Spec, error) {
	spec := ogen.NewSpec().SetOpenAPI(version).SetInfo(
		ogen.NewInfo().SetTitle(info.Title).SetVersion(info.Version).SetDescription(info.Description).
			SetContact(info.Contact).SetLicense(info.License)).
		SetServers([]ogen.Server{{URL: "/", Description: "The server that this document comes from."}})
	extension, err := entoas.NewExtension(
		entoas.DefaultPolicy(entoas.PolicyExclude),
		entoas.SimpleModels(),
		entoas.Spec(spec),
		entoas.WriteTo(io.Discard),
	)
	if err != nil {
		return nil, fmt.Errorf("configure entoas: %w", err)
	}
	undo := annotate(graph, extension, entities)
	defer undo()
	generate := gen.Generator(gen.GenerateFunc(func(*gen.Graph) error { return nil }))
	for _, hook := range extension.Hooks() {
		generate = hook(generate)
	}
	if err := generate.Generate(graph); err != nil {
		return nil, fmt.Errorf("run entoas: %w", err)
	}
	return spec, nil
}

// annotate tells entoas which operations to write and what it cannot know by itself: the type of fields it has no name
// for. It returns a function that takes the annotations away again, because the other generators share the graph.
func annotate(graph *gen.Graph, extension *entoas.Extension, entities []*model.Entity) (undo func()) {
	expose := entoas.OperationConfig{Policy: entoas.PolicyExpose}
	name := entoas.Annotation{}.Name()
	var undos []func()
	set := func(annotations *gen.Annotations, key string, value any) {
		before := *annotations
		after := gen.Annotations{key: value}
		for k, v := range before {
			if k != key {
				after[k] = v
			}
		}
		*annotations = after
		undos = append(undos, func() { *annotations = before })
	}
	for _, a := range extension.Annotations() {
		set(&graph.Annotations, a.Name(), a)
	}
	for _, e := range entities {
		set(&e.Node.Annotations, name, entoas.Annotation{Create: expose, Read: expose, Update: expose, Delete: expose, List: expose})
		for _, f := range e.Fields {
			set(&f.Ent.Annotations, name, entoas.Annotation{Schema: typeOf(f)})
		}
	}
	// What no answer has still needs a type: entoas asks for one before it leaves secrets out.
	for _, node := range graph.Nodes {
		for _, f := range node.Fields {
			if _, typed := f.Annotations[name]; !typed {
				set(&f.Annotations, name, entoas.Annotation{Schema: ogen.String()})
			}
		}
	}
	return func() {
		for _, u := range undos {
			u()
		}
	}
}
