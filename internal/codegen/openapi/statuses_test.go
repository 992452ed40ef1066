package openapi

import (
	"encoding/json"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/ogen-go/ogen"

	"github.com/lockstep-dev/lockstep/internal/problem"
)

func TestListStatuses(t *testing.T) {
	t.Parallel()
	doc := after(t, "list statuses")
	always := "400 401 403 414 429 431 500 503 504 default"
	for id, own := range map[string]string{
		"people.list": "200", "people.get": "200 304 404", "people.create": "201 404 408 409 413 415 422", "people.update": "200 404 408 409 412 413 415 422",
		"people.delete": "204 404 409 412", "badges.update": "200 404 408 413 415 422", // nothing of a badge is unique or versioned
	} {
		want := slices.Sorted(slices.Values(strings.Fields(own + " " + always)))
		if diff := cmp.Diff(want, slices.Sorted(maps.Keys(doc.operation(id).Responses))); diff != "" {
			t.Errorf("%s (-want +got):\n%s", id, diff)
		}
	}
	create := doc.operation("people.create").Responses
	for status, want := range map[string][]string{
		"400": {"invalid_json", "invalid_parameter"},
		"409": {"conflict"},
		"422": {"idempotency_key_reused", "reference_not_found", "validation_failed"},
	} {
		response := doc.spec.Components.Responses[strings.TrimPrefix(create[status].Ref, responses)]
		if diff := cmp.Diff(want, slices.Sorted(maps.Keys(response.Content[problemType].Examples))); diff != "" {
			t.Errorf("people.create, %s (-want +got):\n%s", status, diff)
		}
		for _, code := range want {
			if !strings.Contains(response.Description, problem.Code(code).Kind().Meaning) {
				t.Errorf("people.create, %s: got %q, want what %s means", status, response.Description, code)
			}
		}
	}
}

// TestForServer compares what is published with what ogen reads: it is the document that the other steps make.
func TestForServer(t *testing.T) {
	t.Parallel()
	// read is the document as ogen has it after parsing, which sorts what the examples hold.
	read := func(doc *document) *ogen.Spec {
		text, err := json.Marshal(doc.spec)
		if err != nil {
			t.Fatal(err)
		}
		spec, err := ogen.Parse(text)
		if err != nil {
			t.Fatal(err)
		}
		return spec
	}
	members := func(spec *ogen.Spec) (out map[string]any) {
		text, err := json.Marshal(spec)
		if err == nil {
			err = json.Unmarshal(text, &out)
		}
		if err != nil {
			t.Fatal(err)
		}
		return out
	}
	plain := made(t, func(name string) bool { return name != "list statuses" && name != "limit texts" })
	want, published := members(read(plain)), read(made(t, func(string) bool { return true }))
	if cmp.Equal(want, members(published)) {
		t.Error("the published contract lists no statuses and patterns")
	}
	ForServer(published)
	if diff := cmp.Diff(want, members(published)); diff != "" {
		t.Errorf("what ogen reads differs by more than statuses and patterns (-want +got):\n%s", diff)
	}
}

// TestListStatusesKeepsNamesApart guards the answers of an entity that is called Not: NotFound is its get.
func TestListStatusesKeepsNamesApart(t *testing.T) {
	t.Parallel()
	doc := after(t, "show problems")
	doc.spec.AddResponse("NotFound", ogen.NewResponse().SetDescription("The not."))
	if err := listStatuses(doc); err == nil || !strings.Contains(err.Error(), "NotFound") {
		t.Errorf("got %v, want an error that names the answer", err)
	}
}
