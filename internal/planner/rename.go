package planner

import (
	"fmt"
	"os"
	"regexp"
)

// Rename says that a column or, with an empty From.Column, a table goes on under another name.
type Rename struct{ Table, Column, To string }

// String is the flag's form: users.name=display_name or clients=customers.
func (r Rename) String() string {
	if r.Column == "" {
		return r.Table + "=" + r.To
	}
	return r.Table + "." + r.Column + "=" + r.To
}

var (
	renameForm       = regexp.MustCompile(`^(\w+)(?:\.(\w+))?=(?:(\w+)\.)?(\w+)$`)
	renameAnnotation = regexp.MustCompile(`(?m)^-- lockstep:rename[ \t]+(\S+)[ \t]*$`)
)

// ParseRename reads users.name=display_name (a column) or clients=customers (a table).
func ParseRename(text string) (Rename, error) {
	m := renameForm.FindStringSubmatch(text)
	if m == nil || m[3] != "" && m[3] != m[1] {
		return Rename{}, fmt.Errorf("%q says no rename: write users.name=display_name for a column, clients=customers for a table", text)
	}
	return Rename{Table: m[1], Column: m[2], To: m[4]}, nil
}

// annotated reads the renames that the desired state itself declares (`-- lockstep:rename users.name=display_name`). They
// stay there after the rename is done, and then mean nothing.
func annotated(path string) ([]Rename, error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("read the desired state: %w", err)
	}
	var out []Rename
	for _, m := range renameAnnotation.FindAllStringSubmatch(string(text), -1) {
		r, err := ParseRename(m[1])
		if err != nil {
			return nil, fmt.Errorf("%s: %w", path, err)
		}
		out = append(out, r)
	}
	return out, nil
}
