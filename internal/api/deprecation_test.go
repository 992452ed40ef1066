package api_test

import (
	"bytes"
	"testing"

	"github.com/lockstep-dev/lockstep/internal/api"
	"github.com/lockstep-dev/lockstep/openapi"
)

func TestDeprecatedOperationsSaySo(t *testing.T) {
	t.Parallel()
	s := newStack(t)
	// As generation writes it for contract.Deprecated("2026-11-01", "2027-05-01", contract.List) and Deprecated("2026-11-01", "", contract.Read).
	document := bytes.Replace(openapi.Document, []byte(`"operationId": "users.list",`),
		[]byte(`"operationId": "users.list", "deprecated": true, "x-deprecated-since": "2026-11-01", "x-sunset": "2027-05-01",`), 1)
	document = bytes.Replace(document, []byte(`"operationId": "users.get",`),
		[]byte(`"operationId": "users.get", "deprecated": true, "x-deprecated-since": "2026-11-01",`), 1)
	config := s.config
	config.Contract = document
	handler, err := api.New(config)
	if err != nil {
		t.Fatal(err)
	}
	s.handler = handler
	const since, sunset = "@1793491200", "Sat, 01 May 2027 00:00:00 GMT"
	user := "/v1/users/" + s.acme.member.id.String()
	for name, c := range map[string]struct {
		call                call
		deprecation, sunset string
	}{
		"list":            {call{path: "/v1/users", token: s.acme.admin.token, status: 200}, since, sunset},
		"refused list":    {call{path: "/v1/users", status: 401, code: "unauthenticated"}, since, sunset},
		"get, not closed": {call{path: user, token: s.acme.admin.token, status: 200}, since, ""},
		"another verb":    {call{method: "POST", path: "/v1/users", token: s.acme.admin.token, body: "{}", status: 422, code: "validation_failed"}, "", ""},
		"another entity":  {call{path: "/v1/roles", token: s.acme.admin.token, status: 200}, "", ""},
	} {
		got := s.check(t, c.call)
		if got.header.Get("Deprecation") != c.deprecation || got.header.Get("Sunset") != c.sunset {
			t.Errorf("%s: got Deprecation %q and Sunset %q, want %q and %q", name, got.header.Get("Deprecation"), got.header.Get("Sunset"), c.deprecation, c.sunset)
		}
	}
}
