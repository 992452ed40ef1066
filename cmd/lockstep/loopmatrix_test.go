package main

import (
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// scalars are the types of the nullability matrix, each with its schema, its type in TypeScript and a value.
var scalars = []struct{ name, schema, typescript, value string }{
	{"string", `"type": "string", "maxLength": 100`, "string", `""`},
	{"integer", `"type": "integer"`, "number", `0`},
	{"double", `"type": "number", "format": "double"`, "number", `0.1`},
	{"float", `"type": "number", "format": "float"`, "number", `0.3`},
	{"boolean", `"type": "boolean"`, "boolean", `false`},
	{"time", `"type": "string", "format": "date-time"`, "string", `"2026-01-02T03:04:05.000006Z"`},
	{"date", `"type": "string", "format": "date"`, "string", `"2026-01-02"`},
	{"uuid", `"type": "string", "format": "uuid"`, "string", `"01900000-0000-7000-8000-000000000000"`},
	{"decimal", `"type": "string", "format": "decimal"`, "string", `"0.01"`},
	{"bytes", `"type": "string", "format": "byte", "maxLength": 100`, "string", `"AP8="`},
	{"enum", `"type": "string", "enum": ["red", "blue"]`, "'red' | 'blue'", `"red"`},
	{"array", `"type": "array", "maxItems": 9, "items": {"type": "string", "maxLength": 100}`, "Array<string>", `[]`},
	{"object", `"type": "object", "properties": {"a": {"type": "string", "maxLength": 100}}, "required": ["a"], "additionalProperties": false`, "{ a: string }", `{"a": ""}`},
}

// addMatrix adds an operation that answers what it is sent: every scalar, as one that must be there or may be absent, and may
// be null or not.
func addMatrix(t *testing.T, root string) {
	t.Helper()
	var properties, required, types []string
	values := map[string]json.RawMessage{}
	for _, s := range scalars {
		for _, kind := range []string{"Required", "Optional", "Nullable", "Both"} {
			name, schema, typescript := s.name+kind, s.schema, s.typescript
			if kind == "Nullable" || kind == "Both" {
				schema += `, "nullable": true`
				typescript += " | null"
			}
			if kind == "Required" || kind == "Nullable" {
				required = append(required, fmt.Sprintf("%q", name))
			} else {
				typescript += " | undefined"
			}
			properties = append(properties, fmt.Sprintf(`%q: {%s, "description": "Part of the matrix."}`, name, schema))
			types = append(types, fmt.Sprintf("true satisfies Same<Matrix['%s'], %s>;", name, typescript))
			values[name] = json.RawMessage(s.value)
		}
	}
	fragment := `{"openapi": "3.0.3", "info": {"title": "Matrix", "version": "0.0.0"}, "tags": [{"name": "matrix", "description": "Every scalar."}],
		"paths": {"/v1/matrix": {"post": {"operationId": "matrix.echo", "tags": ["matrix"], "summary": "Echo", "description": "Answers what it is sent. Needs no permission.",
		"requestBody": {"required": true, "content": {"application/json": {"schema": {"$ref": "#/components/schemas/Matrix"}}}},
		"responses": {"200": {"description": "The same.", "content": {"application/json": {"schema": {"$ref": "#/components/schemas/Matrix"}}}}}}}},
		"components": {"schemas": {"Matrix": {"type": "object", "description": "Every scalar.", "additionalProperties": false, "required": [` +
		strings.Join(required, ", ") + `], "properties": {` + strings.Join(properties, ", ") + `}}}}}`
	const method = `package api

import (
	"context"

	"github.com/lockstep-dev/lockstep/internal/oas"
)

// MatrixEcho answers what it is sent.
func (h *Handler) MatrixEcho(_ context.Context, req *oas.Matrix, _ oas.MatrixEchoParams) (*oas.Matrix, error) {
	return req, nil
}
`
	usage, err := os.ReadFile(filepath.Join("testdata", "loop", "matrix.ts.txt"))
	if err != nil {
		t.Fatal(err)
	}
	usage = append(usage, "\n"+strings.Join(types, "\n")+"\n"...)
	usage = []byte(strings.Replace(string(usage), "VALUES", text(t, values), 1))
	for path, data := range map[string]string{
		"openapi/custom/matrix.json": fragment, "internal/api/matrix.go": method, "clients/ts/test/matrix.ts": string(usage),
		"clients/ts/tsconfig.matrix.json": `{"extends": "./tsconfig.test.json", "compilerOptions": {"outDir": ".matrix"}, "include": ["src/index.ts", "test/matrix.ts"]}`,
	} {
		if err := os.WriteFile(filepath.Join(root, filepath.FromSlash(path)), []byte(data), 0o600); err != nil {
			t.Fatal(err)
		}
	}
}

// runMatrix compiles the matrix's use of the SDK and runs it against the copy's server.
func runMatrix(t *testing.T, root string, s *served) {
	sdk := filepath.Join(root, "clients", "ts")
	command(t, sdk, "node", filepath.Join(root, "node_modules", "typescript", "bin", "tsc"), "-p", "tsconfig.matrix.json")
	run := exec.CommandContext(t.Context(), "node", ".matrix/test/matrix.js")
	run.Dir = sdk
	run.Env = append(os.Environ(), "API="+s.api, "TOKEN="+s.ours.token)
	out, err := run.CombinedOutput()
	if err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	if want := fmt.Sprintf("%d members in 4 forms", len(scalars)); !strings.Contains(string(out), want) {
		t.Errorf("got %s, want %s", out, want)
	}
}
