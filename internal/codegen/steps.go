package codegen

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	ogengen "github.com/ogen-go/ogen/gen"

	"github.com/lockstep-dev/lockstep/internal/codegen/crud"
	"github.com/lockstep-dev/lockstep/internal/codegen/ddl"
	"github.com/lockstep-dev/lockstep/internal/codegen/limits"
	"github.com/lockstep-dev/lockstep/internal/codegen/openapi"
	"github.com/lockstep-dev/lockstep/internal/codegen/orm"
	"github.com/lockstep-dev/lockstep/internal/codegen/permissions"
	"github.com/lockstep-dev/lockstep/internal/codegen/problems"
	"github.com/lockstep-dev/lockstep/internal/codegen/sdk"
	"github.com/lockstep-dev/lockstep/internal/codegen/wirenames"
)

func generateORM(_ context.Context, w *Workspace) (Output, error) {
	out := Output{Target: "ent/"}
	if err := w.load(); err != nil {
		return out, err
	}
	for _, node := range w.graph.MutableNodes() {
		if err := orm.Check(node); err != nil {
			return out, err
		}
	}
	return out, w.intoFolder(&out, "ent", func(dir string) error {
		// Ent writes where the graph's config points; everything else in the graph stays as it is.
		target := w.graph.Target
		w.graph.Target = dir
		defer func() { w.graph.Target = target }()
		if err := escaped(w.graph, w.graph.Gen); err != nil {
			return w.blameORM(err, dir)
		}
		if err := os.RemoveAll(filepath.Join(dir, "enttest")); err != nil { // helpers for auto-migrated databases
			return fmt.Errorf("leave out ent/enttest: %w", err)
		}
		if err := readAnyRow(dir, w.module, w.graph.Nodes); err != nil {
			return err
		}
		return rememberInserts(dir, w.graph.Nodes)
	})
}

func generateDDL(ctx context.Context, w *Workspace) (Output, error) {
	out := Output{Target: "ent/schema.sql"}
	sql, err := w.DDL(ctx)
	if err != nil {
		return out, err
	}
	tables, err := ddl.Tables(w.graph, w.limits)
	if err != nil {
		return out, err
	}
	for _, note := range ddl.Notes(tables) {
		fmt.Fprintln(w.Log, note)
	}
	return out, w.intoFile(&out, sql, "ent", "schema.sql")
}

// DDL is what ent/schema.sql has to be, by what ent/schema says now. It writes nothing.
func (w *Workspace) DDL(ctx context.Context) ([]byte, error) {
	if err := w.load(); err != nil {
		return nil, err
	}
	return ddl.Write(ctx, w.graph, w.limits, w.declared...)
}

func generateContract(_ context.Context, w *Workspace) (Output, error) {
	out := Output{Target: "openapi/openapi.json"}
	if err := w.load(); err != nil {
		return out, err
	}
	info, err := w.info()
	if err != nil {
		return out, err
	}
	custom, err := w.customFragments()
	if err != nil {
		return out, err
	}
	if fields := w.defaulted(); len(fields) > 0 {
		fmt.Fprintf(w.Log, "limits by default: %s; set others with MaxRuneLen, MaxLen, contract.MaxItems, contract.MaxItemLen, contract.MaxBytes\n", strings.Join(fields, ", "))
	}
	document, err := openapi.Write(w.graph, w.entities, info, custom)
	if err != nil {
		return out, err
	}
	return out, w.intoFile(&out, document, "openapi", "openapi.json")
}

// defaulted are the fields that have a limit because the schema sets none.
func (w *Workspace) defaulted() []string {
	var out []string
	for _, e := range w.entities {
		for _, f := range slices.Concat(e.Fields, e.Secrets) {
			if limit := limits.Defaulted(e.Node, f.Ent, w.limits); limit != "" {
				out = append(out, fmt.Sprintf("%s.%s (%s)", e.Name, f.Name, limit))
			}
		}
	}
	return out
}

func generateHandlers(_ context.Context, w *Workspace) (Output, error) {
	out := Output{Target: "internal/oas/"}
	server, err := w.readContract()
	if err != nil {
		return out, err
	}
	return out, w.intoFolder(&out, filepath.Join("internal", "oas"), func(dir string) error {
		return writeHandlers(server, dir, w.module)
	})
}

func generateCRUD(_ context.Context, w *Workspace) (Output, error) {
	out := Output{Target: "internal/crud/"}
	if err := w.load(); err != nil {
		return out, err
	}
	tables, err := ddl.Tables(w.graph, w.limits)
	if err != nil {
		return out, err
	}
	operations, err := w.customOperations()
	if err != nil {
		return out, err
	}
	server, err := w.readContract()
	if err != nil {
		return out, err
	}
	called := wirenames.Of(server)
	if err := called.Apply(w.entities); err != nil {
		return out, err
	}
	var custom []crud.Custom
	for _, op := range operations {
		need, err := op.Need()
		if err != nil {
			return out, err
		}
		method, err := called.Operation(op.ID)
		if err != nil {
			return out, err
		}
		custom = append(custom, crud.Custom{ID: op.ID, Go: method, Permission: need.Permission, Platform: need.Platform, Related: need.Without != ""})
	}
	return out, w.intoFolder(&out, filepath.Join("internal", "crud"), func(dir string) error {
		return crud.Write(dir, w.module, w.graph, w.entities, tables, custom, w.declared...)
	})
}

// customOperations are those of openapi/custom, with what they say of themselves.
func (w *Workspace) customOperations() ([]permissions.Operation, error) {
	fragments, err := w.customFragments()
	if err != nil {
		return nil, err
	}
	var custom []permissions.Operation
	for _, fragment := range fragments {
		err := fragment.Operations(func(id, description string) {
			custom = append(custom, permissions.Operation{ID: id, Description: description})
		})
		if err != nil {
			return nil, err
		}
	}
	return custom, nil
}

func generatePermissions(_ context.Context, w *Workspace) (Output, error) {
	out := Output{Target: "docs/permissions.md"}
	if err := w.load(); err != nil {
		return out, err
	}
	custom, err := w.customOperations()
	if err != nil {
		return out, err
	}
	document, err := permissions.Write(w.entities, custom)
	if err != nil {
		return out, err
	}
	return out, w.intoFile(&out, document, "docs", "permissions.md")
}

func generateProblems(_ context.Context, w *Workspace) (Output, error) {
	out := Output{Target: "docs/problems.md"}
	page, err := os.ReadFile(w.path("docs", "problems.md"))
	if err != nil {
		return out, fmt.Errorf("read the page around the tables: %w", err)
	}
	page, err = problems.Write(page)
	if err != nil {
		return out, err
	}
	return out, w.intoFile(&out, page, "docs", "problems.md")
}

func generateSDK(ctx context.Context, w *Workspace) (Output, error) {
	out := Output{Target: "clients/ts/src/generated/, docs/"}
	document, err := w.contract()
	if err != nil {
		return out, err
	}
	code, pages, err := sdk.Generate(ctx, w.Root, document, w.Log)
	if err != nil {
		return out, err
	}
	all := func([]byte) bool { return true }
	if err := w.stageFolder(&out, sdk.Code, code, all); err != nil {
		return out, err
	}
	return out, w.stageFolder(&out, sdk.Pages, pages, all)
}

// readContract has ogen read the contract, once per process.
func (w *Workspace) readContract() (*ogengen.Generator, error) {
	if w.server != nil {
		return w.server, nil
	}
	document, err := w.contract()
	if err != nil {
		return nil, err
	}
	if w.server, err = readServer(document); err != nil {
		return nil, w.blameContract(err, document)
	}
	return w.server, nil
}

// contract reads what the contract step wrote.
func (w *Workspace) contract() ([]byte, error) {
	document, err := w.read("openapi", "openapi.json")
	if err != nil {
		return nil, fmt.Errorf("%w; run the step before it: go run ./cmd/lockstep generate contract", err)
	}
	return document, nil
}
