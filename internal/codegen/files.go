package codegen

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"

	"github.com/lockstep-dev/lockstep/internal/wholefile"
)

// generatedMarker is the line that Go tools, linters and this package know generated files by.
// See https://go.dev/s/generatedcode.
var generatedMarker = regexp.MustCompile(`(?m)^// Code generated .*DO NOT EDIT\.?$`)

// tree is a folder's files by slash-separated path.
type tree map[string][]byte

// changes counts paths that were added, removed or changed.
func (t tree) changes(after tree) int {
	n := 0
	for path, data := range after {
		if old, ok := t[path]; !ok || !bytes.Equal(old, data) {
			n++
		}
	}
	for path := range t {
		if _, ok := after[path]; !ok {
			n++
		}
	}
	return n
}

// snapshot reads all files below dir; an absent folder is an empty tree.
func snapshot(dir string) (tree, error) {
	out := tree{}
	err := filepath.WalkDir(dir, func(path string, entry fs.DirEntry, err error) error {
		if errors.Is(err, fs.ErrNotExist) && path == dir {
			return filepath.SkipAll
		}
		if err != nil || entry.IsDir() {
			return err
		}
		rel, err := filepath.Rel(dir, path)
		if err != nil {
			return err
		}
		out[filepath.ToSlash(rel)], err = os.ReadFile(path)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("read %s: %w", dir, err)
	}
	return out, nil
}

// intoFolder lets write fill an empty folder and then makes target hold just those files: changed ones are replaced, and
// generated ones that are not written any more are removed. Files without the generated marker stay. When write fails,
// target is as it was.
func (w *Workspace) intoFolder(out *Output, target string, write func(dir string) error) error {
	// Inside the module, because Ent's and ogen's formatting resolves imports from the folder it writes to; hidden, so that
	// ./... does not see it.
	if err := os.MkdirAll(w.path(".lockstep"), 0o755); err != nil {
		return fmt.Errorf("make scratch folder: %w", err)
	}
	scratch, err := os.MkdirTemp(w.path(".lockstep"), "generate-")
	if err != nil {
		return fmt.Errorf("make scratch folder: %w", err)
	}
	defer func() { _ = os.RemoveAll(scratch) }()
	dir := filepath.Join(scratch, filepath.Base(target))
	if err := os.Mkdir(dir, 0o755); err != nil {
		return fmt.Errorf("make scratch folder: %w", err)
	}
	if err := write(dir); err != nil {
		return err
	}
	written, err := snapshot(dir)
	if err != nil {
		return err
	}
	present, err := snapshot(w.path(target))
	if err != nil {
		return err
	}
	out.Files = len(written)
	for path, data := range written {
		if old, ok := present[path]; ok && bytes.Equal(old, data) {
			continue
		}
		out.Changed++
		if err := replaceFile(w.path(target, filepath.FromSlash(path)), data); err != nil {
			return err
		}
	}
	for path, data := range present {
		if _, ok := written[path]; ok || !generatedMarker.Match(data) {
			continue
		}
		out.Changed++
		if err := os.Remove(w.path(target, filepath.FromSlash(path))); err != nil {
			return fmt.Errorf("remove stale %s: %w", path, err)
		}
	}
	return removeEmptyFolders(w.path(target))
}

// intoFile replaces one file when its content differs.
func (w *Workspace) intoFile(out *Output, data []byte, elements ...string) error {
	path := w.path(elements...)
	out.Files = 1
	if old, err := os.ReadFile(path); err == nil && bytes.Equal(old, data) {
		return nil
	}
	out.Changed = 1
	return replaceFile(path, data)
}

// replaceFile writes a file, and its folder where there is none, so that a reader or a kill never meets half a file.
func replaceFile(path string, data []byte) error {
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return fmt.Errorf("make folder of %s: %w", path, err)
	}
	return wholefile.Write(path, data, 0o644, ".generate-*")
}

func removeEmptyFolders(root string) error {
	entries, err := os.ReadDir(root)
	if err != nil {
		return fmt.Errorf("read %s: %w", root, err)
	}
	for _, entry := range entries {
		if !entry.IsDir() {
			continue
		}
		path := filepath.Join(root, entry.Name())
		if err := removeEmptyFolders(path); err != nil {
			return err
		}
		if left, err := os.ReadDir(path); err == nil && len(left) == 0 {
			if err := os.Remove(path); err != nil {
				return fmt.Errorf("remove empty folder: %w", err)
			}
		}
	}
	return nil
}
