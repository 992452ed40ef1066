package main

import (
	"bytes"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// generatedPlaces are all files and folders that `lockstep generate` makes, apart from ent/, where ent/schema is not.
var generatedPlaces = []string{"ent/schema.sql", "openapi/openapi.json", "docs/permissions.md", "internal/oas", "internal/crud", "clients/ts/src/generated", "clients/ts/docs"}

// TestRegenerate deletes everything generated from a copy and makes it again, byte for byte.
func TestRegenerate(t *testing.T) {
	t.Parallel()
	root := copyRepository(t)
	before := generatedFiles(t, root)
	if len(before) < 60 {
		t.Fatalf("got %d generated files, want all of them: the list of places is wrong", len(before))
	}
	for name := range before {
		if err := os.Remove(filepath.Join(root, name)); err != nil {
			t.Fatal(err)
		}
	}
	lockstep(t, root, "generate")
	after := generatedFiles(t, root)
	for name, data := range before {
		if !bytes.Equal(data, after[name]) {
			t.Errorf("%s is not made again as it was", name)
		}
		delete(after, name)
	}
	for name := range after {
		t.Errorf("%s is made and was not committed", name)
	}
}

func generatedFiles(t *testing.T, root string) map[string][]byte {
	t.Helper()
	files := map[string][]byte{}
	collect := func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		name, err := filepath.Rel(root, path)
		if err != nil {
			return err
		}
		if strings.HasPrefix(name, filepath.Join("ent", "schema")+string(filepath.Separator)) {
			return nil
		}
		files[name], err = os.ReadFile(path)
		return err
	}
	for _, place := range append(generatedPlaces, "ent") {
		if err := filepath.WalkDir(filepath.Join(root, place), collect); err != nil {
			t.Fatal(err)
		}
	}
	return files
}
