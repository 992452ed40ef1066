package codegen

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/lockstep-dev/lockstep/internal/codegen/typecheck"
)

// CompileError says that what has been generated does not compile. Nothing has been replaced.
type CompileError struct {
	// Generated are mistakes in generated files, Own those in the service's own.
	Generated, Own []string
}

func (e *CompileError) Error() string {
	if len(e.Generated) > 0 {
		return "what is generated does not compile, so nothing was replaced:\n  " + shorten(e.Generated) +
			"\nThis is no mistake of the schema. Until the generator is mended, give what is named another name in Go; StorageKey(\"…\") keeps its column"
	}
	return "the service's own code does not compile with what is generated, so nothing was replaced:\n  " + shorten(e.Own) +
		"\nMend it and run make generate again; make generate args=--write-first replaces the generated files before, for an editor to know the new names"
}

// shorten lists the first mistakes.
func shorten(mistakes []string) string {
	const most = 20
	if len(mistakes) > most {
		mistakes = append(slices.Clone(mistakes[:most]), fmt.Sprintf("and %d more", len(mistakes)-most))
	}
	return strings.Join(mistakes, "\n  ")
}

// generatedFolders hold the Go code of each step that writes some.
var generatedFolders = map[string][]string{"orm": {"ent"}, "handlers": {"internal/oas"}, "crud": {"internal/crud"}}

// CommitOptions say what Commit does.
type CommitOptions struct {
	// Steps that were run; empty for all.
	Steps []string
	// WriteFirst replaces the generated files although the service's own code does not compile with them. Commit fails all the
	// same.
	WriteFirst bool
}

// Commit type-checks what the steps have written, and when it compiles puts it in its place. After all steps it checks the
// service's own packages as well, as far as they import what is generated. Its error is a *CompileError when something does not
// compile.
func (w *Workspace) Commit(ctx context.Context, o CommitOptions) (took time.Duration, err error) {
	start := time.Now()
	var folders []string
	for _, step := range Steps() {
		if len(o.Steps) == 0 || slices.Contains(o.Steps, step.Name) {
			folders = append(folders, generatedFolders[step.Name]...)
		}
	}
	failed := &CompileError{}
	if len(folders) > 0 {
		problems, err := typecheck.Check(ctx, typecheck.Module{
			Root: w.Root, Path: w.module, GoVersion: w.goVersion, Changed: w.staged, Memory: w.path(".lockstep", "typecheck.json"),
		}, folders, len(o.Steps) == 0)
		if err != nil {
			return time.Since(start), fmt.Errorf("type-check what is generated: %w", err)
		}
		for _, p := range problems {
			if w.generated(p.File) {
				source, _ := w.read(p.File) // without it there is less to say
				failed.Generated = append(failed.Generated, w.blame(p, source))
			} else {
				failed.Own = append(failed.Own, p.String())
			}
		}
	}
	took = time.Since(start)
	broken := len(failed.Generated)+len(failed.Own) > 0
	if broken && (!o.WriteFirst || len(failed.Generated) > 0) {
		return took, failed
	}
	if err := w.replace(); err != nil {
		return took, err
	}
	if broken {
		return took, fmt.Errorf("the generated files are replaced, and the service's own code does not compile with them yet:\n  %s", shorten(failed.Own))
	}
	return took, nil
}

// generated reports whether a file is made by a step.
func (w *Workspace) generated(file string) bool {
	return strings.HasPrefix(file, "ent/") && !strings.HasPrefix(file, "ent/schema/") || strings.HasPrefix(file, "internal/oas/") || strings.HasPrefix(file, "internal/crud/")
}
