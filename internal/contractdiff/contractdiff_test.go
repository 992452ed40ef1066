package contractdiff

import (
	"strings"
	"testing"
)

// document is a small contract; edits are replacements in it.
const document = `{
  "openapi": "3.0.3",
  "info": {"title": "t", "version": "1.4.2", "description": "words"},
  "paths": {"/v1/things": {
    "get": {
      "operationId": "things.list", "tags": ["things"], "description": "lists",
      "parameters": [{"name": "limit", "in": "query", "schema": {"type": "integer", "maximum": 200}}],
      "responses": {"200": {"description": "ok", "content": {"application/json": {"schema": {"$ref": "#/components/schemas/Thing"}}}}}
    },
    "post": {
      "operationId": "things.create", "tags": ["things"],
      "requestBody": {"required": true, "content": {"application/json": {"schema": {"$ref": "#/components/schemas/ThingCreate"}}}},
      "responses": {"201": {"description": "made"}}
    }
  }},
  "components": {"schemas": {
    "Thing": {"type": "object", "required": ["id", "kind"], "properties": {"id": {"type": "string"}, "kind": {"type": "string", "enum": ["a", "b"]}}},
    "ThingCreate": {"type": "object", "required": ["name"], "properties": {"name": {"type": "string", "maxLength": 10}}}
  }}
}`

func TestCompare(t *testing.T) {
	t.Parallel()
	const versionLine = `"version": "1.4.2"`
	version := func(v string) []string { return []string{versionLine, `"version": "` + v + `"`} }
	fieldRemoved := []string{`"required": ["id", "kind"], "properties": {"id": {"type": "string"}, `, `"required": ["kind"], "properties": {`}
	fieldAdded := []string{`"properties": {"id"`, `"properties": {"size": {"type": "integer"}, "id"`}
	text := []string{`"lists"`, `"lists things"`}

	for name, test := range map[string]struct {
		edits  [][]string
		needed Bump
		ok     bool
		rule   string // of the first change
	}{
		"no change":                        {nil, None, true, ""},
		"version alone":                    {[][]string{version("1.4.3")}, None, true, ""},
		"version back":                     {[][]string{version("1.4.1")}, None, false, ""},
		"field removed, no bump":           {[][]string{fieldRemoved}, Major, false, "response-required-property-removed"},
		"field removed, minor":             {[][]string{fieldRemoved, version("1.5.0")}, Major, false, "response-required-property-removed"},
		"field removed, major":             {[][]string{fieldRemoved, version("2.0.0")}, Major, true, "response-required-property-removed"},
		"limit narrowed":                   {[][]string{{`"maximum": 200`, `"maximum": 100`}, version("1.5.0")}, Major, false, "request-parameter-max-decreased"},
		"length narrowed":                  {[][]string{{`"maxLength": 10`, `"maxLength": 9`}}, Major, false, "request-property-max-length-decreased"},
		"required field added to a body":   {[][]string{{`"required": ["name"], "properties": {`, `"required": ["name", "x"], "properties": {"x": {"type": "string"}, `}, version("1.9.0")}, Major, false, "new-required-request-property"},
		"type changed":                     {[][]string{{`{"id": {"type": "string"}`, `{"id": {"type": "integer"}`}}, Major, false, "response-property-type-changed"},
		"operation removed":                {[][]string{{`"/v1/things"`, `"/v1/stuff"`}, version("1.5.0")}, Major, false, "api-path-removed-without-deprecation"},
		"nullable answer":                  {[][]string{{`{"id": {"type": "string"}`, `{"id": {"type": "string", "nullable": true}`}, version("1.5.0")}, Major, false, "response-property-became-nullable"},
		"optional field in answers":        {[][]string{fieldAdded}, Minor, false, "response-optional-property-added"},
		"optional field in answers, patch": {[][]string{fieldAdded, version("1.4.3")}, Minor, false, "response-optional-property-added"},
		"optional field in answers, minor": {[][]string{fieldAdded, version("1.5.0")}, Minor, true, "response-optional-property-added"},
		"enum member in answers, minor":    {[][]string{{`["a", "b"]`, `["a", "b", "c"]`}, version("1.5.0")}, Major, false, "response-property-enum-value-added"},
		"text, no bump":                    {[][]string{text}, Patch, false, ""},
		"text, patch":                      {[][]string{text, version("1.4.3")}, Patch, true, ""},
		"addition and removal, need major": {[][]string{fieldRemoved, text, {`"maxLength": 10`, `"maxLength": 20`}, version("1.5.0")}, Major, false, "response-required-property-removed"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			revision := document
			for _, edit := range test.edits {
				if !strings.Contains(revision, edit[0]) {
					t.Fatalf("the document has no %s", edit[0])
				}
				revision = strings.Replace(revision, edit[0], edit[1], 1)
			}
			got, err := Compare([]byte(document), []byte(revision))
			if err != nil {
				t.Fatal(err)
			}
			if got.Needed != test.needed || got.OK != test.ok {
				t.Errorf("got needed %s, ok %v, want %s, %v\n%+v", got.Needed, got.OK, test.needed, test.ok, got)
			}
			rule := ""
			if len(got.Changes) > 0 {
				rule = got.Changes[0].Rule
				if last := got.Changes[len(got.Changes)-1]; last.Operation == "" {
					t.Errorf("got %+v, want changes of operations only", last)
				}
				if got.Changes[0].Reason == "" || got.Changes[0].Operation == "" {
					t.Errorf("got %+v, want a reason and an operation", got.Changes[0])
				}
			}
			if rule != test.rule {
				t.Errorf("got first change %q, want %q\n%+v", rule, test.rule, got.Changes)
			}
		})
	}
}

func TestBreakingBelowOne(t *testing.T) {
	t.Parallel()
	base := strings.Replace(document, "1.4.2", "0.3.0", 1)
	revision := strings.Replace(strings.Replace(base, `"maxLength": 10`, `"maxLength": 9`, 1), "0.3.0", "0.4.0", 1)
	got, err := Compare([]byte(base), []byte(revision))
	if err != nil {
		t.Fatal(err)
	}
	if got.OK || got.Wanted != "1.0.0" {
		t.Errorf("got ok %v, wanted %s; want a refusal that asks for 1.0.0", got.OK, got.Wanted)
	}
}

func TestUnreadableContracts(t *testing.T) {
	t.Parallel()
	for name, revision := range map[string]string{
		"no JSON":          "{",
		"no version":       strings.Replace(document, `"version": "1.4.2", `, "", 1),
		"version not full": strings.Replace(document, "1.4.2", "1.4", 1),
		"version prefixed": strings.Replace(document, "1.4.2", "v1.4.2", 1),
		"dangling ref":     strings.Replace(document, "schemas/Thing\"", "schemas/None\"", 1),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if report, err := Compare([]byte(document), []byte(revision)); err == nil {
				t.Errorf("got %+v, want an error", report)
			}
		})
	}
}
