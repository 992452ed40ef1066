package reference

import (
	"bytes"
	"context"
	_ "embed"
	"fmt"
	"go/ast"
	"go/doc"
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"text/template"
)

//go:embed page.md.tmpl
var page string

// SDK makes the types of a contract: it returns types.ts and the resources by name.
type SDK func(contract []byte) (types string, resources map[string]string, err error)

// Write returns docs/schema.md of the checkout at root.
func Write(ctx context.Context, root string, sdk SDK) ([]byte, error) {
	dir := filepath.Join(root, "internal", "codegen", "reference", "schema")
	rows, err := readRows(dir)
	if err != nil {
		return nil, err
	}
	whole, err := generate(ctx, dir, nil)
	if err != nil {
		return nil, err
	}
	types, resources, err := sdk(whole.Contract)
	if err != nil {
		return nil, err
	}
	shown := map[string][]string{}
	for _, r := range rows {
		less, err := generate(ctx, dir, &r)
		if err != nil {
			return nil, fmt.Errorf("without %s.%s, %q: %w", r.entity, r.list, r.Title, err)
		}
		changes, err := contractOf(whole.Contract, less.Contract)
		if err != nil {
			return nil, err
		}
		var sql []string
		for _, line := range sqlOf(whole.SQL, less.SQL) {
			sql = append(sql, code(line))
		}
		key := r.entity + "." + string(r.list)
		shown[key] = append(shown[key], r.say(follows{SQL: sql, Contract: contractLines(changes), SDK: sdkLines(changes, types, resources)}))
	}
	names, err := namesOf(filepath.Join(root, "ent", "schema", "contract"), rows)
	if err != nil {
		return nil, err
	}
	parsed, err := template.New("page").Funcs(template.FuncMap{
		"rows": func(keys ...string) string {
			var all []string
			for _, key := range keys {
				all = append(all, shown[key]...)
			}
			return strings.Join(all, "\n")
		},
		"file": func(path string) (string, error) {
			text, err := os.ReadFile(filepath.Join(root, filepath.FromSlash(path)))
			return strings.TrimSpace(string(text)), err
		},
		"code":  func(path string) (string, error) { return declarations(filepath.Join(root, filepath.FromSlash(path))) },
		"names": func() string { return names },
	}).Parse(page)
	if err != nil {
		return nil, fmt.Errorf("parse the page: %w", err)
	}
	var out bytes.Buffer
	if err := parsed.Execute(&out, nil); err != nil {
		return nil, fmt.Errorf("write the page: %w", err)
	}
	return out.Bytes(), nil
}

// declarations is a Go file without its package clause and imports.
func declarations(path string) (string, error) {
	source, err := os.ReadFile(path)
	if err != nil {
		return "", fmt.Errorf("read an example: %w", err)
	}
	files := token.NewFileSet()
	file, err := parser.ParseFile(files, path, source, parser.ParseComments|parser.SkipObjectResolution)
	if err != nil {
		return "", fmt.Errorf("parse an example: %w", err)
	}
	end := file.Name.End()
	for _, decl := range file.Decls {
		if g, ok := decl.(*ast.GenDecl); ok && g.Tok == token.IMPORT {
			end = g.End()
		}
	}
	return strings.TrimSpace(string(source[files.Position(end).Offset:])), nil
}

// namesOf lists what package contract exports. An annotation that no row of the page carries, and a name without a comment, is an
// error.
func namesOf(dir string, rows []row) (string, error) {
	files := token.NewFileSet()
	paths, err := filepath.Glob(filepath.Join(dir, "*.go"))
	if err != nil {
		return "", fmt.Errorf("list %s: %w", dir, err)
	}
	var parsed []*ast.File
	for _, path := range paths {
		if strings.HasSuffix(path, "_test.go") {
			continue
		}
		file, err := parser.ParseFile(files, path, nil, parser.ParseComments)
		if err != nil {
			return "", fmt.Errorf("parse package contract: %w", err)
		}
		parsed = append(parsed, file)
	}
	contract, err := doc.NewFromFiles(files, parsed, "contract")
	if err != nil {
		return "", fmt.Errorf("read package contract: %w", err)
	}
	var lines, missing []string
	say := func(name, text string) {
		if text == "" {
			missing = append(missing, name+" has no comment")
		}
		lines = append(lines, fmt.Sprintf("| `contract.%s` | %s |", name, strings.ReplaceAll(contract.Synopsis(text), "|", "\\|")))
	}
	functions := slices.Clone(contract.Funcs)
	constants := slices.Concat(contract.Consts, contract.Vars)
	for _, t := range contract.Types {
		say(t.Name, t.Doc)
		functions = append(functions, t.Funcs...)
		constants = slices.Concat(constants, t.Consts, t.Vars)
	}
	for _, f := range functions {
		say(f.Name, f.Doc)
		annotates := len(f.Decl.Type.Results.List) == 1 && slices.Contains([]string{"Annotation", "Rename"}, fmt.Sprint(f.Decl.Type.Results.List[0].Type))
		if annotates && !slices.ContainsFunc(rows, func(r row) bool { return strings.Contains(r.Source, "contract."+f.Name+"(") }) {
			missing = append(missing, fmt.Sprintf("no row shows contract.%s: add an element that carries it to internal/codegen/reference/schema, under a comment \"Title: text\", and run go test ./internal/codegen/reference -update", f.Name))
		}
	}
	for _, group := range constants {
		for _, spec := range group.Decl.Specs {
			value := spec.(*ast.ValueSpec)
			text := value.Doc.Text()
			if text == "" {
				text = value.Comment.Text()
			}
			if text == "" {
				text = group.Doc
			}
			for _, name := range value.Names {
				if name.IsExported() {
					say(name.Name, text)
				}
			}
		}
	}
	if len(missing) > 0 {
		return "", fmt.Errorf("package contract: %s", strings.Join(missing, "\n"))
	}
	slices.Sort(lines)
	return "| Name | What it is |\n|---|---|\n" + strings.Join(lines, "\n"), nil
}
