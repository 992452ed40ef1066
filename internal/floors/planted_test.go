package floors_test

import (
	"slices"
	"testing"
	"testing/fstest"
)

// TestPlantedImportsAreFound has one file for each way of importing the service, and each that is no such import.
func TestPlantedImportsAreFound(t *testing.T) {
	t.Parallel()
	root := fstest.MapFS{}
	plant := func(name, clause string, imports ...string) {
		text := "package " + clause + "\n"
		for _, i := range imports {
			text += "import _ \"" + i + "\"\n"
		}
		root[name] = &fstest.MapFile{Data: []byte(text)}
	}
	plant("internal/plain/plain.go", "plain", module+"/ent", module+"/ent/schema/contract", module+"/internal/other", "fmt", module+"extra/ent")
	plant("internal/plain/plain_test.go", "plain", module+"/ent/user")
	plant("internal/plain/external_test.go", "plain_test", module+"/internal/crud/crudtest", module+"/migrations")
	plant("internal/plain/plain_windows.go", "plain", module+"/internal/oas")
	plant("internal/plain/below/below.go", "below", module+"/ent/schema", module)
	plant("internal/plain/testdata/case.go", "case", module+"/ent")
	plant("internal/apis/apis.go", "apis", module+"/internal/rules")
	plant("internal/api/api.go", "api", module+"/ent")
	plant("ent/schema/contract/contract.go", "contract", module+"/ent/schema")
	plant("ent/user.go", "ent", module+"/internal/oas")
	found, err := wrongWay(root)
	if err != nil {
		t.Fatal(err)
	}
	const (
		machinery = ": the machinery knows neither generated code nor the service: let the caller pass in what it needs"
		external  = ": a test that needs the service will live in kit/test: add it to residents with the reason, or do without"
	)
	want := []string{
		"ent/schema/contract/contract.go imports " + module + "/ent/schema" + machinery,
		"internal/apis/apis.go imports " + module + "/internal/rules" + machinery,
		"internal/gone does not import " + module + "/ent any more: take it off the list",
		"internal/plain does not import " + module + "/ent/user any more: take it off the list",
		"internal/plain/below/below.go imports " + module + "/ent/schema" + machinery,
		"internal/plain/below/below.go imports " + module + machinery,
		"internal/plain/external_test.go imports " + module + "/internal/crud/crudtest" + external,
		"internal/plain/plain_test.go imports " + module + "/ent/user" + machinery,
		"internal/plain/plain_windows.go imports " + module + "/internal/oas" + machinery,
	}
	got := judge(found,
		map[edge]string{{"internal/plain", "ent"}: "known", {"internal/gone", "ent"}: "known"},
		map[edge]string{{"internal/plain", "migrations"}: "known", {"internal/plain", "ent/user"}: "a resident's leave does not hold in the package itself"})
	if !slices.Equal(got, want) {
		t.Errorf("got\n%q\nwant\n%q", got, want)
	}
}
