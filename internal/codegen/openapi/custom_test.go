package openapi

import (
	"slices"
	"strings"
	"testing"
)

const fragment = `{"openapi": "3.0.3", "info": {"title": "x", "version": "0"}, "paths": {"PATH": {"post": {"operationId": "ID", "tags": ["people"],
	"responses": {"204": {"description": "Done."}}}}}, "components": {"schemas": {"SCHEMA": {"type": "object"}}}}`

func merged(t *testing.T, replace ...string) (*document, error) {
	t.Helper()
	doc := after(t, "drop what nothing uses")
	doc.custom = []Fragment{{Name: "custom/people.json", JSON: []byte(strings.NewReplacer(replace...).Replace(fragment))}}
	return doc, addCustom(doc)
}

func TestAddCustomMergesAndAnswersProblems(t *testing.T) {
	t.Parallel()
	doc, err := merged(t, "PATH", "/v1/people/{id}/wave", "ID", "people.wave", "SCHEMA", "Wave")
	if err != nil {
		t.Fatal(err)
	}
	op := doc.spec.Paths["/v1/people/{id}/wave"].Post
	if names := parameterNames(op); !slices.Contains(names, "Idempotency-Key") {
		t.Errorf("got parameters %v, want the Idempotency-Key that every POST takes", names)
	}
	if op == nil || op.Responses["default"] == nil || doc.spec.Components.Schemas["Wave"] == nil {
		t.Errorf("got operation %v, want it with a default answer and its schema", op)
	}
	if doc.spec.Paths["/v1/people"].Post.OperationID != "people.create" {
		t.Error("a generated operation was lost")
	}
}

func TestAddCustomRefuses(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		replace []string
		want    string
	}{
		"operation twice":   {[]string{"PATH", "/v1/people", "ID", "people.wave", "SCHEMA", "Wave"}, "contract.Without"},
		"schema twice":      {[]string{"PATH", "/v1/wave", "ID", "people.wave", "SCHEMA", "Person"}, "Person exists already"},
		"no operation id":   {[]string{"PATH", "/v1/wave", "ID", "", "SCHEMA", "Wave"}, "operationId"},
		"unknown extension": {[]string{"PATH", "/v1/wave", "ID", "people.wave", "SCHEMA", "Wave", `"tags"`, `"x-other": "1", "tags"`}, "x-other"},
		"status":            {[]string{"PATH", "/v1/wave", "ID", "people.wave", "SCHEMA", "Wave", `"204"`, `"409"`}, "x-problem-codes"},
		"no JSON":           {[]string{"{", "["}, "custom/people.json"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := merged(t, c.replace...)
			if err == nil || !strings.Contains(err.Error(), c.want) || !strings.Contains(err.Error(), "custom/people.json") {
				t.Errorf("got %v, want an error with the file and %q", err, c.want)
			}
		})
	}
}
