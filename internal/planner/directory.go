package planner

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path"
	"path/filepath"
	"testing/fstest"

	"github.com/lockstep-dev/lockstep/internal/migrate"
)

// directory reads the migrations and makes sure that a file of that name can be added. It returns the checksum file too.
func (o Options) directory(name string) (*migrate.Directory, []byte, error) {
	if !validName.MatchString(name) {
		return nil, nil, fmt.Errorf("%q is no name for a migration: use lower-case words joined by underscores, a verb first, such as add_projects", name)
	}
	if err := os.MkdirAll(filepath.Join(o.Migrations, migrate.DownDir), 0o755); err != nil {
		return nil, nil, fmt.Errorf("make the migrations directory: %w", err)
	}
	dir, err := o.read()
	if err != nil {
		return nil, nil, err
	}
	for _, m := range dir.Migrations {
		if m.Desc == name {
			return nil, nil, fmt.Errorf("%s has this name already: choose another", m.Up.Name)
		}
	}
	base, err := os.ReadFile(filepath.Join(o.Migrations, migrate.SumFile))
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, nil, fmt.Errorf("read checksums: %w", err)
	}
	return dir, base, nil
}

// read reads the migrations, after taking back what is there of a change that was cut short.
func (o Options) read() (*migrate.Directory, error) {
	if err := o.settle(); err != nil {
		return nil, err
	}
	return migrate.Read(os.DirFS(o.Migrations))
}

// fileSet is a migrations directory in memory.
type fileSet fstest.MapFS

// readFiles reads the migrations and their reverses, without the checksums.
func readFiles(migrations string) (fileSet, error) {
	memory := fileSet{}
	for _, folder := range []string{".", migrate.DownDir} {
		names, err := filepath.Glob(filepath.Join(migrations, filepath.FromSlash(folder), "*.sql"))
		if err != nil {
			return nil, fmt.Errorf("list migrations: %w", err)
		}
		for _, name := range names {
			b, err := os.ReadFile(name)
			if err != nil {
				return nil, fmt.Errorf("read migration: %w", err)
			}
			memory[path.Join(folder, filepath.Base(name))] = &fstest.MapFile{Data: b}
		}
	}
	return memory, nil
}

// put adds a planned file; a reverse that is not there yet is left out.
func (s fileSet) put(f File) {
	s[f.Name] = &fstest.MapFile{Data: []byte(f.Up)}
	if f.Down != "" {
		s[path.Join(migrate.DownDir, f.Name)] = &fstest.MapFile{Data: []byte(f.Down)}
	}
}

// hashed is the set with checksums to match.
func (s fileSet) hashed() (fs.FS, error) {
	memory := fstest.MapFS(maps.Clone(s))
	return memory, addSums(memory)
}

func (s fileSet) directory() (*migrate.Directory, error) {
	memory, err := s.hashed()
	if err != nil {
		return nil, err
	}
	return migrate.Read(memory)
}

func addSums(memory fstest.MapFS) error {
	for folder, name := range map[string]string{".": migrate.SumFile, migrate.DownDir: migrate.DownSumFile} {
		sum, err := migrate.Sum(memory, folder)
		if err != nil {
			return err
		}
		memory[path.Join(folder, name)] = &fstest.MapFile{Data: sum}
	}
	return nil
}

// Write puts a plan's files into the directory: all of them or none. The checksums come last, so that a directory in which
// this was cut short is refused by every runner; the next command of this package takes back what is there of it. It returns the paths of what it wrote.
func Write(o Options, plan *Plan) ([]string, error) {
	current, err := os.ReadFile(filepath.Join(o.Migrations, migrate.SumFile))
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("read checksums: %w", err)
	}
	if !bytes.Equal(current, plan.base) {
		return nil, errors.New("the migrations changed while this one was planned: run it again")
	}
	files, err := readFiles(o.Migrations)
	if err != nil {
		return nil, err
	}
	var names []string
	for _, f := range plan.Files {
		files.put(f)
		names = append(names, path.Join(migrate.DownDir, f.Name), f.Name)
	}
	files[migrate.FingerprintFile] = &fstest.MapFile{Data: plan.fingerprint}
	all, err := files.hashed()
	if err != nil {
		return nil, err
	}
	return replaceFiles(o.Migrations, all, append(names, migrate.FingerprintFile, path.Join(migrate.DownDir, migrate.DownSumFile), migrate.SumFile)...)
}

// replaceFiles copies the named files of src into dir, in order: all of them or none.
func replaceFiles(dir string, src fs.FS, names ...string) (written []string, err error) {
	changes, err := edits(src, names...)
	if err != nil {
		return nil, err
	}
	return apply(dir, changes)
}

// Hash writes both checksum files anew, after files were edited by hand. It returns the paths of what it wrote.
func Hash(migrations string) ([]string, error) {
	if err := recoverJournal(migrations); err != nil {
		return nil, err
	}
	files, err := readFiles(migrations)
	if err != nil {
		return nil, err
	}
	all, err := files.hashed()
	if err != nil {
		return nil, err
	}
	if err := os.MkdirAll(filepath.Join(migrations, migrate.DownDir), 0o755); err != nil {
		return nil, fmt.Errorf("make the migrations directory: %w", err)
	}
	return replaceFiles(migrations, all, path.Join(migrate.DownDir, migrate.DownSumFile), migrate.SumFile)
}
