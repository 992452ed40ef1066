package api_test

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/lockstep-dev/lockstep/internal/crud"
	"github.com/lockstep-dev/lockstep/internal/crud/crudtest"
)

// The tests of this file hold for every generated operation, present and future: their cases come from crudtest, which is
// generated with the operations.

// operation is one of the contract's, generated or custom.
type operation struct {
	crudtest.Operation
	custom bool
	free   bool   // a custom operation that needs no permission
	body   string // of a custom operation
}

func generatedOperations() (out []operation) {
	for _, op := range crudtest.Operations {
		out = append(out, operation{Operation: op})
	}
	return out
}

func everyOperation(t *testing.T) []operation {
	t.Helper()
	return append(customOperations(t), generatedOperations()...)
}

// rows are the ids of one sample row per resource.
type rows map[string]string

// addSamples creates a row of every tenant-owned entity through the API, as the tenant's administrator, and those of no
// tenant that they refer to.
func (s *stack) addSamples(t *testing.T, in tenant) rows {
	t.Helper()
	out := s.globals(t)
	for _, sample := range crudtest.Samples {
		got := s.check(t, call{method: "POST", path: sample.Path, token: in.admin.token, body: out.fill(sample.Body), status: 201})
		out[sample.Resource], _ = got.body["id"].(string)
	}
	return out
}

// globals returns a row of every entity that belongs to no tenant, one that is there or a new one: tenants' rows refer to them.
func (s *stack) globals(t *testing.T) rows {
	t.Helper()
	out := rows{}
	for _, sample := range crudtest.PlatformSamples {
		there, _ := s.do(t, call{path: sample.Path + "?limit=1", token: s.platform}).body["data"].([]any)
		if len(there) > 0 {
			out[sample.Resource], _ = there[0].(map[string]any)["id"].(string)
			continue
		}
		got := s.check(t, call{method: "POST", path: sample.Path, token: s.platform, body: out.fill(sample.Body), status: 201})
		out[sample.Resource], _ = got.body["id"].(string)
	}
	return out
}

// fill puts ids and a text of its own into a sample's body.
func (r rows) fill(body string) string {
	for resource, id := range r {
		body = strings.ReplaceAll(body, "{{"+resource+"}}", id)
	}
	return strings.ReplaceAll(body, "{{n}}", strings.ReplaceAll(newID().String(), "-", "")[24:])
}

// request is the operation as a call on the row with the given id, with a body that would be accepted.
func (r rows) request(op operation, id string) call {
	c := call{name: op.ID, method: op.Method, path: strings.ReplaceAll(op.Path, "{id}", id), body: op.body}
	if op.custom {
		return c
	}
	for _, sample := range slices.Concat(crudtest.Samples, crudtest.PlatformSamples) {
		switch {
		case sample.Resource != op.Resource:
		case op.Method == "POST":
			c.body = r.fill(sample.Body)
		case op.Method == "PATCH":
			c.body = r.fill(sample.Patch)
		}
	}
	if c.body == "" && (op.Method == "POST" || op.Method == "PATCH") {
		c.body = "{}"
	}
	return c
}

func TestEveryOperationStaysInItsTenant(t *testing.T) {
	t.Parallel()
	for name, lower := range fences {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newStack(t)
			ours, theirs := s.addSamples(t, s.acme), s.addSamples(t, s.globex)
			s = lower(t, s)
			before := s.fingerprint(t)
			for _, op := range everyOperation(t) {
				if op.TenantOwned {
					t.Run(op.ID, func(t *testing.T) {
						for _, leak := range s.leaks(t, op, ours, theirs) {
							t.Error(leak)
						}
					})
				}
			}
			if s.fingerprint(t) != before {
				t.Error("a row was changed or added")
			}
		})
	}
}

func TestEveryOperationAsksForItsOwnPermission(t *testing.T) {
	t.Parallel()
	s := newStack(t)
	ours, global := s.addSamples(t, s.acme), s.globals(t)
	nobody := s.addUser(t, s.acme.id, "nobody@example.com", "Nobody", nil)
	type caller struct{ without, with person }
	callers := map[string]caller{}
	for i, permission := range crud.Permissions {
		rest := slices.DeleteFunc(slices.Clone(crud.Permissions), func(p string) bool { return p == permission })
		callers[permission] = caller{
			without: s.addUser(t, s.acme.id, fmt.Sprintf("without%d@example.com", i), "W", nil, s.addRoles(t, s.acme.id, "All but "+permission, rest...)...),
			with:    s.addUser(t, s.acme.id, fmt.Sprintf("with%d@example.com", i), "W", nil, s.addRole(t, s.acme.id, "Only "+permission, permission)),
		}
	}
	before := s.fingerprint(t)
	for _, op := range everyOperation(t) {
		if op.free {
			continue
		}
		id := ours[op.Resource]
		if !op.TenantOwned {
			id = cmp.Or(global[op.Resource], s.acme.id.String())
		}
		refused := map[string]person{"without any": nobody}
		if op.Permission != "" {
			refused["with all others"] = callers[op.Permission].without
		} else {
			refused["of the tenant's administrator"] = s.acme.admin
		}
		for name, p := range refused {
			t.Run(op.ID+" "+name, func(t *testing.T) {
				c := ours.request(op, id)
				c.token, c.status, c.code = p.token, 403, "permission_denied"
				seen := name == "with all others" && (op.Method == "PATCH" || op.Method == "DELETE") // and not to be changed
				switch {
				case op.Related && seen:
				case op.Related && strings.Contains(op.Path, "{id}"):
					c.status, c.code = 404, "not_found"
				case op.Related:
					c.status, c.code, c.absent = 200, "", []string{id}
				}
				s.check(t, c)
			})
		}
		if op.Permission != "" && op.Method == "GET" {
			t.Run(op.ID+" with it alone", func(t *testing.T) {
				c := ours.request(op, id)
				c.token, c.status = callers[op.Permission].with.token, 200
				s.check(t, c)
			})
		}
	}
	if s.fingerprint(t) != before {
		t.Error("a refused operation changed something")
	}
}

// TestSamplesAreAccepted shows that the cases above are refused for the reason they name: the same requests succeed at home.
func TestSamplesAreAccepted(t *testing.T) {
	t.Parallel()
	s := newStack(t)
	ours := s.addSamples(t, s.acme)
	for _, op := range generatedOperations() {
		if !op.TenantOwned || op.Method == "DELETE" || op.Method == "POST" { // addSamples has created
			continue
		}
		c := ours.request(op, ours[op.Resource])
		c.token, c.status = s.acme.admin.token, 200
		s.check(t, c)
	}
	for _, sample := range slices.Backward(crudtest.Samples) {
		s.check(t, call{method: "DELETE", path: sample.Path + "/" + ours[sample.Resource], token: s.acme.admin.token, status: 204})
	}
}
