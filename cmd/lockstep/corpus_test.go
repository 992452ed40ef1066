package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// The corpus, testdata/corpus, is a folder of schemas that are odd: names that mean something to Go, Ent, ogen, SQL or JavaScript,
// shapes that nobody thinks of. A file is an entity or a few that belong together. What is in accepted must work whole; what is in
// refused must be refused by a message with each text of its lines `// want: …`, and leave everything as it was.
const corpus = "testdata/corpus"

// TestCorpusRefused generates with each refused file, and finds its message and everything as it was.
func TestCorpusRefused(t *testing.T) {
	t.Parallel()
	root := copyRepository(t)
	tool := buildTool(t, root)
	before := generatedFiles(t, root)
	for _, file := range corpusFiles(t, "refused") {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".go.txt"), func(t *testing.T) {
			source, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			wanted := regexp.MustCompile(`(?m)^// want: (.+)$`).FindAllSubmatch(source, -1)
			if len(wanted) == 0 {
				t.Fatal("the file has no line `// want: …`")
			}
			copyFile(t, file, schemaFile(root, file))
			defer func() { _ = os.Remove(schemaFile(root, file)) }()
			generate := exec.CommandContext(t.Context(), tool, "generate")
			generate.Dir = root
			out, err := generate.CombinedOutput()
			if err == nil {
				t.Fatalf("it is accepted:\n%s", out)
			}
			for _, want := range wanted {
				if !strings.Contains(string(out), string(want[1])) {
					t.Errorf("got %s, want it to say %s", out, want[1])
				}
			}
			after := generatedFiles(t, root)
			for name, data := range before {
				if string(after[name]) != string(data) {
					t.Errorf("%s was replaced", name)
				}
			}
			if len(after) != len(before) {
				t.Errorf("got %d generated files, want the %d of before", len(after), len(before))
			}
		})
	}
}

func corpusFiles(t *testing.T, kind string) []string {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(corpus, kind, "*.go.txt"))
	if err != nil || len(files) == 0 {
		t.Fatalf("the corpus has no files that are %s: %v", kind, err)
	}
	return files
}

func schemaFile(root, file string) string {
	return filepath.Join(root, "ent", "schema", "corpus"+strings.TrimSuffix(filepath.Base(file), ".txt"))
}

// buildTool builds the copy's own tool.
func buildTool(t *testing.T, root string) string {
	t.Helper()
	tool := filepath.Join(t.TempDir(), "lockstep")
	command(t, root, "go", "build", "-o", tool, "./cmd/lockstep")
	return tool
}
