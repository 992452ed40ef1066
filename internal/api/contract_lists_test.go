package api_test

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"

	"github.com/lockstep-dev/lockstep/internal/apifuzz"
	"github.com/lockstep-dev/lockstep/openapi"
)

// TestContractTestSeesWrongLists takes a status, a code, or a code's example away from one operation: the real handler's
// answers must then break the contract, and for the reason that was planted.
func TestContractTestSeesWrongLists(t *testing.T) {
	t.Parallel()
	s := newStack(t)
	doc, codes := readContract(t)
	worlds, episode := s.worlds(t, doc), 0
	for name, fault := range map[string]struct {
		strike func(document, operation map[string]any)
		want   string
	}{
		"no status": {func(_, operation map[string]any) { delete(at(operation, "responses"), "404") }, "status 404 is not declared"},
		"no code": {func(_, operation map[string]any) {
			operation["x-problem-codes"] = slices.DeleteFunc(operation["x-problem-codes"].([]any), func(code any) bool { return code == "not_found" })
		}, "the code not_found is not one that the contract lists for roles.get"},
		"code at another status": {func(document, _ map[string]any) {
			examples := at(document, "components", "responses", "NotFound", "content", "application/problem+json", "examples")
			examples["conflict"] = examples["not_found"]
			delete(examples, "not_found")
		}, "the code not_found is not one that the contract shows for status 404"},
	} {
		t.Run(name, func(t *testing.T) {
			var document map[string]any
			if err := json.Unmarshal(openapi.Document, &document); err != nil {
				t.Fatal(err)
			}
			fault.strike(document, at(document, "paths", "/v1/roles/{id}", "get"))
			data, err := json.Marshal(document)
			if err != nil {
				t.Fatal(err)
			}
			wrong, err := apifuzz.Load(data)
			if err != nil {
				t.Fatal(err)
			}
			report, err := apifuzz.Run(apifuzz.Config{
				Document: wrong, Codes: codes, Seed: 7, Requests: 1500, MaxFailures: 1, EpisodeLength: 500,
				NewWorld: func(int) (*apifuzz.World, error) { episode++; return worlds(episode) },
			})
			if err != nil {
				t.Fatal(err)
			}
			if len(report.Failures) == 0 || !strings.Contains(report.Failures[0].String(), fault.want) {
				t.Errorf("got %v in %d requests, want a failure with %q", report.Failures, report.Requests, fault.want)
			}
		})
	}
}

// at is the object at a path of members.
func at(in map[string]any, path ...string) map[string]any {
	for _, name := range path {
		in = in[name].(map[string]any)
	}
	return in
}
