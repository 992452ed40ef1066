package floors_test

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// TestReadmeMapsTheTree holds the README's map of the floors to the tree: every package below internal/ is on it, and all that is on it
// is there.
func TestReadmeMapsTheTree(t *testing.T) {
	t.Parallel()
	root := filepath.Join("..", "..")
	readme, err := os.ReadFile(filepath.Join(root, "README.md"))
	if err != nil {
		t.Fatal(err)
	}
	_, floors, found := strings.Cut(string(readme), "\n## The floors\n")
	floors, _, closed := strings.Cut(floors, "\n```\n\n")
	if !found || !closed {
		t.Fatal("README.md has no map of the floors")
	}
	mapped := map[string]bool{}
	for _, pattern := range regexp.MustCompile(`\binternal/[a-z*]+`).FindAllString(floors, -1) {
		folders, err := filepath.Glob(filepath.Join(root, pattern))
		if err != nil || len(folders) == 0 {
			t.Errorf("the map shows %s, which is not there (%v)", pattern, err)
		}
		for _, folder := range folders {
			mapped[filepath.Base(folder)] = true
		}
	}
	entries, err := os.ReadDir(filepath.Join(root, "internal"))
	if err != nil {
		t.Fatal(err)
	}
	for _, entry := range entries {
		if entry.IsDir() && !mapped[entry.Name()] {
			t.Errorf("the map does not show internal/%s", entry.Name())
		}
	}
}
