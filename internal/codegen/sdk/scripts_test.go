package sdk

import (
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// fromPlatform are packages with install scripts that work without them: their binaries are packages of a platform's own, or
// they have none.
var fromPlatform = map[string]string{
	"node_modules/esbuild":      "node_modules/@esbuild/linux-x64",
	"node_modules/@scarf/scarf": "", // counts installations, and does nothing else
}

// TestInstallScriptsDoNotRun installs a package whose install script leaves a trace, under this repository's settings and without.
func TestInstallScriptsDoNotRun(t *testing.T) {
	t.Parallel()
	settings, err := os.ReadFile("../../../.npmrc")
	if err != nil {
		t.Fatal(err)
	}
	ran := func(npmrc string) bool {
		dir := t.TempDir()
		for name, text := range map[string]string{
			".npmrc":           npmrc,
			"package.json":     `{"private": true, "dependencies": {"dep": "file:dep"}}`,
			"dep/package.json": `{"name": "dep", "version": "1.0.0", "scripts": {"postinstall": "node trace.js"}}`,
			"dep/trace.js":     `require('node:fs').writeFileSync(process.env.TRACE, '')`,
		} {
			if err := os.MkdirAll(filepath.Dir(filepath.Join(dir, name)), 0o755); err != nil {
				t.Fatal(err)
			}
			if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
				t.Fatal(err)
			}
		}
		cmd := exec.CommandContext(t.Context(), "npm", "install", "--offline", "--install-links", "--no-audit", "--no-fund")
		cmd.Dir = dir
		cmd.Env = append(slices.DeleteFunc(os.Environ(), func(v string) bool { return strings.HasPrefix(strings.ToLower(v), "npm_") }), "TRACE="+filepath.Join(dir, "trace"))
		if out, err := cmd.CombinedOutput(); err != nil {
			t.Fatalf("npm install: %v\n%s", err, out)
		}
		_, err := os.Stat(filepath.Join(dir, "trace"))
		return err == nil
	}
	if ran(string(settings)) {
		t.Error("an install script has run")
	}
	if !ran(strings.Replace(string(settings), "ignore-scripts=true\n", "", 1)) {
		t.Error("without the setting no install script runs: this test shows nothing")
	}
}

// TestPackagesNeedNoInstallScript looks at each locked package that has one.
func TestPackagesNeedNoInstallScript(t *testing.T) {
	t.Parallel()
	var lock struct {
		Packages map[string]struct{ HasInstallScript, Optional bool }
	}
	readJSON(t, "../../../package-lock.json", &lock)
	for path, p := range lock.Packages {
		platform, known := fromPlatform[path]
		switch {
		case !p.HasInstallScript:
		case !known:
			t.Errorf("%s has an install script, which does not run: see that it works without, and add it to fromPlatform", path)
		case platform != "" && !lock.Packages[platform].Optional:
			t.Errorf("%s takes its binary from %s, which is not locked", path, platform)
		}
	}
}

// TestScriptsAreCalledByName refuses scripts that npm would run before or after others, and under .npmrc does not.
func TestScriptsAreCalledByName(t *testing.T) {
	t.Parallel()
	for _, path := range []string{"package.json", "clients/ts/package.json", "web/package.json"} {
		var manifest struct{ Scripts map[string]string }
		readJSON(t, "../../../"+path, &manifest)
		for name := range manifest.Scripts {
			for _, when := range []string{"pre", "post"} {
				if of, found := strings.CutPrefix(name, when); found && manifest.Scripts[of] != "" {
					t.Errorf("%s: npm does not run %s: let %s call it by name", path, name, of)
				}
			}
			if slices.Contains([]string{"install", "preinstall", "postinstall", "prepare"}, name) {
				t.Errorf("%s: npm does not run %s", path, name)
			}
		}
	}
}

func readJSON(t *testing.T, path string, to any) {
	t.Helper()
	data, err := os.ReadFile(path)
	if err == nil {
		err = json.Unmarshal(data, to)
	}
	if err != nil {
		t.Fatal(err)
	}
}
