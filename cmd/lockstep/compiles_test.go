package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// TestGenerateReplacesNothingThatDoesNotCompile changes an entity in a copy of the repository in which the service's own code relies
// on what it was.
func TestGenerateReplacesNothingThatDoesNotCompile(t *testing.T) {
	t.Parallel()
	root := copyRepository(t)
	tool := buildTool(t, root)
	before := generatedFiles(t, root)
	generate := func(args ...string) (string, error) {
		cmd := exec.CommandContext(t.Context(), tool, append([]string{"generate"}, args...)...)
		cmd.Dir = root
		out, err := cmd.CombinedOutput()
		return string(out), err
	}
	changed := func() (names []string) {
		after := generatedFiles(t, root)
		for name, data := range after {
			if string(before[name]) != string(data) {
				names = append(names, name)
			}
		}
		return names
	}
	write := func(name, text string) {
		t.Helper()
		if err := os.WriteFile(filepath.Join(root, filepath.FromSlash(name)), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	role, err := os.ReadFile(filepath.Join(root, "ent", "schema", "role.go"))
	if err != nil {
		t.Fatal(err)
	}
	const field = `field.String("name")`
	if strings.Count(string(role), field) != 1 {
		t.Fatalf("ent/schema/role.go has no single %s to put a field in front of", field)
	}
	write("ent/schema/role.go", strings.Replace(string(role), field, `field.String("nick").MaxRuneLen(9).Optional().Nillable().Comment("Nick."),`+"\n\t\t"+field, 1))
	write("internal/rules/uses.go", "package rules\n\nimport \"github.com/lockstep-dev/lockstep/ent/role\"\n\nvar _ = role.FieldNickname\n")

	said, err := generate()
	if err == nil || !strings.Contains(said, "internal/rules/uses.go:5:14: undefined: role.FieldNickname") || !strings.Contains(said, "nothing was replaced") {
		t.Errorf("got %v and %s, want the place of what does not compile", err, said)
	}
	if names := changed(); len(names) > 0 {
		t.Errorf("these were replaced: %v", names)
	}
	// What the service's own code is mended by may be written first, for an editor to know it.
	said, err = generate("--write-first")
	if err == nil || !strings.Contains(said, "internal/rules/uses.go:5:14") || len(changed()) == 0 {
		t.Errorf("got %v, %d files replaced and %s, want them replaced and a failure", err, len(changed()), said)
	}
	write("internal/rules/uses.go", "package rules\n\nimport \"github.com/lockstep-dev/lockstep/ent/role\"\n\nvar _ = role.FieldNick\n")
	if said, err = generate(); err != nil || !strings.Contains(said, " 0 files changed") {
		t.Errorf("got %v and %s, want it to compile", err, said)
	}
}
