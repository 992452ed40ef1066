package codegen_test

import (
	"maps"
	"slices"
	"strconv"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/ogen-go/ogen"

	"github.com/lockstep-dev/lockstep/internal/codegen/openapi"
	"github.com/lockstep-dev/lockstep/internal/problem"
	published "github.com/lockstep-dev/lockstep/openapi"
)

// TestPublishedStatusesAreThoseOfTheCodes compares the published contract with the copy that ogen reads: the first has more
// statuses, and just those of the codes that each operation lists.
func TestPublishedStatusesAreThoseOfTheCodes(t *testing.T) {
	t.Parallel()
	operations := func(change func(*ogen.Spec)) map[string]*ogen.Operation {
		spec, err := ogen.Parse(published.Document)
		if err != nil {
			t.Fatal(err)
		}
		change(spec)
		out := map[string]*ogen.Operation{}
		for _, path := range spec.Paths {
			for _, op := range []*ogen.Operation{path.Get, path.Post, path.Put, path.Patch, path.Delete} {
				if op != nil {
					out[op.OperationID] = op
				}
			}
		}
		return out
	}
	listed, read := operations(func(*ogen.Spec) {}), operations(openapi.ForServer)
	for id, op := range listed {
		var codes []problem.Code
		node := op.Common.Extensions["x-problem-codes"]
		if err := node.Decode(&codes); err != nil {
			t.Fatal(err)
		}
		want := slices.Collect(maps.Keys(read[id].Responses))
		for status := range read[id].Responses {
			if status != "default" && status >= "400" {
				t.Errorf("%s: ogen reads the status %s", id, status)
			}
		}
		for _, code := range codes {
			want = append(want, strconv.Itoa(code.Kind().Status))
		}
		slices.Sort(want)
		if diff := cmp.Diff(slices.Compact(want), slices.Sorted(maps.Keys(op.Responses))); diff != "" || len(codes) < 10 {
			t.Errorf("%s lists %d codes and other statuses (-want +got):\n%s", id, len(codes), diff)
		}
	}
	if len(listed) < 20 || len(read) != len(listed) {
		t.Errorf("got %d operations, ogen reads %d", len(listed), len(read))
	}
}
