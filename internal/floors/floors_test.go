// Package floors holds that the machinery, which is to become the module kit, imports nothing of the service: no generated code and
// none that a team owns. Once kit has a go.mod, the compiler holds it.
package floors_test

import (
	"errors"
	"fmt"
	"go/parser"
	"go/token"
	"io/fs"
	"maps"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
)

const module = "github.com/lockstep-dev/lockstep"

// machinery are the folders whose packages move to kit, with those below them, but for the service's.
var machinery = []string{"internal", "ent/schema/contract", "cmd/lockstep"}

// service are the packages that stay, with those below them.
var service = map[string]string{
	"internal/api":   "operations of this service's own",
	"internal/crud":  "generated",
	"internal/oas":   "generated",
	"internal/rules": "what every row of this service obeys",
}

// exceptions are the imports that are still to be cut, by package and what it imports. One that is not needed is a mistake.
var exceptions = map[edge]string{
	{"internal/dbtest", "migrations"}: "migrates the databases of tests with the service's migrations; it is to be given a directory",
}

// residents are the packages whose external tests need the service: they will live in kit/test, a module that sees both. What they need
// is no exception for tests that stand in the package itself.
var residents = map[edge]string{
	{"internal/codegen", "openapi"}:    "compares the generators with the contract that is published",
	{"internal/migrate", "migrations"}: "applies and undoes the service's migrations",
	{"internal/serving", "openapi"}:    "compares the problems that are published with those that are answered",
}

// edge is an import of a package by another, by their folders.
type edge struct{ from, to string }

// use is where an edge is.
type use struct {
	edge
	file     string
	external bool // in a test of another package than the one it tests
}

func (u use) String() string { return fmt.Sprintf("%s imports %s", u.file, path.Join(module, u.to)) }

// within reports whether a folder is one of the others, or lies below one.
func within(folder string, others ...string) bool {
	return slices.ContainsFunc(others, func(other string) bool { return folder == other || strings.HasPrefix(folder, other+"/") })
}

func ofKit(folder string) bool {
	return within(folder, machinery...) && !within(folder, slices.Collect(maps.Keys(service))...)
}

// wrongWay lists the imports of the service by the machinery in a tree, in all files, whatever they are built for.
func wrongWay(root fs.FS) (found []use, err error) {
	for _, start := range machinery {
		err := fs.WalkDir(root, start, func(name string, entry fs.DirEntry, err error) error {
			if err != nil {
				return err
			}
			if entry.IsDir() {
				if base := entry.Name(); base == "testdata" || strings.HasPrefix(base, ".") || strings.HasPrefix(base, "_") {
					return fs.SkipDir
				}
				return nil
			}
			if path.Ext(name) != ".go" || !ofKit(path.Dir(name)) {
				return nil
			}
			source, err := fs.ReadFile(root, name)
			if err != nil {
				return err
			}
			file, err := parser.ParseFile(token.NewFileSet(), name, source, parser.ImportsOnly)
			if err != nil {
				return err
			}
			external := strings.HasSuffix(name, "_test.go") && strings.HasSuffix(file.Name.Name, "_test")
			for _, spec := range file.Imports {
				imported, err := strconv.Unquote(spec.Path.Value)
				if err != nil {
					return err
				}
				to, inside := strings.CutPrefix(imported+"/", module+"/")
				if to = strings.TrimSuffix(to, "/"); inside && !ofKit(to) {
					found = append(found, use{edge{path.Dir(name), to}, name, external})
				}
			}
			return nil
		})
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			return nil, err
		}
	}
	return found, nil
}

// judge says what is wrong with the imports, and with the lists of those that may be.
func judge(found []use, exceptions, residents map[edge]string) (wrong []string) {
	needed := map[edge]bool{}
	for _, u := range found {
		_, excepted := exceptions[u.edge]
		_, resides := residents[u.edge]
		switch {
		case u.external && resides, excepted:
			needed[u.edge] = true
		case u.external:
			wrong = append(wrong, u.String()+": a test that needs the service will live in kit/test: add it to residents with the reason, or do without")
		default:
			wrong = append(wrong, u.String()+": the machinery knows neither generated code nor the service: let the caller pass in what it needs")
		}
	}
	for _, list := range []map[edge]string{exceptions, residents} {
		for e := range list {
			if !needed[e] {
				wrong = append(wrong, fmt.Sprintf("%s does not import %s any more: take it off the list", e.from, path.Join(module, e.to)))
			}
		}
	}
	slices.Sort(wrong)
	return wrong
}

func TestTheMachineryKnowsNothingOfTheService(t *testing.T) {
	t.Parallel()
	root := os.DirFS(filepath.Join("..", ".."))
	found, err := wrongWay(root)
	if err != nil {
		t.Fatal(err)
	}
	for _, wrong := range judge(found, exceptions, residents) {
		t.Error(wrong)
	}
	for folder := range service {
		if _, err := fs.Stat(root, folder); err != nil {
			t.Errorf("%s is listed as the service's: %v", folder, err)
		}
	}
}
