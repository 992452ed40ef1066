package openapi

import (
	"maps"
	"slices"
	"strings"

	"github.com/ogen-go/ogen"

	"github.com/lockstep-dev/lockstep/ent/schema/contract"
	"github.com/lockstep-dev/lockstep/internal/codegen/model"
)

// problemType is the media type of RFC 9457.
const problemType = "application/problem+json"

// writeProblems gives every operation one default answer for all that is no success, an RFC 9457 problem, in place of
// entoas' answer per status.
func writeProblems(doc *document) error {
	violation := object("One thing wrong with the request. Exactly one of `pointer`, `pointers`, `parameter` and `header` says where.")
	violation.AddOptionalProperties(
		ogen.String().SetDescription("JSON Pointer (RFC 6901) into the body; empty for the body as a whole.").ToProperty("pointer"),
		ogen.String().AsArray().SetDescription("JSON Pointers to the members of the body that it is about together, such as a combination of values that is taken.").ToProperty("pointers"),
		ogen.String().SetDescription("Name of a parameter of path or query, as it stands in the URL: `limit`, `createdAt[gte]`.").ToProperty("parameter"),
		ogen.String().SetDescription("Name of a header.").ToProperty("header"),
	)
	violation.AddRequiredProperties(
		ogen.String().SetDescription("Stable code of what is broken; `x-violation-codes` lists them. More may come.").ToProperty("code"),
		ogen.String().SetDescription("What is wrong, for people.").ToProperty("detail"),
	)
	problem := object("Why a request failed (RFC 9457).")
	problem.AddRequiredProperties(
		ogen.String().SetDescription("URI of the problem's kind.").ToProperty("type"),
		ogen.String().SetDescription("Summary of the kind.").ToProperty("title"),
		ogen.NewSchema().SetType("integer").SetDescription("HTTP status.").ToProperty("status"),
		ogen.String().SetDescription("What happened this time, for people.").ToProperty("detail"),
		ogen.String().SetDescription("Stable code of the kind, for programs.").ToProperty("code"),
		ogen.String().SetDescription("Identifies the request in the server's logs.").ToProperty("requestId"),
	)
	problem.AddOptionalProperties(
		ref("Violation").AsArray().SetDescription("What is wrong with which field.").ToProperty("errors"),
		ogen.NewSchema().SetType("integer").SetDescription("Version of the row, when If-Match names another.").ToProperty("currentVersion"),
	)
	doc.spec.AddSchema("Violation", violation)
	doc.spec.AddSchema("Problem", problem)
	doc.spec.AddResponse("Problem", ogen.NewResponse().SetDescription("Any failure.").
		SetContent(map[string]ogen.Media{problemType: {Schema: ref("Problem")}}))
	for _, e := range doc.entities {
		eachOperation(doc, e, doc.spec.Paths[e.Path], doc.spec.Paths[e.Path+"/{id}"], func(op *ogen.Operation, _ contract.Verb) {
			op.AddResponse("default", ogen.NewResponse().SetRef("#/components/responses/Problem"))
		})
	}
	return nil
}

// secureOperations asks for a bearer token everywhere and names the permission each operation needs.
func secureOperations(doc *document) error {
	doc.spec.Components.SecuritySchemes = map[string]*ogen.SecurityScheme{
		"bearer": {
			Type: "http", Scheme: "bearer", BearerFormat: "JWT",
			Description: "Access token of an accepted OpenID Connect issuer. Its tenant claim decides whose rows are reachable.",
		},
	}
	doc.spec.Security = ogen.SecurityRequirements{{"bearer": []string{}}}
	for _, e := range doc.entities {
		eachOperation(doc, e, doc.spec.Paths[e.Path], doc.spec.Paths[e.Path+"/{id}"], func(op *ogen.Operation, verb contract.Verb) {
			op.Description = whoMay(e.Rule(verb))
			if (verb == contract.Update || verb == contract.Delete) && e.Has(contract.Read) {
				op.Description += " A row that the caller may not read does not exist for it."
			}
			if verb == contract.Delete {
				op.Description += afterDelete(e)
			}
		})
	}
	return nil
}

// whoMay is a rule in words.
func whoMay(rule model.Rule) string {
	if rule.Platform {
		return "Needs a platform token: a caller that acts on tenants, not inside one."
	}
	text := "Needs the permission `" + rule.Permission + "`"
	switch own, led := len(rule.Self) > 0, len(rule.Manager) > 0; {
	case own && led:
		text += "; without it, callers reach rows of their own and of the people they manage, at any level"
	case own:
		text += "; without it, callers reach rows of their own"
	case led:
		text += "; without it, callers reach rows of the people they manage, at any level"
	}
	return text + "."
}

// afterDelete says what a delete does to the rows that refer to the one deleted.
func afterDelete(e *model.Entity) string {
	said := map[contract.Action][]string{}
	for _, r := range e.Referrers() {
		name := "`" + r.Resource + "` (`" + r.Field + "`)"
		said[r.Action] = append(said[r.Action], name)
	}
	text := ""
	if rows := said[contract.Cascade]; len(rows) > 0 {
		text += " Deletes as well the rows that refer to it among " + strings.Join(rows, ", ") + "."
	}
	if rows := said[contract.Clear]; len(rows) > 0 {
		text += " Sets to null what refers to it among " + strings.Join(rows, ", ") + "."
	}
	if rows := said[contract.Refuse]; len(rows) > 0 {
		text += " Is refused while rows refer to it among " + strings.Join(rows, ", ") + "."
	}
	return text
}

// dropUnused removes entoas' components that no operation refers to any more.
func dropUnused(doc *document) error {
	schemas := map[string]*ogen.Schema{}
	for _, e := range doc.entities {
		for _, name := range append(e.Views(), e.Name+"Create", e.Name+"Update", e.Name+"Page") {
			if s, ok := doc.spec.Components.Schemas[name]; ok {
				schemas[name] = s
			}
		}
	}
	for _, name := range []string{"Problem", "Violation"} {
		schemas[name] = doc.spec.Components.Schemas[name]
	}
	doc.spec.Components.Schemas = schemas
	slices.SortFunc(doc.spec.Tags, func(a, b ogen.Tag) int { return strings.Compare(a.Name, b.Name) })
	maps.DeleteFunc(doc.spec.Components.Parameters, func(string, *ogen.Parameter) bool { return true })
	return nil
}
