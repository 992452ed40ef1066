package main

import (
	"os/exec"
	"strings"
	"testing"
)

// TestToolLinksNothingGenerated keeps `lockstep generate` able to run when generated code is deleted or does not compile.
func TestToolLinksNothingGenerated(t *testing.T) {
	t.Parallel()
	out, err := exec.CommandContext(t.Context(), "go", "list", "-deps", ".").Output()
	if err != nil {
		t.Fatalf("list dependencies: %v", err)
	}
	const module = "github.com/lockstep-dev/lockstep/"
	for name := range strings.FieldsSeq(string(out)) {
		generated := strings.HasPrefix(name, module+"ent") && !strings.HasPrefix(name, module+"ent/schema") ||
			strings.HasPrefix(name, module+"internal/oas") || strings.HasPrefix(name, module+"internal/crud") ||
			strings.HasPrefix(name, module+"internal/api")
		if generated {
			t.Errorf("the tool links generated code: %s", name)
		}
	}
}
