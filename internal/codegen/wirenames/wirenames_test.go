package wirenames_test

import (
	"testing"

	"github.com/ogen-go/ogen"
	"github.com/ogen-go/ogen/gen"

	"github.com/lockstep-dev/lockstep/internal/codegen/wirenames"
)

// contract has schemas and parameters whose names ogen would declare twice, or give to two.
const contract = `{"openapi": "3.0.3", "info": {"title": "T", "version": "1"}, "paths": {"/v1/routes": {"get": {"operationId": "routes.list",
	"parameters": [{"name": "line1", "in": "query", "schema": {"type": "string"}}, {"name": "line_1", "in": "query", "schema": {"type": "string"}}],
	"responses": {"200": {"description": "All.", "content": {"application/json": {"schema": {"type": "object", "properties": {
		"routes": {"type": "array", "items": {"$ref": "#/components/schemas/Route"}}, "team": {"$ref": "#/components/schemas/Team"},
		"member": {"$ref": "#/components/schemas/TeamMember"}, "text": {"$ref": "#/components/schemas/OptString"}}}}}}}}}},
	"components": {"schemas": {
		"Route": {"type": "object", "required": ["uid"], "properties": {"uid": {"type": "string"}, "line1": {"type": "string"}, "line_1": {"type": "string"},
			"status": {"type": "string"}, "getStatus": {"type": "string"}, "encode": {"type": "string"}, "größe": {"type": "string"},
			"Uid": {"type": "string"}, "UID": {"type": "string"}, "uidField": {"type": "string"}, "Line1": {"type": "string"},
			"Version": {"type": "string"}, "version": {"type": "integer"}}},
		"Team": {"type": "object", "properties": {"memberKind": {"type": "string", "enum": ["a", "b"]}, "kind": {"type": "string", "enum": ["null"]},
			"kindNull": {"type": "string", "enum": ["x"]}}},
		"TeamMember": {"type": "object", "properties": {"kind": {"type": "string", "enum": ["c"]}}},
		"OptString": {"type": "object", "properties": {"text": {"type": "string"}}}}}}`

func TestNamesAreThoseOfOgen(t *testing.T) {
	t.Parallel()
	read := func(avoid bool) (*gen.Generator, error) {
		spec, err := ogen.Parse([]byte(contract))
		if err != nil {
			t.Fatal(err)
		}
		if avoid {
			if err := wirenames.Avoid(spec); err != nil {
				t.Fatal(err)
			}
		}
		return gen.NewGenerator(spec, gen.Options{})
	}
	if _, err := read(false); err == nil {
		t.Error("ogen takes the contract as it is: nothing has to be avoided any more")
	}
	generator, err := read(true)
	if err != nil {
		t.Fatal(err)
	}
	names := wirenames.Of(generator)
	for component, want := range map[string]string{"Route": "RouteEntity", "Team": "Team", "OptString": "OptStringEntity"} {
		if got, err := names.Type(component); err != nil || got != want {
			t.Errorf("%s: got %s, %v, want %s", component, got, err, want)
		}
	}
	for _, c := range []struct{ component, property, want, typ string }{
		{"Route", "uid", "UID", "string"}, {"Route", "line1", "Line1", ""}, {"Route", "line_1", "Line_1", ""}, {"Route", "getStatus", "GetStatusField", ""},
		{"Route", "encode", "EncodeField", ""}, {"Route", "größe", "Gr__e", ""},
		{"Route", "Uid", "UidFieldField", ""}, {"Route", "UID", "UIDFieldFieldField", ""}, {"Route", "Line1", "Line1Field", ""},
		{"Route", "version", "Version", ""}, {"Route", "Version", "VersionField", ""}, {"Team", "memberKind", "MemberKind", "TeamMemberKind"},
		{"TeamMember", "kind", "Kind", "TeamMemberKindEnum"}, {"Team", "kindNull", "KindNull", "TeamKindNullEnum"},
	} {
		name, typ := names.Property(c.component, c.property)
		if name != c.want || c.typ != "" && typ != c.typ {
			t.Errorf("%s.%s: got %s of type %s, want %s of %s", c.component, c.property, name, typ, c.want, c.typ)
		}
	}
	for parameter, want := range map[string]string{"line1": "Line1", "line_1": "Line_1"} {
		if got, err := names.Parameter("routes.list", parameter); err != nil || got != want {
			t.Errorf("%s: got %s, %v, want %s", parameter, got, err, want)
		}
	}
	if _, err := names.Type("Nothing"); err == nil {
		t.Error("a schema that is not there has a type")
	}
}
