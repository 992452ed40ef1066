package codegen

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"regexp"

	"golang.org/x/tools/imports"
)

// refinement replaces a form that a generator writes. It is an error if a file has none of it: then the generator writes
// another form, and the reason for the refinement has to be looked at again.
type refinement struct {
	file string
	form *regexp.Regexp
	with string
}

// refine applies the refinements to what a generator has written into dir. Changed files import the packages as well, where
// they use them, and no longer what they do not.
func refine(dir string, refinements []refinement, packages ...string) error {
	changed := map[string][]byte{}
	for _, r := range refinements {
		path := filepath.Join(dir, r.file)
		source, ok := changed[path]
		if !ok {
			var err error
			if source, err = os.ReadFile(path); err != nil {
				return fmt.Errorf("refine generated code: %w", err)
			}
		}
		if !r.form.Match(source) {
			return fmt.Errorf("refine generated code: %s has nothing of the form %s", r.file, r.form)
		}
		changed[path] = r.form.ReplaceAll(source, []byte(r.with))
	}
	for path, source := range changed {
		for _, name := range packages {
			if bytes.Contains(source, []byte(`"`+name+`"`)) {
				continue
			}
			source = regexp.MustCompile(`(?m)^import \(\n`).ReplaceAll(source, []byte("import (\n\t\""+name+"\"\n"))
		}
		formatted, err := imports.Process(path, source, nil)
		if err != nil {
			return fmt.Errorf("format %s: %w", filepath.Base(path), err)
		}
		if err := os.WriteFile(path, formatted, 0o644); err != nil {
			return fmt.Errorf("refine generated code: %w", err)
		}
	}
	return nil
}
