//go:build corpus

package main

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"
)

var schemaType = regexp.MustCompile(`(?m)^type (\w+) struct\{ ent\.Schema \}`)

// corpusEntities is how many entities the corpus has at least.
const corpusEntities = 130

// TestCorpus adds all accepted entities to a copy of the repository, generates, plans the migration and proves it up, down and up,
// runs the tests that hold for every generated operation, and type-checks the SDK.
func TestCorpus(t *testing.T) {
	t.Parallel()
	root := copyRepository(t)
	entities := 0
	for _, file := range corpusFiles(t, "accepted") {
		source, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		entities += len(schemaType.FindAll(source, -1))
		copyFile(t, file, schemaFile(root, file))
	}
	if entities < corpusEntities {
		t.Errorf("the corpus has %d entities, want %d", entities, corpusEntities)
	}
	tool := buildTool(t, root)
	step := func(name string, run func()) {
		start := time.Now()
		run()
		t.Logf("%s: %.0f s", name, time.Since(start).Seconds())
	}
	step("generate", func() { t.Log(command(t, root, tool, "generate")) })
	step("generate again", func() {
		if text := command(t, root, tool, "generate"); !strings.Contains(text, " 0 files changed") {
			t.Errorf("a second generation changes files:\n%s", text)
		}
	})
	step("plan", func() { command(t, root, tool, "migration", "--name", "add_corpus") })
	step("prove", func() { command(t, root, tool, "migrate", "verify") })
	step("the tests of every operation", func() {
		out := command(t, root, "go", "test", "./internal/api", "-v", "-timeout", "20m", "-contract.requests=20000",
			"-run", "^Test(EveryOperation.*|SamplesAreAccepted|HandlerKeepsTheContract|HolesAreSeen)$")
		for _, name := range []string{"TestEveryOperationStaysInItsTenant", "TestEveryOperationAsksForItsOwnPermission", "TestSamplesAreAccepted", "TestHandlerKeepsTheContract", "TestHolesAreSeen"} {
			if !strings.Contains(out, "--- PASS: "+name+" ") {
				t.Errorf("%s did not run:\n%s", name, out)
			}
		}
		t.Logf("%d entities, %d cases", entities, strings.Count(out, "--- PASS: "))
	})
	step("the SDK", func() {
		command(t, filepath.Join(root, "clients", "ts"), "node", filepath.Join(root, "node_modules", "typescript", "bin", "tsc"), "-p", "tsconfig.json", "--noEmit")
	})
}
