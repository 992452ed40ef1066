// Package migrate applies the migrations directory to a database, undoes it, says where a database stands and verifies it.
//
// The directory is Atlas' native format (YYYYMMDDhhmmss_name.sql and atlas.sum) with the reverses in down/ under the same
// names and down/down.sum in the same format. Revisions live in Atlas' table and the advisory lock has the Atlas CLI's
// name, so this package and the CLI can take turns on one database. It is linked into the production binary: only pgx and
// the two small Atlas packages that define the directory format come with it.
package migrate

import (
	"errors"
	"fmt"
	"io/fs"
	"path"
	"slices"
	"strings"

	atlas "ariga.io/atlas/sql/migrate"
)

const (
	// SumFile holds the checksums of the migrations.
	SumFile = atlas.HashFileName
	// DownDir holds the reverses, each under the name of the migration it undoes.
	DownDir = "down"
	// DownSumFile holds the checksums of the reverses, inside DownDir.
	DownSumFile = "down.sum"
)

// Directory is a migrations directory whose files agree with their checksums.
type Directory struct {
	Migrations []Migration // by version
}

// Migration is one step of the history.
type Migration struct {
	Version string // the part of the name before the first underscore
	Desc    string // the part after it
	Up      Script
	Down    *Script // nil when the directory holds no reverse
}

// Script is one SQL file.
type Script struct {
	Name       string // as in the directory
	SQL        string
	Statements []Statement
	// Hash is the file's line of the checksum file. It covers the file and every one before it.
	Hash string
	// NoTx is set by the directive atlas:txmode none: statements run one by one, each on its own.
	NoTx bool
	// Irreversible is the reason given by the directive lockstep:irreversible, empty without one.
	Irreversible string
	// Allowed are the directives lockstep:allow.
	Allowed []Allowance
	// Checkpoint is set by the directive lockstep:checkpoint.
	Checkpoint *Checkpoint
	// Former are the hashes that databases have recorded which ran the files a checkpoint replaced.
	Former []string
}

// Read reads and checks a migrations directory: sums present and right, versions unique, statements that can be told apart,
// no reverse without its migration, a checkpoint in the first place only. The errors are of type *Problem where the directory is at fault.
func Read(fsys fs.FS) (*Directory, error) {
	ups, err := readScripts(fsys, ".", SumFile)
	if err != nil {
		return nil, err
	}
	downs, err := readScripts(fsys, DownDir, DownSumFile)
	if err != nil {
		return nil, err
	}
	d := &Directory{}
	for _, up := range ups {
		file := atlas.NewLocalFile(up.Name, nil)
		m := Migration{Version: file.Version(), Desc: file.Desc(), Up: up}
		if n := len(d.Migrations); n > 0 && d.Migrations[n-1].Version == m.Version {
			return nil, problem("duplicate", m.Version, "%s and %s have the same version: rename the newer one to a later timestamp and run `lockstep migrate hash`",
				d.Migrations[n-1].Up.Name, up.Name)
		}
		if i := slices.IndexFunc(downs, func(s Script) bool { return s.Name == up.Name }); i >= 0 {
			m.Down = &downs[i]
			if m.Up.Irreversible == "" {
				m.Up.Irreversible = downs[i].Irreversible
			}
		}
		d.Migrations = append(d.Migrations, m)
	}
	for _, down := range downs {
		if !slices.ContainsFunc(ups, func(s Script) bool { return s.Name == down.Name }) {
			return nil, problem("orphan_down", "", "%s/%s undoes no migration: give it the name of one, or delete it and run `lockstep migrate hash`", DownDir, down.Name)
		}
	}
	return d, d.acceptFormer()
}

// Latest is the newest version in the directory, empty when there is none.
func (d *Directory) Latest() string {
	if len(d.Migrations) == 0 {
		return ""
	}
	return d.Migrations[len(d.Migrations)-1].Version
}

// Find returns the migration of that version, or nil.
func (d *Directory) Find(version string) *Migration {
	for i := range d.Migrations {
		if d.Migrations[i].Version == version {
			return &d.Migrations[i]
		}
	}
	return nil
}

// Latest is the newest version in a migrations directory, by file names alone: cheap enough for every start of the server.
func Latest(dir fs.FS) (version string, err error) {
	names, err := fs.Glob(dir, "*.sql")
	if err != nil {
		return "", fmt.Errorf("list migrations: %w", err)
	}
	for _, name := range names {
		version = max(version, atlas.NewLocalFile(name, nil).Version())
	}
	return version, nil
}

// Sum computes the contents of the checksum file over the .sql files of one folder of fsys ("." or DownDir).
func Sum(fsys fs.FS, folder string) ([]byte, error) {
	files, err := listFiles(fsys, folder)
	if err != nil {
		return nil, err
	}
	sums, err := atlas.NewHashFile(files)
	if err != nil {
		return nil, fmt.Errorf("hash migrations: %w", err)
	}
	return sums.MarshalText()
}

func readScripts(fsys fs.FS, folder, sumFile string) ([]Script, error) {
	files, err := listFiles(fsys, folder)
	if err != nil {
		return nil, err
	}
	sums, err := checkSums(fsys, folder, sumFile, files)
	if err != nil {
		return nil, err
	}
	scripts := make([]Script, 0, len(files))
	for _, f := range files {
		s, err := parseScript(path.Join(folder, f.Name()), f)
		if err != nil {
			return nil, err
		}
		if s.Hash, err = sums.SumByName(f.Name()); err != nil {
			return nil, problem("unhashed", "", "%s keeps itself out of %s (atlas:sum ignore): remove that directive and run `lockstep migrate hash`", f.Name(), sumFile)
		}
		scripts = append(scripts, s)
	}
	return scripts, nil
}

// listFiles returns the .sql files of a folder in byte order of their names; a missing folder holds none.
func listFiles(fsys fs.FS, folder string) ([]atlas.File, error) {
	names, err := fs.Glob(fsys, path.Join(folder, "*.sql"))
	if err != nil {
		return nil, fmt.Errorf("list %s: %w", folder, err)
	}
	slices.Sort(names)
	files := make([]atlas.File, 0, len(names))
	for _, name := range names {
		b, err := fs.ReadFile(fsys, name)
		if err != nil {
			return nil, fmt.Errorf("read migration: %w", err)
		}
		files = append(files, atlas.NewLocalFile(path.Base(name), b))
	}
	return files, nil
}

// checkSums compares the files with the folder's checksum file. A folder without files needs none.
func checkSums(fsys fs.FS, folder, sumFile string, files []atlas.File) (atlas.HashFile, error) {
	name := path.Join(folder, sumFile)
	b, err := fs.ReadFile(fsys, name)
	switch {
	case errors.Is(err, fs.ErrNotExist) && len(files) == 0:
		return nil, nil
	case errors.Is(err, fs.ErrNotExist):
		return nil, problem("unhashed", "", "%s is missing: check the files and run `lockstep migrate hash`", name)
	case err != nil:
		return nil, fmt.Errorf("read checksums: %w", err)
	}
	var recorded atlas.HashFile
	if strings.Contains(string(b), "<<<<<<<") || strings.Contains(string(b), ">>>>>>>") {
		return nil, problem("sum", "", "%s holds a merge conflict: keep the migration files of both sides and run `lockstep migrate rebase`, which puts this branch's last and writes the sums anew", name)
	}
	if err := recorded.UnmarshalText(b); err != nil {
		return nil, problem("sum", "", "%s does not add up (%v): restore it from version control, or check the files and run `lockstep migrate hash`", name, err)
	}
	actual, err := atlas.NewHashFile(files)
	if err != nil {
		return nil, fmt.Errorf("hash migrations: %w", err)
	}
	for i, want := range recorded {
		switch {
		case !slices.ContainsFunc(actual, func(e struct{ N, H string }) bool { return e.N == want.N }):
			return nil, problem("sum", "", "%s was removed, but is still listed in %s: restore it from version control; if it was never released, run `lockstep migrate hash`",
				path.Join(folder, want.N), sumFile)
		case actual[i].N != want.N:
			return nil, problem("unhashed", "", "%s is not in %s: check the file and run `lockstep migrate hash`", path.Join(folder, actual[i].N), sumFile)
		case actual[i].H != want.H:
			return nil, problem("sum", "", "%s was edited after it was hashed: restore it from version control; if it was never released, run `lockstep migrate hash`",
				path.Join(folder, want.N))
		}
	}
	if len(actual) > len(recorded) {
		return nil, problem("unhashed", "", "%s is not in %s: check the file and run `lockstep migrate hash`", path.Join(folder, actual[len(recorded)].N), sumFile)
	}
	return recorded, nil
}
