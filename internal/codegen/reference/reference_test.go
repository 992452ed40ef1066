package reference

import (
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/lockstep-dev/lockstep/internal/codegen/sdk"
)

var update = flag.Bool("update", false, "rewrite docs/schema.md")

const repository = "../../.."

// types runs the SDK's real generator on a contract, in a folder that holds what it needs of the repository.
func types(t *testing.T) SDK {
	return func(contract []byte) (string, map[string]string, error) {
		source, err := filepath.Abs(repository)
		if err != nil {
			return "", nil, err
		}
		if err := sdk.Install(t.Context(), source, t.Output()); err != nil {
			return "", nil, err
		}
		root := t.TempDir()
		for _, name := range []string{"clients/ts/src/core", "clients/ts/scripts"} {
			if err := os.CopyFS(filepath.Join(root, name), os.DirFS(filepath.Join(source, name))); err != nil {
				return "", nil, err
			}
		}
		for _, name := range []string{"package.json", "package-lock.json", "clients/ts/package.json", "clients/ts/tsconfig.json", "clients/ts/src/index.ts"} {
			if err := os.WriteFile(filepath.Join(root, name), []byte(read(t, filepath.Join(source, name))), 0o600); err != nil {
				return "", nil, err
			}
		}
		if err := os.Symlink(filepath.Join(source, "node_modules"), filepath.Join(root, "node_modules")); err != nil {
			return "", nil, err
		}
		if err := os.Mkdir(filepath.Join(root, ".lockstep"), 0o755); err != nil {
			return "", nil, err
		}
		code, _, err := sdk.Generate(t.Context(), root, contract, t.Output())
		if err != nil {
			return "", nil, err
		}
		resources := map[string]string{}
		for path, text := range code {
			if folder, name, ok := strings.Cut(path, "/"); ok && folder == "resources" {
				resources[name] = string(text)
			}
		}
		return string(code["types.ts"]), resources, nil
	}
}

func read(t *testing.T, path string) string {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// The page is what the generators do.
func TestPageIsTrue(t *testing.T) {
	t.Parallel()
	got, err := Write(t.Context(), repository, types(t))
	if err != nil {
		t.Fatal(err)
	}
	page := filepath.Join(repository, "docs", "schema.md")
	if *update {
		if err := os.WriteFile(page, got, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if diff := cmp.Diff(read(t, page), string(got)); diff != "" {
		t.Errorf("docs/schema.md is not what the generators make (-page +generators); rewrite it with -update if that is meant:\n%s", diff)
	}
}

// An exported name that nobody explains is an error that names it.
func TestUndocumentedNamesAreFound(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	if err := os.CopyFS(dir, os.DirFS(filepath.Join(repository, "ent", "schema", "contract"))); err != nil {
		t.Fatal(err)
	}
	const planted = "package contract\n\n// Blinking makes a field blink.\nfunc Blinking() Annotation { return Annotation{} }\n\ntype Blink struct{}\n"
	if err := os.WriteFile(filepath.Join(dir, "planted.go"), []byte(planted), 0o600); err != nil {
		t.Fatal(err)
	}
	rows, err := readRows("schema")
	if err != nil {
		t.Fatal(err)
	}
	_, err = namesOf(dir, rows)
	if err == nil {
		t.Fatal("an annotation that no row shows was not found")
	}
	for _, says := range []string{"no row shows contract.Blinking: add an element", "Blink has no comment"} {
		if !strings.Contains(err.Error(), says) {
			t.Errorf("got %v, want %q", err, says)
		}
	}
	if strings.Count(err.Error(), "\n") != 1 {
		t.Errorf("got %v, want the two planted names alone", err)
	}
}
