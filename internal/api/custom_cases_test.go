package api_test

import (
	"encoding/json"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/lockstep-dev/lockstep/internal/crud/crudtest"
	"github.com/lockstep-dev/lockstep/openapi"
)

// neededPermission is how an operation's description says what it needs: nothing but a platform's token if neither.
var neededPermission = regexp.MustCompile("Needs (?:the permission `([^`]+)`(; without it)?|(no permission)|a platform token)")

// customOperations are those of the contract that are not generated: their cases come from the contract.
func customOperations(t *testing.T) []operation {
	t.Helper()
	var document struct {
		Paths map[string]map[string]json.RawMessage
	}
	if err := json.Unmarshal(openapi.Document, &document); err != nil {
		t.Fatal(err)
	}
	var out []operation
	for path, methods := range document.Paths {
		for method, raw := range methods {
			var op struct {
				OperationID, Description string
				Tags                     []string
				RequestBody              struct {
					Content map[string]struct{ Example json.RawMessage }
				}
			}
			if !slices.Contains([]string{"get", "post", "put", "patch", "delete"}, method) {
				continue
			}
			if err := json.Unmarshal(raw, &op); err != nil {
				t.Fatalf("%s %s: %v", method, path, err)
			}
			if slices.ContainsFunc(crudtest.Operations, func(o crudtest.Operation) bool { return o.ID == op.OperationID }) {
				continue
			}
			found := operation{custom: true, Operation: crudtest.Operation{ID: op.OperationID, Method: strings.ToUpper(method), Path: path, Resource: op.Tags[0]}}
			found.TenantOwned = slices.ContainsFunc(crudtest.Samples, func(s crudtest.Sample) bool { return s.Resource == found.Resource })
			for _, body := range op.RequestBody.Content {
				found.body = string(body.Example)
			}
			said := neededPermission.FindStringSubmatch(op.Description)
			if said == nil {
				t.Fatalf("%s does not say what it needs", op.OperationID)
			}
			found.Permission, found.Related, found.free = said[1], said[2] != "", said[3] != ""
			out = append(out, found)
		}
	}
	slices.SortFunc(out, func(a, b operation) int { return strings.Compare(a.ID, b.ID) })
	if !slices.ContainsFunc(out, func(o operation) bool { return o.ID == "users.deactivate" && o.TenantOwned }) {
		t.Fatalf("got custom operations %v, want users.deactivate among them", out)
	}
	return out
}

// TestEveryOperationAsksWhoCalls holds every operation, also those that are not generated, to what can be asked of any: no token, no answer,
// and a caller that holds nothing reaches nobody else's row.
func TestEveryOperationAsksWhoCalls(t *testing.T) {
	t.Parallel()
	s := newStack(t)
	ours := s.addSamples(t, s.acme)
	nobody := s.addUser(t, s.acme.id, "nobody@example.com", "Nobody", nil)
	before := s.fingerprint(t)
	for _, op := range everyOperation(t) {
		c := ours.request(op, newID().String())
		c.status, c.code = 401, "unauthenticated"
		s.check(t, c)
		if !op.TenantOwned || !strings.Contains(op.Path, "{id}") {
			continue
		}
		c = ours.request(op, ours[op.Resource])
		c.token = nobody.token
		if got := s.do(t, c); got.status != 403 && got.status != 404 {
			t.Errorf("%s by a caller that holds nothing: got status %d, want 403 or 404\n%s", op.ID, got.status, got.text)
		}
	}
	if s.fingerprint(t) != before {
		t.Error("a refused operation changed something")
	}
}
