package main

import (
	"os/exec"
	"strings"
	"testing"
)

// TestServerLinksNoBuildTimePackage keeps generators, planners and development helpers, with their keys and passwords, out
// of the production binary.
func TestServerLinksNoBuildTimePackage(t *testing.T) {
	t.Parallel()
	out, err := exec.CommandContext(t.Context(), "go", "list", "-deps", ".").Output()
	if err != nil {
		t.Fatalf("list dependencies: %v", err)
	}
	const module = "github.com/lockstep-dev/lockstep/internal/"
	linked := 0
	for name := range strings.FieldsSeq(string(out)) {
		if strings.HasPrefix(name, module) {
			linked++
		}
		for _, banned := range []string{
			module + "codegen", module + "planner", module + "dev", module + "dbtest", module + "setup", module + "child", module + "image",
			"entgo.io/ent/entc", "entgo.io/ent/dialect/sql/schema", "github.com/hashicorp/hcl", "entgo.io/contrib", "github.com/ogen-go/ogen/gen",
			"github.com/fergusstrange/embedded-postgres", "golang.org/x/tools",
			"github.com/google/go-containerregistry", "k8s.io",
		} {
			if strings.HasPrefix(name, banned) {
				t.Errorf("the server links %s", name)
			}
		}
	}
	if linked < 5 {
		t.Errorf("got %d packages of the project, want the server's: the list is not what it seems", linked)
	}
}
