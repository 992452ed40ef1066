// Package rename turns the template into a team's own project: its Go module and its npm package get the team's names.
package rename

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"

	"golang.org/x/mod/modfile"
	"golang.org/x/mod/module"

	"github.com/lockstep-dev/lockstep/internal/git"
)

// Names are what a project is called.
type Names struct {
	Module  string // Go module path: github.com/acme/core
	Package string // npm package: @acme/core-sdk
}

// packageName is an npm package's name. See https://docs.npmjs.com/cli/configuring-npm/package-json#name.
var packageName = regexp.MustCompile(`^(@[a-z0-9-~][a-z0-9-._~]*/)?[a-z0-9-~][a-z0-9-._~]*$`)

// Current reads the names of the checkout at root.
func Current(root string) (Names, error) {
	var names Names
	data, err := os.ReadFile(filepath.Join(root, "go.mod"))
	if err != nil {
		return names, fmt.Errorf("read go.mod: %w", err)
	}
	names.Module = modfile.ModulePath(data)
	if names.Package, err = packageAt(root, "clients", "ts"); err != nil {
		return names, err
	}
	if names.Module == "" || names.Package == "" {
		return names, errors.New("go.mod or clients/ts/package.json has no name")
	}
	return names, nil
}

// packageAt reads the name of the npm package in a folder.
func packageAt(root string, folder ...string) (string, error) {
	path := filepath.Join(append(folder, "package.json")...)
	data, err := os.ReadFile(filepath.Join(root, path))
	var manifest struct{ Name string }
	if err == nil {
		err = json.Unmarshal(data, &manifest)
	}
	if err != nil {
		return "", fmt.Errorf("read the name in %s: %w", path, err)
	}
	return manifest.Name, nil
}

// beside is the name of a package that is published, or kept, beside another: @acme/web beside @acme/core-sdk.
func beside(other, name string) string {
	_, own, scoped := strings.Cut(name, "/")
	if !scoped {
		own = name
	}
	if scope, _, ok := strings.Cut(other, "/"); ok {
		return scope + "/" + own
	}
	return own
}

// Apply writes the new names over the old ones in every text file that git tracks, and returns how many files changed.
// An empty name stays as it is. It refuses a tree with uncommitted changes, so that git can take it back.
func Apply(ctx context.Context, root string, to Names) (int, error) {
	from, err := Current(root)
	if err != nil {
		return 0, err
	}
	var pairs []string
	if to.Module != "" && to.Module != from.Module {
		if err := module.CheckPath(to.Module); err != nil {
			return 0, fmt.Errorf("the module path is not valid: %w", err)
		}
		pairs = append(pairs, from.Module, to.Module)
	}
	if to.Package != "" && to.Package != from.Package {
		if !packageName.MatchString(to.Package) {
			return 0, fmt.Errorf("%q is no npm package name: write it such as @acme/core-sdk", to.Package)
		}
		web, err := packageAt(root, "web")
		if err != nil {
			return 0, err
		}
		pairs = append(pairs, from.Package, to.Package, web, beside(to.Package, web))
	}
	if len(pairs) == 0 {
		return 0, nil
	}
	dirty, err := git.Run(ctx, root, "status", "--porcelain")
	if err != nil {
		return 0, err
	}
	if len(dirty) > 0 {
		return 0, errors.New("the tree has uncommitted changes: commit them first, so that git can undo the rename")
	}
	listing, err := git.Run(ctx, root, "ls-files", "-z")
	if err != nil {
		return 0, err
	}
	return replaceAll(root, strings.Split(strings.Trim(listing, "\x00"), "\x00"), strings.NewReplacer(pairs...))
}

func replaceAll(root string, names []string, replacer *strings.Replacer) (int, error) {
	changed := 0
	for _, name := range names {
		path := filepath.Join(root, name)
		data, err := os.ReadFile(path)
		if err != nil {
			return changed, fmt.Errorf("read %s: %w", name, err)
		}
		if bytes.IndexByte(data, 0) >= 0 {
			continue // not text
		}
		after := replacer.Replace(string(data))
		if after == string(data) {
			continue
		}
		if err := os.WriteFile(path, []byte(after), 0o644); err != nil {
			return changed, fmt.Errorf("write %s: %w; git checkout . takes the rename back", name, err)
		}
		changed++
	}
	return changed, nil
}
