package openapi

import (
	"regexp"
	"slices"
	"strings"

	"github.com/ogen-go/ogen"

	"github.com/lockstep-dev/lockstep/ent/schema/contract"
)

// storable matches texts without U+0000, which Postgres cannot store (PostgreSQL manual, section 8.3). \x00 is written alike
// in the regular expressions of ECMA-262, RE2, Java, Python and .NET; \u0000 is not.
const storable = `^[^\x00]*$`

// anyPermission begins the pattern of permissions.
const anyPermission = `^(?:\*|`

// limitTexts says which texts the server refuses for reasons that the schema's validators do not name: U+0000 in any text, and
// permissions that do not exist. Patterns say it and not enums: what a caller has read as a text it can send as a text.
func limitTexts(doc *document) error {
	permissions := doc.permissionPattern()
	for _, e := range doc.entities {
		for _, verb := range []contract.Verb{contract.Create, contract.Update} {
			body := doc.spec.Components.Schemas[e.Name+map[contract.Verb]string{contract.Create: "Create", contract.Update: "Update"}[verb]]
			if body == nil {
				continue
			}
			for _, f := range e.Fields {
				for _, p := range body.Properties {
					if f.Permissions && p.Name == f.JSON {
						p.Schema.Items.Item.SetPattern(permissions).SetDescription("A permission of this API; others are refused.")
					}
				}
			}
		}
	}
	walk := schemaWalk{doc.spec.Components.Schemas, map[*ogen.Schema]bool{}}
	for _, op := range doc.operations() {
		if op.RequestBody != nil {
			for _, media := range op.RequestBody.Content {
				walk.limit(media.Schema)
			}
		}
		for _, p := range op.Parameters {
			if p.In == "query" {
				walk.limit(p.Schema)
			}
		}
	}
	return nil
}

// permissionPattern matches what a role can hold.
func (doc *document) permissionPattern() string {
	var all []string
	for _, e := range doc.entities {
		for _, permission := range e.Permissions() {
			all = append(all, regexp.QuoteMeta(permission))
		}
	}
	slices.Sort(all)
	return anyPermission + strings.Join(slices.Compact(all), "|") + ")$"
}

// schemaWalk visits schemas, each once.
type schemaWalk struct {
	schemas map[string]*ogen.Schema
	seen    map[*ogen.Schema]bool
}

// limit adds the pattern to every text of the schema that has none, and no format that excludes the character as well.
func (t schemaWalk) limit(s *ogen.Schema) {
	t.each(s, func(s *ogen.Schema) {
		if s.Type == "string" && s.Pattern == "" && len(s.Enum) == 0 && (s.Format == "" || s.Format == "password") {
			s.Pattern = storable
		}
	})
}

// each visits the schema and all that it is made of.
func (t schemaWalk) each(s *ogen.Schema, visit func(*ogen.Schema)) {
	if s == nil || t.seen[s] {
		return
	}
	t.seen[s] = true
	if name, ok := strings.CutPrefix(s.Ref, "#/components/schemas/"); ok {
		t.each(t.schemas[name], visit)
		return
	}
	visit(s)
	for i := range s.Properties {
		t.each(s.Properties[i].Schema, visit)
	}
	if s.Items != nil {
		t.each(s.Items.Item, visit)
	}
	if s.AdditionalProperties != nil {
		t.each(&s.AdditionalProperties.Schema, visit)
	}
	for _, part := range slices.Concat(s.AllOf, s.OneOf, s.AnyOf) {
		t.each(part, visit)
	}
}

// withoutPatterns takes out what limitTexts has put in.
func withoutPatterns(spec *ogen.Spec) {
	walk := schemaWalk{spec.Components.Schemas, map[*ogen.Schema]bool{}}
	plain := func(s *ogen.Schema) {
		switch {
		case s.Pattern == storable:
			s.Pattern = ""
		case strings.HasPrefix(s.Pattern, anyPermission):
			s.Pattern, s.Description = "", ""
		}
	}
	for _, s := range spec.Components.Schemas {
		walk.each(s, plain)
	}
	for _, path := range spec.Paths {
		for _, op := range []*ogen.Operation{path.Get, path.Post, path.Put, path.Patch, path.Delete} {
			if op == nil {
				continue
			}
			for _, p := range op.Parameters {
				walk.each(p.Schema, plain)
			}
		}
	}
}
