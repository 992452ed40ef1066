package apifuzz

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// The contract is for tools that the project does not know: these tests hold it to a public rule set, and compile what
// other generators make of it. A tool that cannot be run fails its test.

const root = "../.."

// run returns the output of a command and whether it succeeded; a command that cannot be started fails the test.
func run(t *testing.T, dir, name string, args ...string) (string, bool) {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), name, args...)
	cmd.Dir = dir
	out, err := cmd.CombinedOutput()
	if _, exited := err.(*exec.ExitError); err != nil && !exited { //nolint:errorlint // exec returns it unwrapped
		t.Fatalf("run %s: %v", name, err)
	}
	return string(out), err == nil
}

// node runs a program of an installed npm package.
func node(t *testing.T, program string, args ...string) (string, bool) {
	t.Helper()
	path, err := filepath.Abs(filepath.Join(root, "node_modules", program))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(path); err != nil {
		t.Fatalf("%v: install the npm packages with make setup", err)
	}
	return run(t, root, "node", append([]string{path}, args...)...)
}

func document(t *testing.T) string {
	t.Helper()
	path, err := filepath.Abs(filepath.Join(root, "openapi", "openapi.json"))
	if err != nil {
		t.Fatal(err)
	}
	return path
}

// planted writes the contract with one text replaced.
func planted(t *testing.T, old, text string) string {
	t.Helper()
	data, err := os.ReadFile(document(t))
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Contains(data, []byte(old)) {
		t.Fatalf("the contract has no %s to replace", old)
	}
	path := filepath.Join(t.TempDir(), "openapi.json")
	if err := os.WriteFile(path, bytes.ReplaceAll(data, []byte(old), []byte(text)), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// TestPublicRuleSet holds the contract to Spectral's rules for OpenAPI, warnings included.
func TestPublicRuleSet(t *testing.T) {
	t.Parallel()
	lint := func(path string) (string, bool) {
		return node(t, "@stoplight/spectral-cli/dist/index.js", "lint", "--fail-severity=warn", "--ruleset", "openapi/.spectral.json", path)
	}
	if out, ok := lint(document(t)); !ok {
		t.Errorf("the contract breaks rules:\n%s", out)
	}
	for name, fault := range map[string]struct{ old, text, want string }{
		"operation without tag":    {`"tags": [`, `"x-tags": [`, "operation-tags"},
		"two operations of one id": {`"users.get"`, `"users.list"`, "operation-operationId-unique"},
		"schema that is none":      {`"type": "integer"`, `"type": "int"`, "oas3-schema"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if out, ok := lint(planted(t, fault.old, fault.text)); ok || !strings.Contains(out, fault.want) {
				t.Errorf("got\n%s\nwant a report of %s", out, fault.want)
			}
		})
	}
}

// TestOpenAPITypeScript compiles the types that openapi-typescript makes, and a use of them.
func TestOpenAPITypeScript(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	if out, ok := node(t, "openapi-typescript/bin/cli.js", document(t), "--output", filepath.Join(dir, "schema.d.ts")); !ok {
		t.Fatalf("generate: %s", out)
	}
	usage, err := os.ReadFile("testdata/usage.ts")
	if err != nil {
		t.Fatal(err)
	}
	const options = `{"compilerOptions": {"noEmit": true, "strict": true, "module": "esnext", "moduleResolution": "bundler", "target": "es2022", "types": []}, "files": ["usage.ts"]}`
	if err := os.WriteFile(filepath.Join(dir, "tsconfig.json"), []byte(options), 0o600); err != nil {
		t.Fatal(err)
	}
	compile := func(source []byte) (string, bool) {
		file := filepath.Join(dir, "usage.ts")
		if err := os.WriteFile(file, source, 0o600); err != nil {
			t.Fatal(err)
		}
		return node(t, "typescript/bin/tsc", "--project", dir)
	}
	if out, ok := compile(usage); !ok {
		t.Errorf("what openapi-typescript makes of the contract does not compile:\n%s", out)
	}
	if out, ok := compile(append(usage, "\nexport type Missing = components[\"schemas\"][\"NoSuchSchema\"];\n"...)); ok || !strings.Contains(out, "NoSuchSchema") {
		t.Errorf("the compiler accepts a schema that the contract does not have:\n%s", out)
	}
}

// TestOAPICodegen compiles the Go client that oapi-codegen makes.
func TestOAPICodegen(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	for _, name := range []string{"go.mod", "go.sum", "foreign.go"} {
		data, err := os.ReadFile(filepath.Join(root, "tools", "foreign", name))
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(dir, name), data, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	client := filepath.Join(dir, "client.go")
	if out, ok := run(t, dir, "go", "tool", "oapi-codegen", "-generate", "types,client", "-package", "foreign", "-o", client, document(t)); !ok {
		t.Fatalf("generate: %s", out)
	}
	if out, ok := run(t, dir, "go", "vet", "."); !ok {
		t.Errorf("what oapi-codegen makes of the contract does not compile:\n%s", out)
	}
	source, err := os.ReadFile(client)
	if err != nil {
		t.Fatal(err)
	}
	doc, err := os.ReadFile(document(t))
	if err != nil {
		t.Fatal(err)
	}
	contract, err := Load(doc)
	if err != nil {
		t.Fatal(err)
	}
	for _, op := range contract.Operations {
		resource, verb, _ := strings.Cut(op.ID, ".")
		name := strings.ToUpper(resource[:1]) + resource[1:] + strings.ToUpper(verb[:1]) + verb[1:]
		if !bytes.Contains(source, []byte("func (c *ClientWithResponses) "+name)) {
			t.Errorf("the client has no method for %s", op.ID)
		}
	}
	if err := os.WriteFile(client, append(source, "\nvar _ = NoSuchType{}\n"...), 0o600); err != nil {
		t.Fatal(err)
	}
	if out, ok := run(t, dir, "go", "vet", "."); ok {
		t.Errorf("a client that does not compile passes:\n%s", out)
	}
}
