package openapi

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/ogen-go/ogen"

	"github.com/lockstep-dev/lockstep/ent/schema/contract"
	"github.com/lockstep-dev/lockstep/internal/problem"
)

func parameterNames(op *ogen.Operation) []string {
	var names []string
	for _, p := range op.Parameters {
		names = append(names, p.Name)
	}
	return names
}

func TestListCodesSaysWhatEachOperationCanAnswer(t *testing.T) {
	t.Parallel()
	doc := after(t, "list problem codes")
	body := []problem.Code{"invalid_json", "payload_too_large", "request_timeout", "unsupported_media_type", "validation_failed"}
	for id, want := range map[string][]problem.Code{
		"people.list":   {"invalid_cursor"},
		"people.get":    {"not_found"},
		"people.create": slices.Concat([]problem.Code{"conflict", "idempotency_key_reused", "not_found", "reference_not_found"}, body),
		"people.update": slices.Concat([]problem.Code{"conflict", "not_found", "precondition_failed", "reference_not_found"}, body),
		"people.delete": {"not_found", "precondition_failed", "still_referenced"},
		"badges.update": slices.Concat([]problem.Code{"not_found"}, body),
		"awards.delete": {"not_found"}, // nothing refers to an award
	} {
		want = slices.Sorted(slices.Values(slices.Concat(want, everywhere)))
		if diff := cmp.Diff(want, doc.extensions[id][problemCodes]); diff != "" {
			t.Errorf("%s (-want +got):\n%s", id, diff)
		}
	}
	if text := doc.operation("people.delete").Description; !strings.Contains(text, "`still_referenced`") || strings.Contains(text, "`timeout`") {
		t.Errorf("got %q, want what not all operations answer", text)
	}
}

func TestListCodesRefusesWhatIsNotDescribed(t *testing.T) {
	t.Parallel()
	doc := after(t, "add custom operations")
	doc.extensions.set(doc.operation("people.get"), problemCodes, []problem.Code{"gone_fishing"})
	if err := listCodes(doc); err == nil || !strings.Contains(err.Error(), `"gone_fishing"`) || !strings.Contains(err.Error(), "internal/problem/table.go") {
		t.Errorf("got %v, want the code and where to describe it", err)
	}
}

func TestShowProblemsHasAnExampleOfEachCode(t *testing.T) {
	t.Parallel()
	doc := after(t, "show problems")
	listed := doc.spec.Components.Responses["Problem"].Content[problemType].Examples
	if len(doc.spec.Components.Examples) != len(problem.Kinds()) || len(listed) != len(problem.Kinds()) {
		t.Errorf("got %d examples for %d codes", len(listed), len(problem.Kinds()))
	}
	for _, k := range problem.Kinds() {
		var shown shownProblem
		if err := json.Unmarshal(doc.spec.Components.Examples[string(k.Code)].Value, &shown); err != nil || shown.Code != string(k.Code) || shown.Status != k.Status {
			t.Errorf("example of %s: %+v (%v)", k.Code, shown, err)
		}
	}
	if code := property(t, doc.spec.Components.Schemas["Problem"], "code"); !strings.Contains(code, "string") {
		t.Errorf("got code %s", code)
	}
}

func TestExtensionsAreWrittenInOrder(t *testing.T) {
	t.Parallel()
	x := extensions{"a.get": {sunsetDay: "2027-05-01", deprecatedSince: "2026-11-01", problemCodes: []problem.Code{problem.Internal}}}
	const document = `{"paths": {"/a": {"parameters": [], "get": {"operationId": "a.get"}, "post": {"operationId": "a.create"}}}, "info": {"title": "x"}}`
	want := `{"paths":{"/a":{"parameters":[],"get":{"operationId":"a.get","x-deprecated-since":"2026-11-01","x-problem-codes":["internal"],"x-sunset":"2027-05-01"},"post":{"operationId":"a.create"}}},"info":{"title":"x"}}`
	for range 20 { // a map has no order
		got, err := x.write([]byte(document))
		if err != nil {
			t.Fatal(err)
		}
		if compact := strings.NewReplacer(" ", "", "\n", "").Replace(string(got)); compact != want {
			t.Fatalf("got\n%s\nwant\n%s", compact, want)
		}
	}
}

// deprecate adds an announcement to an entity of the document, as if its schema had it.
func deprecate(t *testing.T, ending contract.Annotation) (*document, error) {
	t.Helper()
	doc := after(t, "show examples")
	for _, e := range doc.entities {
		if e.Name == "Badge" {
			e.Announce(ending.Endings...)
			for _, f := range e.Fields {
				if f.JSON == "title" {
					f.Ending = ending.EndingOf("")
				}
			}
		}
	}
	return doc, announceEndings(doc)
}

func TestAnnounceEndings(t *testing.T) {
	t.Parallel()
	doc, err := deprecate(t, contract.Deprecated("2026-11-01", "2027-05-01", contract.List, contract.Delete))
	if err != nil {
		t.Fatal(err)
	}
	for id, want := range map[string]bool{"badges.list": true, "badges.delete": true, "badges.get": false, "people.list": false} {
		op := doc.operation(id)
		if op.Deprecated != want || (doc.extensions[id][sunsetDay] == "2027-05-01") != want || strings.Contains(op.Description, "2027-05-01") != want {
			t.Errorf("%s: deprecated %t, extensions %v, %q", id, op.Deprecated, doc.extensions[id], op.Description)
		}
	}
	doc, err = deprecate(t, contract.Deprecated("2026-11-01", ""))
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"Badge", "BadgeCreate", "BadgeUpdate"} {
		if got := property(t, doc.spec.Components.Schemas[name], "title"); !strings.Contains(got, `"deprecated":true`) {
			t.Errorf("%s.title: got %s, want it deprecated", name, got)
		}
	}
	if op := doc.operation("badges.get"); !op.Deprecated || doc.extensions["badges.get"][sunsetDay] != nil {
		t.Errorf("badges.get: deprecated %t, extensions %v, want no sunset", op.Deprecated, doc.extensions["badges.get"])
	}
}

func TestAnnounceEndingsRefuses(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		ending contract.Annotation
		want   string
	}{
		"no day":       {contract.Deprecated("soon", ""), `"soon"`},
		"no sunset":    {contract.Deprecated("2026-11-01", "later"), `"later"`},
		"sunset first": {contract.Deprecated("2026-11-01", "2026-10-01"), "before the deprecation"},
	} {
		if _, err := deprecate(t, c.ending); err == nil || !strings.Contains(err.Error(), c.want) || !strings.Contains(err.Error(), "Badge") {
			t.Errorf("%s: got %v, want an error about Badge with %s", name, err, c.want)
		}
	}
}

func TestListNulls(t *testing.T) {
	t.Parallel()
	doc := after(t, "list null among values")
	for _, name := range []string{"Person", "PersonCreate", "PersonUpdate"} {
		if got := property(t, doc.spec.Components.Schemas[name], "shirt"); !strings.Contains(got, `"enum":["s","m",null]`) {
			t.Errorf("%s.shirt: got %s, want null among its values", name, got)
		}
		if got := property(t, doc.spec.Components.Schemas[name], "mood"); strings.Contains(got, "null") {
			t.Errorf("%s.mood: got %s, want no null", name, got)
		}
	}
}
