package codegen

import (
	"bytes"
	"fmt"
	"maps"
	"path/filepath"
	"regexp"
	"strings"

	"github.com/go-faster/yaml"
	"github.com/ogen-go/ogen"
	"github.com/ogen-go/ogen/gen"
	"github.com/ogen-go/ogen/gen/genfs"
	"github.com/ogen-go/ogen/gen/ir"

	"github.com/lockstep-dev/lockstep/internal/codegen/openapi"
	"github.com/lockstep-dev/lockstep/internal/codegen/wirenames"
)

// timeFormat keeps microseconds, which is what Postgres keeps; ogen's own RFC 3339 drops them.
const timeFormat = "2006-01-02T15:04:05.999999Z07:00"

// readServer has ogen read the contract. Only the server is generated: the project's client is the TypeScript SDK.
func readServer(document []byte) (*gen.Generator, error) {
	spec, err := ogen.Parse(harmlessTexts(document))
	if err != nil {
		return nil, fmt.Errorf("parse contract: %w", err)
	}
	openapi.ForServer(spec)
	if err := wirenames.Avoid(spec); err != nil {
		return nil, err
	}
	// A hint for ogen alone; the published contract carries no extension of a tool.
	for _, schema := range spec.Components.Schemas {
		adjustFormats(schema)
	}
	responses := []ogen.Responses{spec.Components.Responses}
	for _, path := range spec.Paths {
		for _, op := range []*ogen.Operation{path.Get, path.Post, path.Put, path.Patch, path.Delete} {
			if op != nil {
				openRanges(op.Parameters)
				responses = append(responses, op.Responses)
			}
		}
	}
	for _, r := range responses {
		dropShared(r)
	}
	generator, err := gen.NewGenerator(spec, gen.Options{
		Generator: gen.GenerateOptions{
			Features:         &gen.FeatureOptions{DisableAll: true, Enable: gen.FeatureSet{gen.PathsServer.Name: {}}},
			ConvenientErrors: 1, // a missing default answer fails generation
			ContentTypeAliases: gen.ContentTypeAliases{
				"application/merge-patch+json": ir.EncodingJSON,
			},
		},
	})
	if err != nil {
		return nil, fmt.Errorf("read contract with ogen: %w", err)
	}
	return generator, nil
}

// described is a line of the contract that ogen makes a comment of. It wraps them, so that any word may begin a line.
var described = regexp.MustCompile(`(?m)^ *"(?:description|summary)": ".*$`)

// harmlessTexts is the contract without words that begin a directive of Go.
func harmlessTexts(document []byte) []byte {
	return described.ReplaceAllFunc(document, func(line []byte) []byte {
		return bytes.ReplaceAll(line, []byte("+build"), []byte(`\\+build`))
	})
}

// writeHandlers has ogen write what it has read, and refines it.
func writeHandlers(generator *gen.Generator, dir, module string) error {
	if err := generator.WriteSource(genfs.FormattedSource{Root: dir}, "oas"); err != nil {
		return fmt.Errorf("write ogen's server: %w", err)
	}
	if err := refine(dir, handlerRefinements, module+"/internal/httpio"); err != nil {
		return err
	}
	if err := refineBytes(filepath.Join(dir, "oas_json_gen.go"), generator.Types()); err != nil {
		return err
	}
	return refineValues(dir, module)
}

// adjustFormats keeps the microseconds of times, and leaves addresses to this project.
func adjustFormats(schema *ogen.Schema) {
	if schema == nil {
		return
	}
	if schema.Format == "email" {
		schema.Format = "" // internal/email says what is wrong with an address, and ogen takes some that are none
	}
	if schema.Format == "byte" {
		schema.MinLength, schema.MaxLength = decodedLen(schema.MinLength, -2), decodedLen(schema.MaxLength, 0)
	}
	if schema.Type == "string" && schema.Format == "int64" {
		schema.Default, schema.Pattern = nil, "" // ogen takes the default for a number; Ent sets it, and internal/numeric knows the form
	}
	if schema.Format == "float" {
		// ogen compares with doubles: 0.1 as a float is greater than 0.1. Ent's validators compare floats.
		schema.Minimum, schema.Maximum, schema.ExclusiveMinimum, schema.ExclusiveMaximum = nil, nil, false, false
	}
	if schema.Format == "date-time" {
		if schema.Common.Extensions == nil {
			schema.Common.Extensions = ogen.Extensions{}
		}
		schema.Common.Extensions["x-ogen-time-format"] = yaml.Node{Kind: yaml.ScalarNode, Tag: "!!str", Value: timeFormat}
	}
	for i := range schema.Properties {
		adjustFormats(schema.Properties[i].Schema)
	}
	if schema.Items != nil {
		adjustFormats(schema.Items.Item)
	}
	if schema.AdditionalProperties != nil {
		adjustFormats(&schema.AdditionalProperties.Schema)
	}
}

// decodedLen is how many bytes so many characters of base64 are, with what padding may stand for: ogen counts bytes.
func decodedLen(characters *uint64, padding int) *uint64 {
	if characters == nil {
		return nil
	}
	n := uint64(max(int(*characters)/4*3+padding, 0))
	return &n
}

// dropShared hides the headers that internal/serving writes to every answer: ogen would make a field of each, and ask every
// operation for its value.
func dropShared(responses map[string]*ogen.Response) {
	for _, response := range responses {
		maps.DeleteFunc(response.Headers, func(_ string, h *ogen.Header) bool { return strings.HasPrefix(h.Ref, openapi.SharedHeaders) })
		if len(response.Headers) == 0 {
			response.Headers = nil
		}
	}
}

// openRanges has ogen ignore what a range does not name. It takes every parameter whose name begins like the range's for a
// part of it: dueOnNull=true beside dueOn[gte]=… would be refused. Parameters that an operation does not have are refused by
// internal/serving, before they come here.
func openRanges(parameters []*ogen.Parameter) {
	for _, p := range parameters {
		if p.Style == "deepObject" && p.Schema != nil {
			p.Schema.AdditionalProperties = nil
		}
	}
}
