package typecheck

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"go/importer"
	"go/token"
	"go/types"
	"io"
	"io/fs"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"sync"
)

// memory is what is kept from one check to the next.
type memory struct {
	// Key is what Exports are of: the toolchain, the module's requirements and the imports.
	Key string `json:"key"`
	// Exports are the files of export data by package.
	Exports map[string]string `json:"exports"`
	// Passed are the keys of packages that have passed.
	Passed map[string]string `json:"passed"`

	changed bool
}

func remember(file string) *memory {
	m := &memory{}
	if data, err := os.ReadFile(file); err != nil || json.Unmarshal(data, m) != nil {
		return &memory{} // nothing is remembered
	}
	return m
}

func (m *memory) write(file string) error {
	if file == "" {
		return nil
	}
	data, err := json.Marshal(m)
	if err == nil {
		err = os.MkdirAll(filepath.Dir(file), 0o755)
	}
	if err == nil {
		err = os.WriteFile(file, data, 0o644)
	}
	if err != nil {
		return fmt.Errorf("remember what has passed: %w", err)
	}
	return nil
}

// exports loads packages of other modules by their export data.
type exports struct {
	mu     sync.Mutex
	loaded types.Importer
}

// exportsOf finds the export data of what the packages import from elsewhere. The go command builds what is not in its cache.
func exportsOf(ctx context.Context, m Module, found packages, checked []string, remembered *memory) (*exports, error) {
	paths := map[string]bool{}
	for _, name := range checked {
		for _, path := range found[name].imports {
			if found[path] == nil && path != "unsafe" && path != "C" {
				paths[path] = true
			}
		}
	}
	imported := slices.Sorted(maps.Keys(paths))
	hash := sha256.New()
	fmt.Fprintln(hash, runtime.Version(), runtime.GOARCH, os.Getenv("GOFLAGS"), m.Path, m.GoVersion, strings.Join(imported, " "))
	for _, name := range []string{"go.mod", "go.sum"} {
		data, err := os.ReadFile(filepath.Join(m.Root, name))
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			return nil, fmt.Errorf("read the module's requirements: %w", err)
		}
		_, _ = hash.Write(data) // never fails
	}
	if key := hex.EncodeToString(hash.Sum(nil)[:16]); remembered.Key != key || !remembered.there() {
		files, err := listExports(ctx, m.Root, imported)
		if err != nil {
			return nil, err
		}
		remembered.Key, remembered.Exports, remembered.changed = key, files, true
	}
	return &exports{loaded: importer.ForCompiler(token.NewFileSet(), "gc", func(path string) (io.ReadCloser, error) {
		file, ok := remembered.Exports[path]
		if !ok {
			return nil, fmt.Errorf("no package %s among the module's requirements", path)
		}
		return os.Open(file)
	})}, nil
}

// there reports whether the go command's cache still has the files.
func (m *memory) there() bool {
	for _, file := range m.Exports {
		if _, err := os.Stat(file); err != nil {
			return false
		}
	}
	return true
}

func listExports(ctx context.Context, root string, paths []string) (map[string]string, error) {
	cmd := exec.CommandContext(ctx, "go", append([]string{"list", "-export", "-e", "-f", "{{.ImportPath}}\t{{.Export}}"}, paths...)...)
	var stderr bytes.Buffer
	cmd.Dir, cmd.Stderr = root, &stderr
	out, err := cmd.Output()
	if err != nil {
		return nil, fmt.Errorf("ask the go command for export data: %w\n%s", err, stderr.Bytes())
	}
	files := map[string]string{}
	for line := range strings.Lines(string(out)) {
		if path, file, ok := strings.Cut(strings.TrimSpace(line), "\t"); ok && file != "" {
			files[path] = file
		}
	}
	return files, nil
}

// load returns a package. The importer behind it serves one at a time.
func (e *exports) load(path string) (*types.Package, error) {
	if path == "unsafe" {
		return types.Unsafe, nil
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.loaded.Import(path)
}
