package main

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/lockstep-dev/lockstep/internal/contractdiff"
)

// TestContractCommand compares within a repository of its own: a branch that left main, and a main that went on.
func TestContractCommand(t *testing.T) {
	root := t.TempDir()
	t.Chdir(root)
	write := func(name, text string) {
		t.Helper()
		if err := os.MkdirAll(filepath.Join(root, filepath.Dir(name)), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(root, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	git := func(args ...string) {
		t.Helper()
		command(t, root, "git", append([]string{"-c", "user.name=t", "-c", "user.email=t@example.com"}, args...)...)
	}
	contract := func(version, paths string) string {
		return `{"openapi": "3.0.3", "info": {"title": "t", "version": "` + version + `"}, "paths": {` + paths + `}}`
	}
	operation := func(path string) string {
		return `"` + path + `": {"get": {"operationId": "` + path + `", "responses": {"204": {"description": "d"}}}}`
	}
	write("go.mod", "module example.com/project\n")
	write(contractFile, contract("1.0.0", operation("/a")+","+operation("/b")))
	git("init", "-q", "-b", "main")
	git("add", ".")
	git("commit", "-q", "-m", "first")
	git("checkout", "-q", "-b", "branch")
	git("checkout", "-q", "main")
	write(contractFile, contract("1.1.0", operation("/a")+","+operation("/b")+","+operation("/c")))
	git("commit", "-q", "-a", "-m", "main goes on")
	git("checkout", "-q", "branch")

	for _, test := range []struct {
		name, version, paths string
		args                 []string
		code                 int
		want                 string
	}{
		{"same", "1.0.0", operation("/a") + "," + operation("/b"), nil, 0, "needs none, got none"},
		{"added without bump", "1.0.0", operation("/a") + "," + operation("/b") + "," + operation("/d"), nil, 1, "its changes need 1.1.0"},
		{"added with minor", "1.1.0", operation("/a") + "," + operation("/b") + "," + operation("/d"), nil, 0, "needs minor, got minor"},
		{"removed with minor", "1.1.0", operation("/a"), nil, 1, "BREAKING  GET /b: "},
		{"removed with major", "2.0.0", operation("/a"), nil, 0, "needs major, got major"},
		{"no such base", "1.0.0", operation("/a"), []string{"--base", "no-such-branch"}, 1, "no such branch"},
	} {
		t.Run(test.name, func(t *testing.T) {
			write(contractFile, contract(test.version, test.paths))
			var out bytes.Buffer
			if code := run(t.Context(), append([]string{"contract"}, test.args...), &out, &out); code != test.code || !strings.Contains(out.String(), test.want) {
				t.Errorf("got exit code %d, want %d with %q\n%s", code, test.code, test.want, out.String())
			}
		})
	}
	t.Run("as JSON", func(t *testing.T) {
		write(contractFile, contract("1.0.1", operation("/a")))
		var out, stderr bytes.Buffer
		code := run(t.Context(), []string{"contract", "--json"}, &out, &stderr)
		var report contractdiff.Report
		if err := json.Unmarshal(out.Bytes(), &report); err != nil || code != 1 || report.Needed != contractdiff.Major || report.Wanted != "2.0.0" || len(report.Changes) != 1 {
			t.Errorf("got exit code %d, %v, %+v, want a refused removal", code, err, report)
		}
	})
}
