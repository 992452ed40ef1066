package planner

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"time"

	"github.com/lockstep-dev/lockstep/internal/atomicfile"
	"github.com/lockstep-dev/lockstep/internal/lockfile"
)

// journalFile, in the migrations directory, is there while several files change together. A process that is killed
// meanwhile leaves it, and the next command takes back what was done, so that a plan is there as a whole or not at all.
const journalFile = ".planned.json"

// edit is one file of the migrations directory that gets another content or goes.
type edit struct {
	Name   string  `json:"name"`             // below the directory, with slashes
	Before *string `json:"before,omitempty"` // nil when the file is not there
	After  *string `json:"after,omitempty"`  // nil when the file is to go
}

// edits say what the files of src with these names are to become.
func edits(src fs.FS, names ...string) ([]edit, error) {
	out := make([]edit, 0, len(names))
	for _, name := range names {
		b, err := fs.ReadFile(src, name)
		if err != nil {
			return nil, err
		}
		text := string(b)
		out = append(out, edit{Name: name, After: &text})
	}
	return out, nil
}

// apply makes the edits in order, all of them or none, and returns the paths of the files that are there afterwards.
func apply(dir string, edits []edit) (written []string, err error) {
	if err := recoverJournal(dir); err != nil {
		return nil, err
	}
	free, err := hold(dir)
	if err != nil {
		return nil, err
	}
	defer free()
	for i := range edits {
		if edits[i].Before, err = held(dir, edits[i].Name); err != nil {
			return nil, err
		}
	}
	text, err := json.Marshal(edits)
	if err != nil {
		return nil, fmt.Errorf("write %s: %w", journalFile, err)
	}
	journal := filepath.Join(dir, journalFile)
	if err := replaceFile(journal, text); err != nil {
		return nil, err
	}
	for _, e := range edits {
		if err := put(dir, e.Name, e.After); err != nil {
			return nil, errors.Join(err, takeBack(dir, edits))
		}
		if e.After != nil {
			written = append(written, filepath.Join(dir, filepath.FromSlash(e.Name)))
		}
	}
	if err := os.Remove(journal); err != nil {
		return nil, errors.Join(fmt.Errorf("end the change of the migrations: %w", err), takeBack(dir, edits))
	}
	return written, nil
}

// settle takes back what an earlier command was killed in the middle of.
func (o Options) settle() error {
	start := time.Now()
	if _, err := os.Stat(filepath.Join(o.Migrations, journalFile)); errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err := recoverJournal(o.Migrations); err != nil {
		return err
	}
	o.Step("take back a change of the migrations that was cut short", time.Since(start))
	return nil
}

// recoverJournal ends a change that was cut short: it stays if all of it is there, and is taken back otherwise. A file that
// somebody changed since is left alone, and so is everything else.
func recoverJournal(dir string) error {
	journal := filepath.Join(dir, journalFile)
	if _, err := os.Stat(journal); errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	free, err := hold(dir)
	if err != nil {
		return err
	}
	defer free()
	text, err := os.ReadFile(journal)
	if errors.Is(err, fs.ErrNotExist) {
		return nil // another process was not dead, and is done
	}
	var edits []edit
	if err = errors.Join(err, json.Unmarshal(text, &edits)); err != nil {
		return fmt.Errorf("read %s: %w: delete it, and restore the directory from version control", journal, err)
	}
	whole := true
	for _, e := range edits {
		now, err := held(dir, e.Name)
		if err != nil {
			return err
		}
		after := same(now, e.After)
		if !after && !same(now, e.Before) {
			return fmt.Errorf("a change of %s was cut short and %s was edited since: restore the directory from version control, or keep it as it is, and delete %s", dir, e.Name, journal)
		}
		whole = whole && after
	}
	if whole {
		return os.Remove(journal)
	}
	return takeBack(dir, edits)
}

// takeBack restores what was there before the edits.
func takeBack(dir string, edits []edit) error {
	for _, e := range slices.Backward(edits) {
		if err := put(dir, e.Name, e.Before); err != nil {
			return err
		}
	}
	leftover, _ := filepath.Glob(filepath.Join(dir, temporaryFiles))
	more, _ := filepath.Glob(filepath.Join(dir, "*", temporaryFiles))
	for _, name := range append(leftover, more...) {
		_ = os.Remove(name)
	}
	return os.Remove(filepath.Join(dir, journalFile))
}

// hold keeps other processes from changing the directory.
func hold(dir string) (free func(), err error) {
	folder := filepath.Join(filepath.Dir(dir), ".lockstep")
	if err := os.MkdirAll(folder, 0o755); err != nil {
		return nil, fmt.Errorf("make the folder for the lock: %w", err)
	}
	lock, err := lockfile.Take(filepath.Join(folder, "migrations.lock"))
	if err != nil {
		return nil, err
	}
	return func() { _ = lock.Close() }, nil
}

// held is what a file holds, nil when it is not there.
func held(dir, name string) (*string, error) {
	b, err := os.ReadFile(filepath.Join(dir, filepath.FromSlash(name)))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("read migration: %w", err)
	}
	text := string(b)
	return &text, nil
}

func same(a, b *string) bool {
	return a == nil && b == nil || a != nil && b != nil && *a == *b
}

// put gives a file a content, or removes it.
func put(dir, name string, text *string) error {
	target := filepath.Join(dir, filepath.FromSlash(name))
	if text != nil {
		return replaceFile(target, []byte(*text))
	}
	if err := os.Remove(target); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("remove %s: %w", target, err)
	}
	return nil
}

const temporaryFiles = ".planned-*"

// replaceFile writes a file so that it is seen whole or not at all.
func replaceFile(target string, content []byte) error {
	return atomicfile.WriteDurably(target, content, 0o644, temporaryFiles)
}
