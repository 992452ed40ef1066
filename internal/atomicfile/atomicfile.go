// Package atomicfile writes files atomically: a reader sees the old content or the new one, never a part.
package atomicfile

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
)

// Write replaces a file: a reader, and whoever comes after a kill, meets what was there before or all of the content. The
// temporary file beside it, which a kill may leave, is named after pattern (os.CreateTemp).
func Write(path string, content []byte, mode fs.FileMode, pattern string) error {
	return write(path, content, mode, pattern, func(*os.File) error { return nil }, func(string) error { return nil })
}

// WriteDurably is Write for what has to be there after a power cut too.
func WriteDurably(path string, content []byte, mode fs.FileMode, pattern string) error {
	return write(path, content, mode, pattern, (*os.File).Sync, SyncDir)
}

func write(path string, content []byte, mode fs.FileMode, pattern string, sync func(*os.File) error, syncDir func(string) error) error {
	f, err := os.CreateTemp(filepath.Dir(path), pattern)
	if err != nil {
		return fmt.Errorf("write %s: %w", path, err)
	}
	defer func() { _ = os.Remove(f.Name()) }()
	_, err = f.Write(content)
	err = errors.Join(err, f.Chmod(mode), sync(f), f.Close())
	if err == nil {
		err = os.Rename(f.Name(), path)
	}
	if err == nil {
		err = syncDir(filepath.Dir(path))
	}
	if err != nil {
		return fmt.Errorf("write %s: %w", path, err)
	}
	return nil
}

// SyncDir makes a rename in dir survive a power cut.
func SyncDir(dir string) error {
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}
