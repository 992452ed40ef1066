package sdk

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// checkout makes a folder with what Generate and the compiler need of the repository.
func checkout(t testing.TB) string {
	t.Helper()
	repository, err := filepath.Abs("../../..")
	if err != nil {
		t.Fatal(err)
	}
	if err := Install(t.Context(), repository, t.Output()); err != nil {
		t.Fatal(err)
	}
	root := t.TempDir()
	sdk := filepath.Join(root, "clients", "ts")
	for _, name := range []string{"src/core", "scripts"} {
		if err := os.CopyFS(filepath.Join(sdk, name), os.DirFS(filepath.Join(repository, "clients", "ts", name))); err != nil {
			t.Fatal(err)
		}
	}
	for _, name := range []string{"package.json", "package-lock.json", "clients/ts/package.json", "clients/ts/tsconfig.json", "clients/ts/src/index.ts"} {
		if err := os.WriteFile(filepath.Join(root, name), read(t, filepath.Join(repository, name)), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.Symlink(filepath.Join(repository, "node_modules"), filepath.Join(root, "node_modules")); err != nil {
		t.Fatal(err)
	}
	return root
}

// compile type-checks the SDK of a checkout under its own strict settings.
func compile(t testing.TB, root string) error {
	t.Helper()
	out, err := run(t.Context(), root, "node", "node_modules/typescript/bin/tsc", "-p", "clients/ts", "--noEmit")
	if err != nil {
		t.Logf("%s", out)
	}
	return err
}

// generate writes what Generate returns.
func generate(ctx context.Context, root string, contract []byte, log io.Writer) error {
	code, pages, err := Generate(ctx, root, contract, log)
	if err != nil {
		return err
	}
	return errors.Join(writeFiles(filepath.Join(root, Code), code), writeFiles(filepath.Join(root, Pages), pages))
}

// writeFiles makes dir anew with the given files, by slash-separated path.
func writeFiles(dir string, files map[string][]byte) error {
	if err := os.RemoveAll(dir); err != nil {
		return err
	}
	for name, data := range files {
		path := filepath.Join(dir, filepath.FromSlash(name))
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			return err
		}
		if err := os.WriteFile(path, data, 0o644); err != nil {
			return err
		}
	}
	return nil
}

func TestGenerate(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"crud", "custom"} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			root := checkout(t)
			contract := read(t, filepath.Join("testdata", name, "contract.json"))
			if err := generate(t.Context(), root, contract, t.Output()); err != nil {
				t.Fatal(err)
			}
			if err := compile(t, root); err != nil {
				t.Errorf("the SDK does not compile: %v", err)
			}
			if operations := strings.Count(string(contract), `"operationId"`); addExamples(t, root) != operations+1 {
				t.Errorf("the pages have other examples than one of each of the %d operations", operations)
			} else if err := compile(t, root); err != nil {
				t.Errorf("an example does not compile: %v", err)
			}
			for file, code := range tree(t, generated(root)) {
				if !strings.HasPrefix(code, header) {
					t.Errorf("%s: got first line %q, want %q", file, strings.SplitN(code, "\n", 2)[0], header)
				}
			}
		})
	}
}

var example = regexp.MustCompile("(?ms)^```ts\n(.*?)^```$")

// addExamples puts the examples of the SDK's pages among its sources, and returns how many there are.
func addExamples(t *testing.T, root string) int {
	t.Helper()
	n := 0
	for file, page := range tree(t, filepath.Join(root, Pages)) {
		for _, match := range example.FindAllStringSubmatch(page, -1) {
			n++
			code := strings.Replace(match[1], "'@lockstep/core-sdk'", "'../index.js'", 1)
			write(t, filepath.Join(root, "clients", "ts", "src", "examples", fmt.Sprintf("%s-%d.ts", strings.TrimSuffix(file, ".md"), n)), code)
		}
	}
	return n
}

func write(t *testing.T, path, text string) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
}

// A header that the contract requires, such as If-Match, is an option that must be given.
func TestRequiredHeader(t *testing.T) {
	t.Parallel()
	root := checkout(t)
	if err := generate(t.Context(), root, read(t, "testdata/custom/contract.json"), t.Output()); err != nil {
		t.Fatal(err)
	}
	// The compiler reports an @ts-expect-error without an error.
	write(t, filepath.Join(root, "clients", "ts", "src", "use.ts"), `import type { CoreApiClient } from './index.js';
export function use({ lineItems }: CoreApiClient): void {
  void lineItems.update('7', {}, { ifMatch: '"1"' });
  // @ts-expect-error no options
  void lineItems.update('7', {});
  // @ts-expect-error no ifMatch
  void lineItems.update('7', {}, {});
  // @ts-expect-error an ETag that may be missing
  void lineItems.update('7', {}, { ifMatch: undefined });
  // @ts-expect-error a version is no ETag
  void lineItems.update('7', {}, { ifMatch: 1 });
}
`)
	if err := compile(t, root); err != nil {
		t.Errorf("the SDK takes another ifMatch than the contract: %v", err)
	}
}

func generated(root string) string { return filepath.Join(root, "clients", "ts", "src", "generated") }

func TestGenerateAgain(t *testing.T) {
	t.Parallel()
	root := checkout(t)
	contract := read(t, "testdata/crud/contract.json")
	if err := generate(t.Context(), root, contract, t.Output()); err != nil {
		t.Fatal(err)
	}
	first := tree(t, generated(root))
	t.Run("removes what the contract no longer has", func(t *testing.T) {
		stale := filepath.Join(generated(root), "resources", "projects.ts")
		if err := os.WriteFile(stale, []byte("export const stale = true;\n"), 0o644); err != nil {
			t.Fatal(err)
		}
		if err := generate(t.Context(), root, contract, t.Output()); err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(first, tree(t, generated(root))); diff != "" {
			t.Errorf("got other files the second time (-first +second):\n%s", diff)
		}
	})
	t.Run("is the same in another folder", func(t *testing.T) {
		other := checkout(t)
		if err := generate(t.Context(), other, contract, t.Output()); err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(first, tree(t, generated(other))); diff != "" {
			t.Errorf("got other files in another folder (-first +other):\n%s", diff)
		}
	})
	t.Run("keeps the old output when the contract is refused", func(t *testing.T) {
		if err := generate(t.Context(), root, edit(t, `"users.list"`, `"listUsers"`), t.Output()); err == nil {
			t.Error("got no error, want one")
		}
		if diff := cmp.Diff(first, tree(t, generated(root))); diff != "" {
			t.Errorf("got other files after a failure (-before +after):\n%s", diff)
		}
	})
	t.Run("keeps the old output when hey-api fails", func(t *testing.T) {
		script := filepath.Join(root, "clients", "ts", "scripts", "types.mjs")
		whole := read(t, script)
		if err := os.WriteFile(script, []byte("throw new Error('out of order');\n"), 0o644); err != nil {
			t.Fatal(err)
		}
		err := generate(t.Context(), root, edit(t, `"users.list"`, `"users.all"`), t.Output())
		if err == nil || !strings.Contains(err.Error(), "out of order") {
			t.Errorf("got error %v, want the one of the script", err)
		}
		if diff := cmp.Diff(first, tree(t, generated(root))); diff != "" {
			t.Errorf("got other files after a failure (-before +after):\n%s", diff)
		}
		if err := os.WriteFile(script, whole, 0o644); err != nil {
			t.Fatal(err)
		}
	})
	t.Run("keeps the old output when interrupted", func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		if err := generate(ctx, root, contract, t.Output()); err == nil {
			t.Error("got no error, want one")
		}
		if diff := cmp.Diff(first, tree(t, generated(root))); diff != "" {
			t.Errorf("got other files after an interrupt (-before +after):\n%s", diff)
		}
	})
	t.Run("leaves no work folder", func(t *testing.T) {
		left, err := filepath.Glob(filepath.Join(root, ".lockstep", "sdk-*"))
		if err != nil || len(left) > 0 {
			t.Errorf("got %v, %v, want no work folder", left, err)
		}
	})
}
