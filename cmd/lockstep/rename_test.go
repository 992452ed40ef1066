package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// TestRename renames a committed copy and shows that it builds and generates under its new names, with none of the old left.
func TestRename(t *testing.T) {
	t.Parallel()
	root := copyRepository(t)
	if err := os.Remove(filepath.Join(root, "node_modules")); err != nil && !os.IsNotExist(err) {
		t.Fatal(err)
	}
	git := func(args ...string) string {
		return command(t, root, "git", append([]string{"-c", "user.name=test", "-c", "user.email=test@example.com"}, args...)...)
	}
	git("init", "-q")
	git("add", "-A")
	git("commit", "-q", "-m", "template")
	lockstep(t, root, "rename", "--module", "example.com/acme/core", "--package", "@acme/api")

	left := exec.CommandContext(t.Context(), "git", "-C", root, "grep", "-l", "-e", "github.com/lockstep-dev/"+"lockstep", "-e", "@lockstep/"+"core-sdk")
	if out, _ := left.Output(); len(out) > 0 {
		t.Errorf("old names are left in:\n%s", out)
	}
	lockstep(t, root, "generate", "orm", "ddl", "contract", "handlers", "crud")
	command(t, root, "go", "build", "./cmd/server")

	git("checkout", "-q", ".")
	if err := os.WriteFile(filepath.Join(root, "CHANGED"), nil, 0o644); err != nil {
		t.Fatal(err)
	}
	out, err := refusedRename(t, root)
	if err == nil || !strings.Contains(out, "uncommitted changes") {
		t.Errorf("got %v: %s, want a refusal of a changed tree", err, out)
	}
}

func refusedRename(t *testing.T, root string) (string, error) {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), "go", "run", "./cmd/lockstep", "rename", "--module", "example.com/other")
	cmd.Dir = root
	out, err := cmd.CombinedOutput()
	return string(out), err
}
