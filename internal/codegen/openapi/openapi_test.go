package openapi

import (
	"bytes"
	"encoding/json"
	"maps"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/ogen-go/ogen"

	"github.com/lockstep-dev/lockstep/internal/codegen/fixture"
	"github.com/lockstep-dev/lockstep/internal/codegen/model"
	"github.com/lockstep-dev/lockstep/internal/codegen/validators"
)

var info = Info{Title: "Test", Version: "1.2.3", Description: "A test."}

// after runs the steps up to and including the named one.
func after(t *testing.T, name string) *document {
	t.Helper()
	done := false
	doc := made(t, func(step string) bool {
		now := !done
		done = done || step == name
		return now
	})
	if !done {
		t.Fatalf("no step %q", name)
	}
	return doc
}

// made runs the steps whose names are wanted.
func made(t *testing.T, wanted func(step string) bool) *document {
	t.Helper()
	graph := fixture.Graph(t, fixture.Schemas()...)
	limits, err := validators.Read(filepath.Join("..", "fixture"))
	if err != nil {
		t.Fatal(err)
	}
	entities, err := model.Build(graph, limits)
	if err != nil {
		t.Fatal(err)
	}
	spec, err := base(graph, entities, info)
	if err != nil {
		t.Fatal(err)
	}
	doc := &document{spec: spec, entities: entities, extensions: extensions{}}
	for _, s := range steps() {
		if !wanted(s.name) {
			continue
		}
		if err := s.apply(doc); err != nil {
			t.Fatalf("%s: %v", s.name, err)
		}
	}
	return doc
}

func properties(s *ogen.Schema) []string {
	var names []string
	for _, p := range s.Properties {
		names = append(names, p.Name)
	}
	return names
}

func property(t *testing.T, s *ogen.Schema, name string) string {
	t.Helper()
	for _, p := range s.Properties {
		if p.Name == name {
			p.Schema.Description = ""
			text, err := json.Marshal(p.Schema)
			if err != nil {
				t.Fatal(err)
			}
			return string(text)
		}
	}
	t.Fatalf("no property %s among %v", name, properties(s))
	return ""
}

func TestNameOperations(t *testing.T) {
	t.Parallel()
	doc := after(t, "name operations")
	want := []string{
		"/v1/awards", "/v1/awards/{id}", "/v1/badges", "/v1/badges/{id}", "/v1/countries", "/v1/countries/{id}",
		"/v1/people", "/v1/people/{id}", "/v1/tenants", "/v1/tenants/{id}",
	}
	if diff := cmp.Diff(want, slices.Sorted(maps.Keys(doc.spec.Paths))); diff != "" {
		t.Errorf("paths (-want +got):\n%s", diff)
	}
	item := doc.spec.Paths["/v1/people/{id}"]
	for got, want := range map[*ogen.Operation]string{
		doc.spec.Paths["/v1/people"].Get: "people.list", doc.spec.Paths["/v1/people"].Post: "people.create",
		item.Get: "people.get", item.Patch: "people.update", item.Delete: "people.delete",
	} {
		if got.OperationID != want || len(got.Tags) != 1 || got.Tags[0] != "people" {
			t.Errorf("got operation %s with tags %v, want %s of people", got.OperationID, got.Tags, want)
		}
	}
	if doc.spec.Paths["/v1/awards/{id}"].Patch != nil {
		t.Error("an entity with nothing to update has an update")
	}
}

func TestWriteEntitySchemas(t *testing.T) {
	t.Parallel()
	schemas := after(t, "write entity schemas").spec.Components.Schemas
	person := schemas["Person"]
	want := []string{
		"id", "tenantId", "nick", "biography", "mood", "shirt", "active", "age", "floor", "height", "salary", "seenAt", "bornOn",
		"photo", "tags", "bossId", "countryId", "version", "createdAt", "updatedAt",
	}
	if diff := cmp.Diff(append(slices.Clone(want), "boss", "country", "team", "badges"), properties(person)); diff != "" {
		t.Errorf("properties, with the expansions last (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff(want, person.Required); diff != "" {
		t.Errorf("every field is answered (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff(want, properties(schemas["PersonBase"])); diff != "" {
		t.Errorf("properties of one who is led back to, who has no expansions (-want +got):\n%s", diff)
	}
	if got := property(t, person, "boss"); got != `{"$ref":"#/components/schemas/PersonBase"}` {
		t.Errorf("boss: got %s, want a person without expansions", got)
	}
	for name, want := range map[string]string{
		"id":        `{"type":"string","format":"uuid"}`,
		"biography": `{"type":"string","nullable":true}`,
		"mood":      `{"type":"string","enum":["glad","sad"]}`,
		"shirt":     `{"type":"string","nullable":true,"enum":["s","m"]}`,
		"active":    `{"type":"boolean"}`,
		"age":       `{"type":"integer"}`,
		"height":    `{"type":"number","format":"double"}`,
		"salary":    `{"type":"string","format":"decimal","pattern":"^-?(0|[1-9][0-9]{0,9})\\.[0-9]{2}$"}`,
		"seenAt":    `{"type":"string","format":"date-time","nullable":true}`,
		"bornOn":    `{"type":"string","format":"date"}`,
		"photo":     `{"type":"string","format":"byte"}`,
		"tags":      `{"type":"array","items":{"type":"string"}}`,
	} {
		if got := property(t, person, name); got != want {
			t.Errorf("%s: got %s, want %s", name, got, want)
		}
	}
}

func TestWriteBodies(t *testing.T) {
	t.Parallel()
	schemas := after(t, "write bodies").spec.Components.Schemas
	create, update := schemas["PersonCreate"], schemas["PersonUpdate"]
	if diff := cmp.Diff([]string{"nick", "age", "height", "salary", "bornOn", "photo", "countryId", "secret"}, create.Required); diff != "" {
		t.Errorf("required on create (-want +got):\n%s", diff)
	}
	for _, name := range []string{"id", "tenantId", "version", "createdAt", "updatedAt"} {
		if slices.Contains(properties(create), name) || slices.Contains(properties(update), name) {
			t.Errorf("%s can be written", name)
		}
	}
	if slices.Contains(properties(update), "bornOn") || len(update.Required) != 0 {
		t.Errorf("update takes %v and requires %v, want no immutable field and nothing required", properties(update), update.Required)
	}
	for name, want := range map[string]string{
		"nick":   `{"type":"string","maxLength":40,"minLength":1,"pattern":"^[a-z]+$"}`,
		"mood":   `{"type":"string","enum":["glad","sad"],"default":"glad"}`,
		"active": `{"type":"boolean","default":true}`,
		"age":    `{"type":"integer","maximum":150,"minimum":0}`,
		"floor":  `{"type":"integer","nullable":true,"maximum":32767,"minimum":-2}`,
		"height": `{"type":"number","format":"double","minimum":0,"exclusiveMinimum":true}`,
	} {
		if got := property(t, create, name); got != want {
			t.Errorf("%s: got %s, want %s", name, got, want)
		}
	}
	// Sensitive fields are taken and never shown.
	for name, s := range schemas {
		if slices.Contains(properties(s), "secret") != (name == "PersonCreate" || name == "PersonUpdate") {
			t.Errorf("%s: has it the sensitive field? %t", name, slices.Contains(properties(s), "secret"))
		}
	}
	for _, s := range []*ogen.Schema{create, update} {
		if s.AdditionalProperties == nil || *s.AdditionalProperties.Bool {
			t.Error("a body takes unknown fields")
		}
	}
	if schemas["AwardUpdate"] != nil {
		t.Error("an entity with nothing to update has an update body")
	}
}

func TestWriteDetails(t *testing.T) {
	t.Parallel()
	doc := after(t, "write detail views")
	detail := doc.spec.Components.Schemas["PersonWithTeam"]
	for name, want := range map[string]string{
		"country": `{"$ref":"#/components/schemas/Country"}`,
		"team":    `{"type":"array","items":{"$ref":"#/components/schemas/Person"}}`,
		"badges":  `{"type":"array","items":{"$ref":"#/components/schemas/Badge"}}`,
	} {
		if got := property(t, detail, name); got != want {
			t.Errorf("%s: got %s, want %s", name, got, want)
		}
	}
}

func TestPageLists(t *testing.T) {
	t.Parallel()
	doc := after(t, "page lists")
	if got := property(t, doc.spec.Components.Schemas["PersonPage"], "nextCursor"); got != `{"type":"string","nullable":true}` {
		t.Errorf("got nextCursor %s", got)
	}
	var names []string
	for _, p := range doc.spec.Paths["/v1/people"].Get.Parameters {
		names = append(names, p.Name)
	}
	if diff := cmp.Diff([]string{"limit", "cursor", "count"}, names); diff != "" {
		t.Errorf("parameters (-want +got):\n%s", diff)
	}
}

func TestAnswerOperations(t *testing.T) {
	t.Parallel()
	doc := after(t, "answer reads and writes")
	paths, responses := doc.spec.Paths, doc.spec.Components.Responses
	for got, want := range map[*ogen.Operation]string{
		paths["/v1/people"].Get: "200", paths["/v1/people"].Post: "201", paths["/v1/people/{id}"].Get: "200 304",
		paths["/v1/people/{id}"].Patch: "200", paths["/v1/people/{id}"].Delete: "204", paths["/v1/badges/{id}"].Get: "200",
	} {
		if statuses := strings.Join(slices.Sorted(maps.Keys(got.Responses)), " "); statuses != want {
			t.Errorf("%s answers %v, want %s", got.OperationID, statuses, want)
		}
	}
	for name, want := range map[string][]string{
		"PersonCreated": {"ETag", "Location"}, "PersonWithTeamFound": {"ETag"}, "PersonNotModified": {"ETag"}, "PersonChanged": {"ETag"},
		"BadgeCreated": {"Location"}, "BadgeFound": nil, // not versioned
	} {
		if responses[name] == nil {
			t.Errorf("no response %s among %v", name, slices.Sorted(maps.Keys(responses)))
			continue
		}
		if diff := cmp.Diff(want, slices.Sorted(maps.Keys(responses[name].Headers))); diff != "" {
			t.Errorf("headers of %s (-want +got):\n%s", name, diff)
		}
	}
	if got := responses["PersonWithTeamFound"].Content["application/json"].Schema.Ref; !strings.HasSuffix(got, "/PersonWithTeam") {
		t.Errorf("get answers %s, want the detail view", got)
	}
	if _, ok := paths["/v1/people/{id}"].Patch.RequestBody.Content["application/merge-patch+json"]; !ok {
		t.Error("update takes no merge patch")
	}
	for op, want := range map[*ogen.Operation]string{
		paths["/v1/people"].Post: "Idempotency-Key", paths["/v1/people/{id}"].Get: "If-None-Match", paths["/v1/people/{id}"].Patch: "If-Match",
		paths["/v1/people/{id}"].Delete: "If-Match", paths["/v1/badges/{id}"].Delete: "",
	} {
		var names []string
		for _, p := range op.Parameters {
			if p.In == "header" {
				names = append(names, p.Name)
			}
		}
		if got := strings.Join(names, " "); got != want {
			t.Errorf("%s takes the headers %q, want %q", op.OperationID, got, want)
		}
	}
}

func TestWriteProblemsAndSecurity(t *testing.T) {
	t.Parallel()
	doc := after(t, "secure operations")
	for path, item := range doc.spec.Paths {
		for _, op := range []*ogen.Operation{item.Get, item.Post, item.Patch, item.Delete} {
			if op != nil && (op.Responses["default"] == nil || len(op.Responses) != 2 && (len(op.Responses) != 3 || op.Responses["304"] == nil)) {
				t.Errorf("%s %s: got answers %v, want the success and default", op.OperationID, path, slices.Sorted(maps.Keys(op.Responses)))
			}
		}
	}
	if len(doc.spec.Security) != 1 || doc.spec.Components.SecuritySchemes["bearer"] == nil {
		t.Error("the document asks for no token")
	}
	if got := doc.spec.Paths["/v1/people"].Get.Description; !strings.Contains(got, "`people:read`") {
		t.Errorf("got description %q, want the permission", got)
	}
	if got := doc.spec.Paths["/v1/tenants"].Post.Description; !strings.Contains(got, "platform") {
		t.Errorf("got description %q, want the platform", got)
	}
}

func TestWriteIsDeterministicAndLeavesTheGraphAlone(t *testing.T) {
	t.Parallel()
	graph := fixture.Graph(t, fixture.Schemas()...)
	entities, err := model.Build(graph, validators.Set{})
	if err != nil {
		t.Fatal(err)
	}
	first, err := Write(graph, entities, info, nil)
	if err != nil {
		t.Fatal(err)
	}
	second, err := Write(graph, entities, info, nil)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(first, second) {
		t.Error("two runs differ")
	}
	for _, node := range graph.Nodes {
		if _, left := node.Annotations["EntOAS"]; left {
			t.Errorf("the annotation for entoas was left on %s", node.Name)
		}
	}
	var document struct {
		Components struct{ Schemas map[string]any }
	}
	if err := json.Unmarshal(first, &document); err != nil {
		t.Fatal(err)
	}
	for name := range document.Components.Schemas {
		if !bytes.Contains(first, []byte(`"#/components/schemas/`+name+`"`)) {
			t.Errorf("nothing refers to the schema %s", name)
		}
	}
}

func TestOrderFilterAndExpand(t *testing.T) {
	t.Parallel()
	doc := after(t, "expand reads")
	got := map[string]string{}
	for _, p := range doc.spec.Paths["/v1/people"].Get.Parameters {
		p.Schema.Description = ""
		text, err := json.Marshal(p.Schema)
		if err != nil {
			t.Fatal(err)
		}
		got[p.Name] = string(text)
	}
	for name, want := range map[string]string{
		"sort":       `{"type":"array","items":{"type":"string","enum":["age","-age","seenAt","-seenAt"]},"maxItems":2,"minItems":1,"uniqueItems":true}`,
		"mood":       `{"type":"array","items":{"type":"string","enum":["glad","sad"]},"maxItems":100,"minItems":1}`,
		"bossId":     `{"type":"array","items":{"type":"string","format":"uuid"},"maxItems":100,"minItems":1}`,
		"bossIdNull": `{"type":"boolean"}`,
		"badgeId":    `{"type":"array","items":{"type":"string","format":"uuid"},"maxItems":100,"minItems":1}`,
		"q":          `{"type":"string","maxLength":100,"minLength":1}`,
		"expand":     `{"type":"array","items":{"type":"string","enum":["boss","country","team","team.boss","team.country","team.team","team.badges","badges"]},"maxItems":10,"minItems":1,"uniqueItems":true}`,
	} {
		if got[name] != want {
			t.Errorf("parameter %s: got %s, want %s", name, got[name], want)
		}
	}
	if bounds := got["seenAt"]; !strings.Contains(bounds, `"gte"`) || !strings.Contains(bounds, `"additionalProperties":false`) {
		t.Errorf("got range %s, want gt, gte, lt, lte and nothing else", bounds)
	}
}
