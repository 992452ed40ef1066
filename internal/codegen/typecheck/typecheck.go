// Package typecheck tells whether packages of a module compile with files that are not in the module yet. It type-checks them
// from source, beside each other, against the export data of other modules' packages, and remembers what has passed: a package
// of which nothing has changed, nor of what it imports, costs its declarations at most.
package typecheck

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"go/token"
	"go/types"
	"maps"
	"runtime"
	"slices"
	"strings"
	"sync"
)

// Module is the module to check.
type Module struct {
	// Root is the folder of go.mod, Path the module's path, and GoVersion the language version that go.mod asks for.
	Root, Path, GoVersion string
	// Changed are files by their slash-separated path below Root that are to be read instead of those there; nil is a file that
	// is to be gone.
	Changed map[string][]byte
	// Memory is a file in which passed checks are remembered; it may be absent.
	Memory string
}

// Problem is one mistake the compiler would report.
type Problem struct {
	File         string // slash-separated, below Root
	Line, Column int
	Text         string
}

func (p Problem) String() string {
	return fmt.Sprintf("%s:%d:%d: %s", p.File, p.Line, p.Column, p.Text)
}

// Check type-checks the packages in the folders, with all below them, and every package of the module that imports one of
// these, directly or not; tests are left out. With dependents false it leaves those that import them alone. It returns the
// problems in the order of their places.
func Check(ctx context.Context, m Module, folders []string, dependents bool) ([]Problem, error) {
	found, err := m.scan()
	if err != nil {
		return nil, err
	}
	wanted := found.below(folders)
	if dependents {
		wanted = found.importers(wanted)
	}
	remembered := remember(m.Memory)
	exports, err := exportsOf(ctx, m, found, found.imported(wanted), remembered)
	if err != nil {
		return nil, err
	}
	keys, err := found.keys(remembered.Key)
	if err != nil {
		return nil, err
	}
	fresh := slices.DeleteFunc(slices.Clone(wanted), func(path string) bool { return remembered.Passed[path] == keys[path] })
	if len(fresh) > 0 {
		c := &checker{
			module: m, found: found, exports: exports, full: map[string]bool{}, results: map[string]*result{}, files: token.NewFileSet(),
			places: make(chan struct{}, runtime.GOMAXPROCS(0)),
		}
		for _, path := range fresh {
			c.full[path] = true
		}
		problems := c.run(fresh)
		if len(problems) > 0 {
			return problems, nil
		}
	}
	passed := map[string]string{}
	for path, key := range remembered.Passed {
		if found[path] != nil && keys[path] == key {
			passed[path] = key
		}
	}
	for _, path := range wanted {
		passed[path] = keys[path]
	}
	if !maps.Equal(passed, remembered.Passed) || remembered.changed {
		remembered.Passed = passed
		return nil, remembered.write(m.Memory)
	}
	return nil, nil
}

// checker checks each package once, after those it imports, as many at a time as there are places.
type checker struct {
	module  Module
	found   packages
	exports *exports
	full    map[string]bool // packages whose function bodies are checked
	files   *token.FileSet
	places  chan struct{}

	mu      sync.Mutex
	results map[string]*result
}

// result is a package being checked; ready closes when it has been.
type result struct {
	ready    chan struct{}
	pkg      *types.Package
	problems []Problem
}

func (c *checker) run(paths []string) []Problem {
	var problems []Problem
	for _, path := range paths {
		c.start(path)
	}
	c.mu.Lock()
	results := slices.Collect(maps.Values(c.results))
	c.mu.Unlock()
	for _, r := range results {
		<-r.ready
		problems = append(problems, r.problems...)
	}
	slices.SortFunc(problems, func(a, b Problem) int {
		return cmp.Or(strings.Compare(a.File, b.File), cmp.Compare(a.Line, b.Line), cmp.Compare(a.Column, b.Column), strings.Compare(a.Text, b.Text))
	})
	return slices.CompactFunc(problems, func(a, b Problem) bool { return a.File == b.File && a.Line == b.Line })
}

// start begins the check of a package and of what it imports.
func (c *checker) start(path string) *result {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.begin(path)
}

func (c *checker) begin(path string) *result {
	if r, ok := c.results[path]; ok {
		return r
	}
	r := &result{ready: make(chan struct{})}
	c.results[path] = r
	source := c.found[path]
	var below []*result
	for _, imported := range source.imports {
		if c.found[imported] != nil {
			below = append(below, c.begin(imported))
		}
	}
	go func() {
		defer close(r.ready)
		for _, b := range below {
			<-b.ready
		}
		c.places <- struct{}{}
		defer func() { <-c.places }()
		c.check(source, r)
	}()
	return r
}

func (c *checker) check(source *source, r *result) {
	add := func(at token.Position, text string) {
		r.problems = append(r.problems, Problem{File: c.module.relative(at.Filename), Line: at.Line, Column: at.Column, Text: text})
	}
	files, err := source.parse(c.files)
	if err != nil {
		for _, e := range syntaxErrors(err) {
			add(e.Pos, e.Msg)
		}
	}
	config := types.Config{
		Importer:         finder{c},
		Sizes:            types.SizesFor("gc", runtime.GOARCH),
		GoVersion:        c.module.GoVersion,
		IgnoreFuncBodies: !c.full[source.path],
		Error: func(err error) {
			var e types.Error
			if !errors.As(err, &e) || strings.HasPrefix(e.Msg, "\t") || !c.full[source.path] { // a tab continues the error before
				return
			}
			add(e.Fset.Position(e.Pos), e.Msg)
		},
	}
	// Its error is the first of those that Error has been told.
	r.pkg, _ = config.Check(source.path, c.files, files, nil)
}

// finder finds packages that are being checked, and others by their export data.
type finder struct{ c *checker }

// Import implements types.Importer.
func (i finder) Import(path string) (*types.Package, error) {
	i.c.mu.Lock()
	r := i.c.results[path]
	i.c.mu.Unlock()
	if r == nil {
		return i.c.exports.load(path)
	}
	if r.pkg == nil {
		return nil, fmt.Errorf("package %s could not be read", path)
	}
	return r.pkg, nil
}
