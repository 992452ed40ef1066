package codegen

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"

	"github.com/lockstep-dev/lockstep/internal/atomicfile"
)

// generatedMarker is the line that Go tools, linters and this package know generated files by.
// See https://go.dev/s/generatedcode.
var generatedMarker = regexp.MustCompile(`(?m)^// Code generated .*DO NOT EDIT\.?$`)

// tree is a folder's files by slash-separated path.
type tree map[string][]byte

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

// intoFolder lets write fill an empty folder and then has target hold just those files: changed ones are staged, and generated
// ones that are not written any more are to be removed. Files without the generated marker stay.
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
	return w.stageFolder(out, target, written, generatedMarker.Match)
}

// stageFolder stages that target holds the files written, and none of the others that are ours.
func (w *Workspace) stageFolder(out *Output, target string, written tree, ours func(data []byte) bool) error {
	present, err := snapshot(w.path(target))
	if err != nil {
		return err
	}
	out.Files += len(written)
	for path, data := range written {
		if old, ok := present[path]; !ok || !bytes.Equal(old, data) {
			out.Changed++
			w.stage(filepath.Join(target, filepath.FromSlash(path)), data)
		}
	}
	for path, data := range present {
		if _, ok := written[path]; !ok && ours(data) {
			out.Changed++
			w.stage(filepath.Join(target, filepath.FromSlash(path)), nil)
		}
	}
	return nil
}

// intoFile stages one file when its content differs.
func (w *Workspace) intoFile(out *Output, data []byte, elements ...string) error {
	out.Files = 1
	if old, err := os.ReadFile(w.path(elements...)); err == nil && bytes.Equal(old, data) {
		return nil
	}
	out.Changed = 1
	w.stage(filepath.Join(elements...), data)
	return nil
}

// stage keeps a file's new content, nil for none, until Commit.
func (w *Workspace) stage(name string, data []byte) {
	if w.staged == nil {
		w.staged = tree{}
	}
	w.staged[filepath.ToSlash(name)] = data
}

// read returns a file as it will be after Commit.
func (w *Workspace) read(elements ...string) ([]byte, error) {
	if data, ok := w.staged[filepath.ToSlash(filepath.Join(elements...))]; ok && data != nil {
		return data, nil
	}
	return os.ReadFile(w.path(elements...))
}

// replace puts everything staged in its place.
func (w *Workspace) replace() error {
	emptied := map[string]bool{}
	for _, name := range slices.Sorted(maps.Keys(w.staged)) {
		path := w.path(filepath.FromSlash(name))
		if data := w.staged[name]; data != nil {
			if err := replaceFile(path, data); err != nil {
				return err
			}
			continue
		}
		if err := os.Remove(path); err != nil && !errors.Is(err, fs.ErrNotExist) { // another generation may have
			return fmt.Errorf("remove stale %s: %w", name, err)
		}
		emptied[filepath.Dir(path)] = true
	}
	for _, dir := range slices.Sorted(maps.Keys(emptied)) {
		if err := removeEmpty(dir, w.Root); err != nil {
			return err
		}
	}
	w.staged = nil
	return nil
}

// replaceFile writes a file, and its folder where there is none, so that a reader or a kill never meets half a file.
func replaceFile(path string, data []byte) error {
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return fmt.Errorf("make folder of %s: %w", path, err)
	}
	return atomicfile.Write(path, data, 0o644, ".generate-*")
}

// removeEmpty removes the folder, and those above it up to root, as far as nothing is in them.
func removeEmpty(dir, root string) error {
	for ; dir != root; dir = filepath.Dir(dir) {
		entries, err := os.ReadDir(dir)
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err != nil {
			return fmt.Errorf("read %s: %w", dir, err)
		}
		if len(entries) > 0 {
			return nil
		}
		if err := os.Remove(dir); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return fmt.Errorf("remove empty folder: %w", err)
		}
	}
	return nil
}
