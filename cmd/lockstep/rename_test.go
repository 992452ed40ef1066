package main

import (
	"errors"
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
	if n := len(sayOldName(t, root)); n < 100 {
		t.Fatalf("only %d files have the old names before: the search for them does not find them", n)
	}
	lockstep(t, root, "rename", "--module", "example.com/acme/core", "--package", "@acme/api")

	if left := sayOldName(t, root); len(left) > 0 {
		t.Errorf("old names are left in:\n%s", strings.Join(left, "\n"))
	}
	lockstep(t, root, "generate", "orm", "ddl", "contract", "handlers", "crud", "permissions", "problems")
	if left := sayOldName(t, root); len(left) > 0 {
		t.Errorf("generation brings the old names back, in:\n%s", strings.Join(left, "\n"))
	}
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

// sayOldName are the files with the owner of the old module or the old npm scope, in whatever spelling: with other names behind it,
// escaped in a URL or a regular expression, in capitals. This file has them too, and is renamed as the rest.
func sayOldName(t *testing.T, root string) []string {
	t.Helper()
	const old = "lock" + "step"
	cmd := exec.CommandContext(t.Context(), "git", "-C", root, "grep", "-l", "-i", "-I", "-E", "--untracked",
		"-e", old+`-dev(/|\\|%2f)`, "-e", `(@|%40)`+old+`(/|\\|%2f)`)
	out, err := cmd.Output()
	var exit *exec.ExitError
	if err != nil && (!errors.As(err, &exit) || exit.ExitCode() != 1) { // 1: none
		t.Fatalf("%s: %v", cmd, err)
	}
	return strings.Fields(string(out))
}

func refusedRename(t *testing.T, root string) (string, error) {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), "go", "run", "./cmd/lockstep", "rename", "--module", "example.com/other")
	cmd.Dir = root
	out, err := cmd.CombinedOutput()
	return string(out), err
}
