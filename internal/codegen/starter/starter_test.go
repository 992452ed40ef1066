package starter_test

import (
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/lockstep-dev/lockstep/internal/codegen/starter"
)

func emptyCheckout(t *testing.T) string {
	t.Helper()
	root := t.TempDir()
	if err := os.MkdirAll(filepath.Join(root, "ent", "schema"), 0o755); err != nil {
		t.Fatal(err)
	}
	return root
}

func TestWriteMakesAGoFile(t *testing.T) {
	t.Parallel()
	for _, o := range []starter.Options{{Name: "LineItem"}, {Name: "Currency", Global: true}} {
		root := emptyCheckout(t)
		path, err := starter.Write(root, "example.com/app", o)
		if err != nil {
			t.Fatal(err)
		}
		if want := filepath.Join("ent", "schema", strings.ToLower(o.Name)+".go"); path != want {
			t.Errorf("got %s, want %s", path, want)
		}
		source, err := os.ReadFile(filepath.Join(root, path))
		if err != nil {
			t.Fatal(err)
		}
		if _, err := parser.ParseFile(token.NewFileSet(), path, source, 0); err != nil {
			t.Errorf("not Go: %v", err)
		}
		if got := strings.Contains(string(source), "TenantOwned{}"); got == o.Global {
			t.Errorf("%s: tenant-owned is %t", o.Name, got)
		}
	}
}

func TestWriteRefuses(t *testing.T) {
	t.Parallel()
	root := emptyCheckout(t)
	existing := filepath.Join(root, "ent", "schema", "project.go")
	if err := os.WriteFile(existing, []byte("mine"), 0o644); err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]string{
		"Project": "exists already", "project": "CamelCase", "Line_Item": "CamelCase", "": "CamelCase", "../Evil": "CamelCase", "Problem": "generated code", "Type": "Go keyword", "String": "predeclared",
	} {
		if _, err := starter.Write(root, "example.com/app", starter.Options{Name: name}); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: got %v, want an error with %q", name, err, want)
		}
	}
	if text, _ := os.ReadFile(existing); string(text) != "mine" {
		t.Errorf("the existing file is now %q", text)
	}
}
