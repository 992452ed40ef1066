package typecheck_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/lockstep-dev/lockstep/internal/codegen/typecheck"
)

func module(t *testing.T) typecheck.Module {
	t.Helper()
	root := t.TempDir()
	for name, text := range map[string]string{
		"go.mod":        "module example.com/m\n\ngo 1.26\n",
		"made/made.go":  "package made\n\nimport \"fmt\"\n\nfunc Name() string { return fmt.Sprint(1) }\n",
		"own/own.go":    "package own\n\nimport \"example.com/m/made\"\n\nfunc Own() string { return made.Name() }\n",
		"far/far.go":    "package far\n\nimport \"example.com/m/own\"\n\nvar _ string = own.Own()\n",
		"alone/a.go":    "package alone\n\nvar broken int = \"\"\n",
		"own/x_test.go": "package own\n\nvar broken int = \"\"\n",
	} {
		path := filepath.Join(root, filepath.FromSlash(name))
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return typecheck.Module{Root: root, Path: "example.com/m", GoVersion: "go1.26", Changed: map[string][]byte{}, Memory: filepath.Join(root, ".memory", "m.json")}
}

func TestCheckReadsWhatIsNotThereYet(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		changed map[string]string // empty is a file that is to be gone
		want    []string
	}{
		"nothing":                         {nil, nil},
		"a mistake in a body":             {map[string]string{"made/made.go": "package made\n\nfunc Name() string { return 1 }\n"}, []string{"made/made.go:3:29: "}},
		"a name that importers need":      {map[string]string{"made/made.go": "package made\n\nfunc Other() string { return \"\" }\n"}, []string{"own/own.go:5:33: undefined: made.Name"}},
		"a file more":                     {map[string]string{"made/more.go": "package made\n\nfunc Name() string { return \"\" }\n"}, []string{"Name redeclared in this block"}},
		"a file less":                     {map[string]string{"made/made.go": "", "made/other.go": "package made\n"}, []string{"undefined: made.Name"}},
		"a package more":                  {map[string]string{"made/sub/s.go": "package sub\n\nvar _ = none\n"}, []string{"made/sub/s.go:3:9: undefined: none"}},
		"an import that nothing needs":    {map[string]string{"made/made.go": "package made\n\nimport \"os\"\n\nfunc Name() string { return \"\" }\n"}, []string{`"os" imported and not used`}},
		"no Go at all":                    {map[string]string{"made/made.go": "package made\n\nfunc {\n"}, []string{"made/made.go:3:6: "}},
		"a type that far packages depend": {map[string]string{"own/own.go": "package own\n\nfunc Own() int { return 1 }\n"}, nil}, // own no longer imports made
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			m := module(t)
			for file, text := range c.changed {
				m.Changed[file] = nil
				if text != "" {
					m.Changed[file] = []byte(text)
				}
			}
			for range 2 { // from the beginning, and with what is remembered
				problems, err := typecheck.Check(t.Context(), m, []string{"made"}, true)
				if err != nil {
					t.Fatal(err)
				}
				if len(c.want) == 0 && len(problems) > 0 {
					t.Fatalf("got %v, want nothing wrong", problems)
				}
				for i, want := range c.want {
					if i >= len(problems) || !strings.Contains(problems[i].String(), want) {
						t.Fatalf("got %v, want %q", problems, want)
					}
				}
			}
		})
	}
}

func TestCheckRemembersWhatHasPassed(t *testing.T) {
	t.Parallel()
	m := module(t)
	check := func(dependents bool) []typecheck.Problem {
		t.Helper()
		problems, err := typecheck.Check(t.Context(), m, []string{"made"}, dependents)
		if err != nil {
			t.Fatal(err)
		}
		return problems
	}
	if problems := check(true); len(problems) > 0 {
		t.Fatalf("got %v, want nothing wrong", problems)
	}
	// A package that passed is looked at again when what it imports changes.
	m.Changed["made/made.go"] = []byte("package made\n\nfunc Name() int { return 1 }\n")
	if problems := check(true); len(problems) != 1 || problems[0].File != "own/own.go" {
		t.Errorf("got %v, want the package that takes the result for a text", problems)
	}
	if problems := check(false); len(problems) > 0 {
		t.Errorf("got %v of the package alone, want nothing wrong", problems)
	}
	delete(m.Changed, "made/made.go")
	if problems := check(true); len(problems) > 0 {
		t.Errorf("got %v as it was again, want nothing wrong", problems)
	}
}
