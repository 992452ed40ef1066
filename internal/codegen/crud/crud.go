// Package crud writes internal/crud: list, get, create, update and delete of every entity, on Ent's client, answering
// ogen's types.
package crud

import (
	"bytes"
	"embed"
	"fmt"
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"text/template"
	"time"

	"entgo.io/ent/dialect/sql/schema"
	"entgo.io/ent/entc/gen"
	"golang.org/x/tools/imports"

	"github.com/lockstep-dev/lockstep/internal/codegen/ddl"
	"github.com/lockstep-dev/lockstep/internal/codegen/model"
	"github.com/lockstep-dev/lockstep/internal/codegen/sqlfile"
	"github.com/lockstep-dev/lockstep/internal/idempotency"
)

//go:embed templates
var templates embed.FS

// input is what the templates see.
type input struct {
	Module      string
	Entities    []*model.Entity
	Entity      *model.Entity // the one being written; nil in the shared files
	Constraints []constraint
	// Samples are of tenant-owned entities, PlatformSamples of the others.
	Samples, PlatformSamples []sample
	Owned                    []*gen.Type // tenant-owned types, internal ones too
	Versioned, Timestamped   []*gen.Type // types with the fields of those mixins, internal ones too
	Line                     *model.Line // nil when no access is declared by a relation
	Relations                []relation
	// Expiring are the tables whose rows expire, Deleted those of a tenant's rows, children first.
	Expiring []model.Expiring
	Keys     idempotency.Lifetimes // of the tables that hold idempotency keys
	Deleted  []ddl.Owned
	Doomed   []doomed // types whose rows can go with another that is deleted, or take others along; children first
	Trees    []model.Tree
	Custom   []Custom
}

// Custom is what an operation that is not generated needs of its caller.
type Custom struct {
	ID         string // users.deactivate
	Go         string // UsersDeactivate, as ogen calls it
	Permission string // empty: none, unless it is the platform's
	Platform   bool
	Related    bool // callers without the permission may use it for some rows
}

// Write fills dir with the package crud: one file per entity, and the files they share.
func Write(dir, module string, graph *gen.Graph, entities []*model.Entity, tables []*schema.Table, custom []Custom, declared ...sqlfile.Statement) error {
	parsed, err := template.New("").Funcs(functions).ParseFS(templates, "templates/*.tmpl")
	if err != nil {
		return fmt.Errorf("parse crud templates: %w", err)
	}
	samples, err := samplesOf(entities, true)
	if err != nil {
		return err
	}
	global, err := samplesOf(entities, false)
	if err != nil {
		return err
	}
	line, err := model.LineOf(entities)
	if err != nil {
		return err
	}
	expiring, err := model.ReadExpiring(graph, tables)
	if err != nil {
		return err
	}
	keys, err := keyLifetimes(expiring)
	if err != nil {
		return err
	}
	deleted, err := ddl.ChildrenFirst(tables)
	if err != nil {
		return err
	}
	gone, err := doomedOf(entities, tables)
	if err != nil {
		return err
	}
	trees, err := model.ReadTrees(graph)
	if err != nil {
		return err
	}
	data := input{
		Module: module, Entities: entities, Constraints: constraintsOf(entities, tables, declared), Samples: samples, PlatformSamples: global, Owned: owned(graph), Line: line,
		Versioned: kept(graph, "version"), Timestamped: kept(graph, "created_at", "updated_at"),
		Relations: relationsOf(entities, tables, line),
		Expiring:  expiring, Keys: keys, Deleted: deleted, Doomed: gone, Trees: trees, Custom: custom,
	}
	if err := os.Mkdir(filepath.Join(dir, "crudtest"), 0o755); err != nil {
		return fmt.Errorf("make folder: %w", err)
	}
	if err := render(parsed, "cases", filepath.Join(dir, "crudtest", "cases.go"), data); err != nil {
		return err
	}
	shared := []string{"handler", "access", "constraints", "retention", "mask", "hooks"}
	if len(gone) > 0 {
		shared = append(shared, "deletes")
	}
	for _, shared := range shared {
		// No entity's file has an underscore in its name.
		if err := render(parsed, shared, filepath.Join(dir, "shared_"+shared+".go"), data); err != nil {
			return err
		}
	}
	for _, entity := range entities {
		data.Entity = entity
		if err := render(parsed, "entity", filepath.Join(dir, strings.ToLower(entity.Name)+".go"), data); err != nil {
			return err
		}
	}
	return nil
}

// keyLifetimes are those of the tables in which the server remembers requests with an Idempotency-Key.
func keyLifetimes(expiring []model.Expiring) (out idempotency.Lifetimes, err error) {
	for _, of := range []struct {
		entity, table string
		tenantOwned   bool
		lifetime      *time.Duration
	}{
		{"IdempotencyKey", idempotency.TenantTable, true, &out.Tenant},
		{"PlatformIdempotencyKey", idempotency.PlatformTable, false, &out.Platform},
	} {
		i := slices.IndexFunc(expiring, func(t model.Expiring) bool { return t.Table == of.table && t.TenantOwned == of.tenantOwned })
		if i < 0 {
			return out, fmt.Errorf("entity %s: the server remembers requests with an Idempotency-Key in the table %s, and this schema has none that expires: "+
				"keep ent/schema/idempotencykey.go as it is but for the duration of contract.Expires", of.entity, of.table)
		}
		*of.lifetime = expiring[i].After
	}
	return out, nil
}

// owned are the types whose rows each belong to one tenant.
func owned(graph *gen.Graph) []*gen.Type {
	var out []*gen.Type
	for _, node := range graph.MutableNodes() {
		if slices.ContainsFunc(node.Fields, func(f *gen.Field) bool { return f.StorageKey() == ddl.TenantColumn }) {
			out = append(out, node)
		}
	}
	return out
}

// kept are the types with fields of these names that the server keeps by itself. A type may have others of the same name.
func kept(graph *gen.Graph, names ...string) []*gen.Type {
	var out []*gen.Type
	for _, node := range graph.MutableNodes() {
		found := 0
		for _, f := range node.Fields {
			if model.ServerKept(f) && slices.Contains(names, f.Name) {
				found++
			}
		}
		if found == len(names) {
			out = append(out, node)
		}
	}
	return out
}

func render(parsed *template.Template, name, path string, data input) error {
	var out bytes.Buffer
	if err := parsed.ExecuteTemplate(&out, name+".go.tmpl", data); err != nil {
		return fmt.Errorf("write %s: %w", filepath.Base(path), err)
	}
	// Takes away the imports that this entity does not need, and formats.
	source, err := imports.Process(path, out.Bytes(), nil)
	if err != nil {
		return fmt.Errorf("format %s: %w", filepath.Base(path), err)
	}
	file, err := parser.ParseFile(token.NewFileSet(), path, source, parser.SkipObjectResolution)
	if err != nil {
		return fmt.Errorf("read %s: %w", filepath.Base(path), err)
	}
	if len(file.Decls) == 0 {
		return nil // this schema needs none of it
	}
	if err := os.WriteFile(path, source, 0o644); err != nil {
		return fmt.Errorf("write %s: %w", filepath.Base(path), err)
	}
	return nil
}
