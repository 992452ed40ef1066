// Package sdk writes the generated parts of the TypeScript SDK from the OpenAPI document: in clients/ts/src/generated the types
// of the component schemas by hey-api, and a class per resource, the client and the index by templates of its own; in
// clients/ts/docs a page per resource, with an example of each operation.
package sdk

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"regexp"
)

// Folders that Generate makes, below the root. Nothing else may be in them.
var (
	Code  = filepath.Join("clients", "ts", "src", "generated")
	Pages = filepath.Join("clients", "ts", "docs")
)

// Generate returns the files of Code and Pages, by slash-separated paths in these folders. It installs the node packages it
// needs below root. The same contract gives the same bytes.
//
// The contract must be OpenAPI 3.0; every operation needs an id such as users.list, JSON bodies, and a documented success.
func Generate(ctx context.Context, root string, contract []byte, log io.Writer) (code, pages map[string][]byte, err error) {
	if contract, err = tellApart(contract); err != nil {
		return nil, nil, fmt.Errorf("generate the SDK: %w", err)
	}
	code, err = emit(contract)
	if err != nil {
		return nil, nil, fmt.Errorf("generate the SDK: %w", err)
	}
	pkg, err := packageName(root)
	if err != nil {
		return nil, nil, fmt.Errorf("generate the SDK: %w", err)
	}
	pages, err = writePages(contract, pkg)
	if err != nil {
		return nil, nil, fmt.Errorf("generate the SDK's pages: %w", err)
	}
	if err := Install(ctx, root, log); err != nil {
		return nil, nil, fmt.Errorf("generate the SDK: %w", err)
	}
	work, err := os.MkdirTemp(filepath.Join(root, ".lockstep"), "sdk-")
	if err != nil {
		return nil, nil, fmt.Errorf("generate the SDK: make a work folder: %w", err)
	}
	defer func() { _ = os.RemoveAll(work) }()
	if err := describe(ctx, root, work, contract, code); err != nil {
		return nil, nil, fmt.Errorf("generate the SDK: %w", err)
	}
	return code, pages, nil
}

// packageName is what the SDK is called, as its package.json has it.
func packageName(root string) (string, error) {
	data, err := os.ReadFile(filepath.Join(root, "clients", "ts", "package.json"))
	if err != nil {
		return "", fmt.Errorf("read the SDK's name: %w", err)
	}
	var manifest struct {
		Name string `json:"name"`
	}
	if err := json.Unmarshal(data, &manifest); err != nil {
		return "", fmt.Errorf("read the SDK's name: %w", err)
	}
	return manifest.Name, nil
}

// describe has hey-api write the component schemas as TypeScript, and those of answers as valibot schemas. It is given contracts
// without operations, because the emitter writes those.
func describe(ctx context.Context, root, work string, contract []byte, files map[string][]byte) error {
	var doc struct {
		OpenAPI    string          `json:"openapi"`
		Info       json.RawMessage `json:"info"`
		Paths      struct{}        `json:"paths"`
		Components struct {
			Schemas json.RawMessage `json:"schemas"`
		} `json:"components"`
	}
	if err := json.Unmarshal(contract, &doc); err != nil {
		return fmt.Errorf("read the contract: %w", err)
	}
	all, err := json.Marshal(doc)
	if err != nil {
		return fmt.Errorf("write the schemas: %w", err)
	}
	ofAnswers, byOperation, err := answers(contract)
	if err != nil {
		return fmt.Errorf("write the schemas of answers: %w", err)
	}
	for name, data := range map[string][]byte{"schemas.json": all, "answers.json": ofAnswers} {
		if err := os.WriteFile(filepath.Join(work, name), data, 0o644); err != nil {
			return fmt.Errorf("write the schemas: %w", err)
		}
	}
	out, err := run(ctx, root, "node", filepath.Join("clients", "ts", "scripts", "types.mjs"), work)
	if err != nil {
		return fmt.Errorf("%w\n%s", err, out)
	}
	types, err := os.ReadFile(filepath.Join(work, "types", "types.gen.ts"))
	if err != nil {
		return fmt.Errorf("read what hey-api wrote: %w", err)
	}
	if files["types.ts"], err = schemasOnly(types); err != nil {
		return fmt.Errorf("read what hey-api wrote: %w", err)
	}
	schemas, err := os.ReadFile(filepath.Join(work, "answers", "valibot.gen.ts"))
	if err != nil {
		return fmt.Errorf("read what hey-api wrote: %w", err)
	}
	_, schemas, ok := bytes.Cut(schemas, []byte("\n"))
	if !ok {
		return errors.New("read what hey-api wrote: the schemas are empty")
	}
	files["schemas.ts"] = append([]byte(header), schemas...)
	files["answers.ts"] = answersModule(byOperation)
	return nil
}

// clientOptions is a type that hey-api adds for its own client; it depends on where the contract lies.
var clientOptions = regexp.MustCompile(`(?s)\A// [^\n]*\n\nexport type ClientOptions = \{\n.*?\n\};\n`)

func schemasOnly(types []byte) ([]byte, error) {
	found := clientOptions.FindIndex(types)
	if found == nil {
		return nil, errors.New("it does not begin with a comment and ClientOptions: hey-api changed its output")
	}
	return append([]byte(header), types[found[1]:]...), nil
}
