// Package codegen turns ent/schema into everything that is generated, one step per kind of output. It runs at build time
// only and imports nothing that it generates, so it works on a tree from which all generated files are gone.
package codegen

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"time"

	"entgo.io/ent/entc/gen"
	ogengen "github.com/ogen-go/ogen/gen"
	"golang.org/x/mod/modfile"

	"github.com/lockstep-dev/lockstep/internal/codegen/ddl"
	"github.com/lockstep-dev/lockstep/internal/codegen/model"
	"github.com/lockstep-dev/lockstep/internal/codegen/openapi"
	"github.com/lockstep-dev/lockstep/internal/codegen/sqlfile"
	"github.com/lockstep-dev/lockstep/internal/codegen/validators"
)

// Step is one line of generate.go.
type Step struct {
	Name    string
	Summary string
	run     func(context.Context, *Workspace) (Output, error)
}

// Output says what a step has written.
type Output struct {
	Step    string        `json:"step"`
	Target  string        `json:"target"`
	Files   int           `json:"files"`   // files the step is responsible for
	Changed int           `json:"changed"` // files to replace or to remove, because they differ
	Took    time.Duration `json:"tookNanoseconds"`
}

// Steps in the order of generate.go; each reads what earlier ones wrote.
func Steps() []Step {
	return []Step{
		{"orm", "Ent's client from ent/schema → ent/", generateORM},
		{"ddl", "desired database state → ent/schema.sql", generateDDL},
		{"contract", "entoas, refined → openapi/openapi.json", generateContract},
		{"handlers", "ogen's server from the contract → internal/oas/", generateHandlers},
		{"crud", "every entity's operations on Ent → internal/crud/", generateCRUD},
		{"permissions", "who may do what → docs/permissions.md", generatePermissions},
		{"problems", "the table of problems → docs/problems.md", generateProblems},
		{"sdk", "TypeScript types, resources and API pages from the contract → clients/ts/", generateSDK},
	}
}

// Workspace is a checkout that is being generated into. Steps that run in one process share its graph, and what they write is
// put in its place by Commit.
type Workspace struct {
	Root string    // folder of go.mod
	Log  io.Writer // progress of long steps

	module    string
	goVersion string
	graph     *gen.Graph
	limits    validators.Set
	declared  []sqlfile.Statement
	entities  []*model.Entity
	server    *ogengen.Generator // what ogen has made of the contract
	staged    tree               // by slash-separated path below Root; nil is a file that is to be gone
}

// Open reads the module path of the checkout at root.
func Open(root string, log io.Writer) (*Workspace, error) {
	data, err := os.ReadFile(filepath.Join(root, "go.mod"))
	if err != nil {
		return nil, fmt.Errorf("read go.mod: %w", err)
	}
	file, err := modfile.ParseLax("go.mod", data, nil)
	if err != nil {
		return nil, fmt.Errorf("read go.mod: %w", err)
	}
	if file.Module == nil || file.Go == nil {
		return nil, fmt.Errorf("%s names no module or no version of Go", filepath.Join(root, "go.mod"))
	}
	return &Workspace{Root: root, Log: log, module: file.Module.Mod.Path, goVersion: "go" + file.Go.Version}, nil
}

// Module is the checkout's module path.
func (w *Workspace) Module() string { return w.module }

// Run executes one step.
func (w *Workspace) Run(ctx context.Context, step Step) (Output, error) {
	start := time.Now()
	out, err := step.run(ctx, w)
	if err != nil {
		return out, fmt.Errorf("generate %s: %w", step.Name, err)
	}
	out.Step, out.Took = step.Name, time.Since(start)
	return out, nil
}

// load reads the schema once per process.
func (w *Workspace) load() error {
	if w.graph != nil {
		return nil
	}
	limits, err := validators.Read(w.path("ent", "schema"))
	if err != nil {
		return err
	}
	graph, err := loadGraph(w.Root, w.module)
	if err != nil {
		return err
	}
	declared, err := sqlfile.Read(w.Root)
	if err != nil {
		return err
	}
	entities, err := model.Build(graph, limits)
	if err != nil {
		return err
	}
	tables, err := ddl.Tables(graph, limits)
	if err != nil {
		return err
	}
	if err := model.CheckIndexes(entities, tables); err != nil {
		return err
	}
	if _, err := model.ReadExpiring(graph, tables); err != nil {
		return err
	}
	if _, err := ddl.ChildrenFirst(tables); err != nil {
		return err
	}
	if err := model.CheckDeclared(entities, tables, declared); err != nil {
		return err
	}
	w.limits, w.entities, w.graph, w.declared = limits, entities, graph, declared
	return nil
}

// nodes are Ent's types; none when no step has read the schema.
func (w *Workspace) nodes() []*gen.Type {
	if w.graph == nil {
		return nil
	}
	return w.graph.Nodes
}

func (w *Workspace) path(elements ...string) string {
	return filepath.Join(append([]string{w.Root}, elements...)...)
}

// info reads the hand-written part of the contract.
func (w *Workspace) info() (openapi.Info, error) {
	var info openapi.Info
	data, err := os.ReadFile(w.path("openapi", "info.json"))
	if err != nil {
		return info, fmt.Errorf("read contract info: %w", err)
	}
	if err := json.Unmarshal(data, &info); err != nil {
		return info, fmt.Errorf("openapi/info.json: %w", err)
	}
	return info, nil
}

// customFragments reads the hand-written operations, openapi/custom/*.json, in the order of their names.
func (w *Workspace) customFragments() ([]openapi.Fragment, error) {
	paths, err := filepath.Glob(w.path("openapi", "custom", "*.json"))
	if err != nil {
		return nil, fmt.Errorf("list openapi/custom: %w", err)
	}
	var fragments []openapi.Fragment
	for _, path := range paths {
		data, err := os.ReadFile(path)
		if err != nil {
			return nil, fmt.Errorf("read custom operations: %w", err)
		}
		fragments = append(fragments, openapi.Fragment{Name: "openapi/custom/" + filepath.Base(path), JSON: data})
	}
	return fragments, nil
}
