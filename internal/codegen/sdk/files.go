package sdk

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
)

// writeFiles makes dir anew with the given files, by slash-separated path.
func writeFiles(dir string, files map[string][]byte) error {
	if err := os.RemoveAll(dir); err != nil {
		return fmt.Errorf("clear %s: %w", dir, err)
	}
	for name, data := range files {
		path := filepath.Join(dir, filepath.FromSlash(name))
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			return fmt.Errorf("make a folder of %s: %w", dir, err)
		}
		if err := os.WriteFile(path, data, 0o644); err != nil {
			return fmt.Errorf("write %s: %w", path, err)
		}
	}
	return nil
}

// replaceDir puts files in place of the folder dir, whole or not at all; work is a folder to make on the same file system. It
// reports whether anything changed: a folder that holds just these files is left alone, with its times.
func replaceDir(dir, work string, files map[string][]byte) (bool, error) {
	if same, err := holds(dir, files); err != nil || same {
		return false, err
	}
	fresh, old := filepath.Join(work, "new"), filepath.Join(work, "old")
	if err := writeFiles(fresh, files); err != nil {
		return false, err
	}
	if err := os.Rename(dir, old); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return false, fmt.Errorf("move the old %s away: %w", dir, err)
	}
	if err := os.Rename(fresh, dir); err != nil {
		return false, errors.Join(fmt.Errorf("put the new %s in place: %w", dir, err), os.Rename(old, dir))
	}
	return true, nil
}

// holds reports whether dir holds just these files.
func holds(dir string, files map[string][]byte) (bool, error) {
	found, same := 0, true
	err := filepath.WalkDir(dir, func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		name, err := filepath.Rel(dir, path)
		if err != nil {
			return err
		}
		data, err := os.ReadFile(path)
		want, known := files[filepath.ToSlash(name)]
		same = same && known && bytes.Equal(data, want)
		found++
		return err
	})
	if errors.Is(err, fs.ErrNotExist) {
		return false, nil
	}
	if err != nil {
		return false, fmt.Errorf("read %s: %w", dir, err)
	}
	return same && found == len(files), nil
}
