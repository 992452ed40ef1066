// Package starter writes the first version of a new entity's schema, which its author then edits.
package starter

import (
	"bytes"
	_ "embed"
	"errors"
	"fmt"
	"go/format"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"text/template"

	"entgo.io/ent/entc/gen"
	"github.com/stoewer/go-strcase"
)

//go:embed entity.go.tmpl
var entityTemplate string

var entityName = regexp.MustCompile(`^[A-Z][a-z0-9]+([A-Z][a-z0-9]*)*$`)

// reserved are names that the generated code takes for itself: Ent's client, ogen's helpers, the shared schemas.
var reserved = []string{
	"Client", "Config", "Error", "Handler", "Hook", "Interceptor", "Mutation", "Mutator", "Option", "Policy", "Problem",
	"Query", "Querier", "Schema", "Server", "Tx", "Value", "Violation",
}

// Options choose what the entity is.
type Options struct {
	// Name in CamelCase, singular: Project, LineItem.
	Name string
	// Global entities belong to no tenant.
	Global bool
}

// Write creates ent/schema/<name>.go below root and returns its path, relative to root. It never replaces a file.
func Write(root, module string, o Options) (string, error) {
	if !entityName.MatchString(o.Name) {
		return "", fmt.Errorf("%q is no entity name: write it in CamelCase and singular, such as Project or LineItem", o.Name)
	}
	if err := gen.ValidSchemaName(o.Name); err != nil {
		return "", fmt.Errorf("%q is no name for generated code, choose a more specific one, such as Customer%s: %w", o.Name, o.Name, err)
	}
	if slices.Contains(reserved, o.Name) {
		return "", fmt.Errorf("%q is taken by generated code: choose a more specific name, such as Customer%s", o.Name, o.Name)
	}
	path := filepath.Join("ent", "schema", strings.ToLower(o.Name)+".go")
	source, err := render(module, o)
	if err != nil {
		return "", err
	}
	file, err := os.OpenFile(filepath.Join(root, path), os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o644)
	if errors.Is(err, os.ErrExist) {
		return "", fmt.Errorf("%s exists already: edit it, or choose another name", path)
	}
	if err != nil {
		return "", fmt.Errorf("write starting file: %w", err)
	}
	_, err = file.Write(source)
	if err = errors.Join(err, file.Close()); err != nil {
		return "", errors.Join(fmt.Errorf("write starting file: %w", err), os.Remove(filepath.Join(root, path)))
	}
	return path, nil
}

// Label is the entity's name in snake_case: line_item.
func Label(name string) string { return strcase.SnakeCase(name) }

func render(module string, o Options) ([]byte, error) {
	parsed, err := template.New("entity").Parse(entityTemplate)
	if err != nil {
		return nil, fmt.Errorf("parse starting file: %w", err)
	}
	var out bytes.Buffer
	if err := parsed.Execute(&out, map[string]any{
		"Module": module, "Name": o.Name, "Global": o.Global,
		"Label": strings.ReplaceAll(Label(o.Name), "_", " "),
	}); err != nil {
		return nil, fmt.Errorf("write starting file: %w", err)
	}
	source, err := format.Source(out.Bytes())
	if err != nil {
		return nil, fmt.Errorf("format starting file: %w", err)
	}
	return source, nil
}
