package typecheck

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"go/ast"
	"go/build"
	"go/parser"
	"go/scanner"
	"go/token"
	"io"
	"io/fs"
	"maps"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"time"
)

// source is one package of the module.
type source struct {
	path    string
	files   map[string][]byte // by absolute name
	imports []string
}

// packages are those of the module, by path.
type packages map[string]*source

// scan reads all packages of the module, as they would be with the changed files.
func (m Module) scan() (packages, error) {
	folders, err := m.folders()
	if err != nil {
		return nil, err
	}
	context := build.Default
	context.ReadDir = m.readDir
	context.IsDir = func(string) bool { return true } // one of the folders below, which may not be there yet
	context.OpenFile = func(name string) (io.ReadCloser, error) {
		data, err := m.read(name)
		return io.NopCloser(bytes.NewReader(data)), err
	}
	found := packages{}
	for _, folder := range folders {
		dir := filepath.Join(m.Root, filepath.FromSlash(folder))
		listed, err := context.ImportDir(dir, build.IgnoreVendor)
		var none *build.NoGoError
		var mixed *build.MultiplePackageError
		if errors.As(err, &none) {
			continue
		}
		if listed == nil || err != nil && len(listed.GoFiles) == 0 || errors.As(err, &mixed) {
			return nil, fmt.Errorf("read the package %s: %w", folder, err)
		}
		s := &source{path: path.Join(m.Path, folder), files: map[string][]byte{}, imports: listed.Imports}
		for _, name := range slices.Concat(listed.GoFiles, listed.InvalidGoFiles) {
			name = filepath.Join(dir, name)
			if s.files[name], err = m.read(name); err != nil {
				return nil, fmt.Errorf("read the package %s: %w", folder, err)
			}
		}
		found[s.path] = s
	}
	return found, nil
}

// folders are those below Root that can hold packages of the module.
func (m Module) folders() ([]string, error) {
	found := map[string]bool{}
	err := filepath.WalkDir(m.Root, func(name string, entry fs.DirEntry, err error) error {
		if err != nil || !entry.IsDir() {
			return err
		}
		folder := m.relative(name)
		base := entry.Name()
		if folder != "." && (strings.HasPrefix(base, ".") || strings.HasPrefix(base, "_") || base == "testdata" || base == "node_modules" || base == "vendor") {
			return filepath.SkipDir
		}
		if _, err := os.Stat(filepath.Join(name, "go.mod")); err == nil && folder != "." {
			return filepath.SkipDir
		}
		found[folder] = true
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("look for packages: %w", err)
	}
	for name := range m.Changed {
		if strings.HasSuffix(name, ".go") {
			found[path.Dir(name)] = true
		}
	}
	return slices.Sorted(maps.Keys(found)), nil
}

func (m Module) relative(name string) string {
	rel, err := filepath.Rel(m.Root, name)
	if err != nil {
		return name
	}
	return filepath.ToSlash(rel)
}

func (m Module) read(name string) ([]byte, error) {
	if data, changed := m.Changed[m.relative(name)]; changed {
		if data == nil {
			return nil, fs.ErrNotExist
		}
		return data, nil
	}
	return os.ReadFile(name)
}

// readDir lists a folder's Go files.
func (m Module) readDir(dir string) ([]fs.FileInfo, error) {
	entries, err := os.ReadDir(dir)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, err
	}
	names := map[string]bool{}
	for _, entry := range entries {
		if strings.HasSuffix(entry.Name(), ".go") && !strings.HasSuffix(entry.Name(), "_test.go") {
			names[entry.Name()] = true
		}
	}
	folder := m.relative(dir)
	for name, data := range m.Changed {
		if path.Dir(name) == folder && strings.HasSuffix(name, ".go") {
			names[path.Base(name)] = data != nil
		}
	}
	var out []fs.FileInfo
	for _, name := range slices.Sorted(maps.Keys(names)) {
		if names[name] {
			out = append(out, fileInfo(name))
		}
	}
	return out, nil
}

// fileInfo is an ordinary file of the name.
type fileInfo string

func (f fileInfo) Name() string     { return string(f) }
func (fileInfo) Size() int64        { return 0 }
func (fileInfo) Mode() fs.FileMode  { return 0o644 }
func (fileInfo) ModTime() time.Time { return time.Time{} }
func (fileInfo) IsDir() bool        { return false }
func (fileInfo) Sys() any           { return nil }

// below are the packages in the folders and below them.
func (p packages) below(folders []string) []string {
	var out []string
	for name := range p {
		if slices.ContainsFunc(folders, func(f string) bool {
			return strings.HasSuffix(name, "/"+f) || strings.Contains(name, "/"+f+"/")
		}) {
			out = append(out, name)
		}
	}
	slices.Sort(out)
	return out
}

// importers are the packages, and those that import one of them, directly or not.
func (p packages) importers(of []string) []string {
	in := map[string]bool{}
	for _, name := range of {
		in[name] = true
	}
	for grown := true; grown; {
		grown = false
		for name, source := range p {
			if !in[name] && slices.ContainsFunc(source.imports, func(i string) bool { return in[i] }) {
				in[name], grown = true, true
			}
		}
	}
	return slices.Sorted(maps.Keys(in))
}

// imported are the packages, and those of the module that they import, directly or not.
func (p packages) imported(by []string) []string {
	in := map[string]bool{}
	var visit func(names []string)
	visit = func(names []string) {
		for _, name := range names {
			if p[name] != nil && !in[name] {
				in[name] = true
				visit(p[name].imports)
			}
		}
	}
	visit(by)
	return slices.Sorted(maps.Keys(in))
}

// keys tell for each package what a check of it depends on: its files, those of what it imports, and what the first key does.
func (p packages) keys(first string) (map[string]string, error) {
	keys := map[string]string{}
	var visit func(name string, path []string) error
	visit = func(name string, above []string) error {
		if _, done := keys[name]; done {
			return nil
		}
		if slices.Contains(above, name) {
			return fmt.Errorf("packages import each other in a circle: %s", strings.Join(append(above, name), ", "))
		}
		hash := sha256.New()
		fmt.Fprintln(hash, first)
		for _, file := range slices.Sorted(maps.Keys(p[name].files)) {
			fmt.Fprintln(hash, filepath.Base(file), len(p[name].files[file]))
			_, _ = hash.Write(p[name].files[file]) // never fails
		}
		for _, imported := range p[name].imports {
			if p[imported] == nil {
				continue
			}
			if err := visit(imported, append(above, name)); err != nil {
				return err
			}
			fmt.Fprintln(hash, keys[imported])
		}
		keys[name] = hex.EncodeToString(hash.Sum(nil)[:16])
		return nil
	}
	for _, name := range slices.Sorted(maps.Keys(p)) {
		if err := visit(name, nil); err != nil {
			return nil, err
		}
	}
	return keys, nil
}

func (s *source) parse(files *token.FileSet) ([]*ast.File, error) {
	var out []*ast.File
	var failed error
	for _, name := range slices.Sorted(maps.Keys(s.files)) {
		file, err := parser.ParseFile(files, name, s.files[name], parser.SkipObjectResolution)
		failed = errors.Join(failed, err)
		if file != nil {
			out = append(out, file)
		}
	}
	return out, failed
}

// syntaxErrors are those that the parser has joined.
func syntaxErrors(err error) []*scanner.Error {
	var out []*scanner.Error
	var list scanner.ErrorList
	if joined, ok := err.(interface{ Unwrap() []error }); ok {
		for _, e := range joined.Unwrap() {
			out = append(out, syntaxErrors(e)...)
		}
	} else if errors.As(err, &list) {
		out = append(out, list...)
	}
	return out
}
