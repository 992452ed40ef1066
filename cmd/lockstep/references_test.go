package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestReferences adds entities that refer to each other in every way to a copy of the repository, and uses them over HTTP and
// in TypeScript.
func TestReferences(t *testing.T) {
	t.Parallel()
	root := copyRepository(t)
	if hint := lockstep(t, root, "new", "entity", "Category"); !strings.Contains(hint, "make migration name=add_categories\n") {
		t.Errorf("got the hint %q, want the plural of the table", hint)
	}
	added := addSchemas(t, root, filepath.Join("testdata", "references"))
	if len(added) == 0 {
		t.Fatal("no entities to add")
	}
	lockstep(t, root, "generate")
	lockstep(t, root, "migration", "--name", "add_references")
	lockstep(t, root, "migrate", "verify")

	served := serve(t, root)
	t.Run("that may be null", func(t *testing.T) { useDossiers(t, served) })
	t.Run("fields called like a mixin's", func(t *testing.T) { useGadgets(t, served) })
	t.Run("in a circle", func(t *testing.T) { expandCircles(t, served) })
	t.Run("in a tree", func(t *testing.T) { useTrees(t, served) })
	t.Run("that are deleted", func(t *testing.T) { deleteCircles(t, served) })
	t.Run("in the tests of every operation", func(t *testing.T) {
		command(t, root, "go", "test", "./internal/api", "-run", "^Test(EveryOperationStaysInItsTenant|EveryOperationAsksForItsOwnPermission|SamplesAreAccepted)$")
	})
	t.Run("in TypeScript", func(t *testing.T) {
		sdk := filepath.Join(root, "clients", "ts")
		copyFile(t, filepath.Join("testdata", "references", "usage.ts.txt"), filepath.Join(sdk, "test", "usage.ts"))
		command(t, sdk, "node", filepath.Join(root, "node_modules", "typescript", "bin", "tsc"), "-p", "tsconfig.test.json", "--noEmit")
	})
}

// addSchemas adds the entities in the folder to the copy and returns their names.
func addSchemas(t *testing.T, root, folder string) []string {
	t.Helper()
	files, err := os.ReadDir(folder)
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, f := range files {
		if name, ok := strings.CutSuffix(f.Name(), ".go.txt"); ok {
			copyFile(t, filepath.Join(folder, f.Name()), filepath.Join(root, "ent", "schema", name+".go"))
			names = append(names, name)
		}
	}
	return names
}
