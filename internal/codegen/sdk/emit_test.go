package sdk

import (
	"flag"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

var update = flag.Bool("update", false, "rewrite the golden files")

func TestEmit(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"crud", "custom"} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			dir := filepath.Join("testdata", name)
			contract := read(t, filepath.Join(dir, "contract.json"))
			got, err := emit(contract)
			if err != nil {
				t.Fatal(err)
			}
			pages, err := writePages(contract, "@example/sdk")
			if err != nil {
				t.Fatal(err)
			}
			for name, page := range pages {
				got["docs/"+name] = page
			}
			want := filepath.Join(dir, "want")
			if *update {
				if err := writeFiles(want, got); err != nil {
					t.Fatal(err)
				}
			}
			if diff := cmp.Diff(tree(t, want), text(got)); diff != "" {
				t.Errorf("got other code than %s (-want +got); go test -update rewrites it:\n%s", want, diff)
			}
		})
	}
}

func TestEmitRefuses(t *testing.T) {
	t.Parallel()
	for _, test := range []struct{ name, old, replacement, want string }{
		{"an operation without a resource", `"users.list"`, `"listUsers"`, `got operationId "listUsers"`},
		{"an operation twice", `"users.get"`, `"users.list"`, "operation users.list: the operationId is not unique"},
		{"a resource that is no property", `"users.get"`, `"constructor.get"`, "constructor cannot be a property"},
		{"a reference to nothing", `schemas/ProblemError"`, `schemas/Nothing"`, `schema Problem: follow "#/components/schemas/Nothing"`},
		{"a body that is not JSON", "\"required\": true,\n          \"content\": {\n            \"application/json\"", "\"content\": {\"text/csv\"", "request body has the types [text/csv]"},
		{"an answer that is not JSON", `"application/json"`, `"text/csv"`, "text/csv"},
		{"an unknown type", `"type": "integer"`, `"type": "int"`, `type "int": unknown type`},
		{"another OpenAPI", `"3.0.3"`, `"3.1.0"`, `got openapi "3.1.0", want 3.0.x`},
		{"a path parameter nobody describes", `"name": "id"`, `"name": "key"`, "the path names {id}, which is no parameter"},
		{"an operation that never succeeds", `"204"`, `"304"`, "no successful response"},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			_, err := emit(edit(t, test.old, test.replacement))
			if err == nil || !strings.Contains(err.Error(), test.want) {
				t.Errorf("got error %v, want one with %q", err, test.want)
			}
		})
	}
}

// Schemas called as a type of the core, of TypeScript, or of a resource have another name in the SDK: they were refused, and Record is
// a good name of an entity.
func TestSchemasAreToldApart(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"RequestOptions", "UsersResource", "UsersListParams", "Record"} {
		before := edit(t, `UserRoleCreate"`, name+`"`)
		got, err := tellApart(before)
		if err != nil {
			t.Fatal(err)
		}
		want := edit(t, `UserRoleCreate"`, name+`Model"`)
		if diff := cmp.Diff(string(want), string(got)); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
		if _, err := emit(got); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// Were a name of the core's index missing from taken, a schema of that name would break the SDK instead of the generation.
func TestTakenHasTheNamesOfTheCore(t *testing.T) {
	t.Parallel()
	index := string(read(t, "../../../clients/ts/src/core/index.ts"))
	names := regexp.MustCompile(`\b[A-Za-z]+\b`).FindAllString(regexp.MustCompile(`export|type|from '[^']*'`).ReplaceAllString(index, ""), -1)
	if len(names) < 20 {
		t.Fatalf("got the names %v, want all of core/index.ts", names)
	}
	for _, name := range names {
		if !taken[name] {
			t.Errorf("%s is exported by the core and not in taken", name)
		}
	}
}

func read(t testing.TB, path string) []byte {
	t.Helper()
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return data
}

// tree returns the files below dir by their slash-separated paths.
func tree(t testing.TB, dir string) map[string]string {
	t.Helper()
	files := map[string]string{}
	err := filepath.WalkDir(dir, func(path string, entry os.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		name, err := filepath.Rel(dir, path)
		files[filepath.ToSlash(name)] = string(read(t, path))
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return files
}

func text(files map[string][]byte) map[string]string {
	out := map[string]string{}
	for name, data := range files {
		out[name] = string(data)
	}
	return out
}

// edit returns the crud contract with old replaced by new, which must be in it.
func edit(t testing.TB, old, replacement string) []byte {
	t.Helper()
	contract := string(read(t, filepath.Join("testdata", "crud", "contract.json")))
	if !strings.Contains(contract, old) {
		t.Fatalf("the contract does not contain %q", old)
	}
	return []byte(strings.ReplaceAll(contract, old, replacement))
}
