package sdk

import (
	"os"
	"path/filepath"
	"testing"
)

func TestOutdated(t *testing.T) {
	t.Parallel()
	const lock = `{"packages": {"": {"name": "lockstep"}, "web": {"version": "1.0.0"},
		"node_modules/a": {"version": "1.0.0", "integrity": "sha512-a"},
		"node_modules/b-linux": {"version": "1.0.0", "optional": true},
		"node_modules/web": {"resolved": "web", "link": true}}}`
	for _, test := range []struct{ name, installed, want string }{
		{"nothing installed", "", "node_modules is missing"},
		{"as locked", `"node_modules/a": {"version": "1.0.0", "integrity": "sha512-a"}, "node_modules/web": {"resolved": "web"}`, ""},
		{"a package missing", `"node_modules/web": {"resolved": "web"}`, "node_modules/a is missing"},
		{"another version", `"node_modules/a": {"version": "1.0.1", "integrity": "sha512-a"}, "node_modules/web": {"resolved": "web"}`,
			"node_modules/a is of another version"},
		{"another content", `"node_modules/a": {"version": "1.0.0", "integrity": "sha512-x"}, "node_modules/web": {"resolved": "web"}`,
			"node_modules/a is of another version"},
		{"another optional version", `"node_modules/a": {"version": "1.0.0", "integrity": "sha512-a"}, "node_modules/web": {"resolved": "web"},
			"node_modules/b-linux": {"version": "0.9.0"}`, "node_modules/b-linux is of another version"},
		{"a package too much", `"node_modules/a": {"version": "1.0.0", "integrity": "sha512-a"}, "node_modules/web": {"resolved": "web"},
			"node_modules/c": {"version": "1.0.0"}`, "node_modules/c is no longer needed"},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			root := t.TempDir()
			write := func(name, text string) {
				if err := os.WriteFile(filepath.Join(root, name), []byte(text), 0o644); err != nil {
					t.Fatal(err)
				}
			}
			write("package-lock.json", lock)
			if test.installed != "" {
				if err := os.Mkdir(filepath.Join(root, "node_modules"), 0o755); err != nil {
					t.Fatal(err)
				}
				write("node_modules/.package-lock.json", `{"packages": {`+test.installed+`}}`)
			}
			got, err := outdated(root)
			if err != nil {
				t.Fatal(err)
			}
			if got != test.want {
				t.Errorf("got %q, want %q", got, test.want)
			}
		})
	}
}
