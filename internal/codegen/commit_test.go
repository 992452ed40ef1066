package codegen

import (
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"entgo.io/ent"
	"entgo.io/ent/schema/field"

	"github.com/lockstep-dev/lockstep/internal/codegen/fixture"
)

// Parcel is an entity whose generated code is spoilt.
type Parcel struct{ ent.Schema }

// Fields of Parcel.
func (Parcel) Fields() []ent.Field {
	return []ent.Field{field.String("string"), field.String("weight")}
}

func TestCommitNamesTheEntityAndTheField(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct{ file, source, want string }{
		"in the entity's package": {"ent/parcel/where.go", "package parcel\n\nfunc Weight() {}\n\nfunc Weight() {}\n", "entity Parcel, field weight: ent/parcel/where.go:5:6: Weight redeclared"},
		"in a file of all":        {"ent/mutation.go", "package ent\n\ntype ParcelMutation struct{}\n\nfunc (m *ParcelMutation) Weight() int {\n\treturn none\n}\n", "entity Parcel, field weight: ent/mutation.go:6:9: undefined: none"},
		"as the schema has it":    {"internal/crud/parcel.go", "package crud\n\nvar _ = StringField\n", "entity Parcel, field string: internal/crud/parcel.go:3:9"},
		"of no field":             {"internal/crud/parcel.go", "package crud\n\nvar _ = none\n", "entity Parcel: internal/crud/parcel.go:3:9"},
		"of no entity":            {"internal/oas/oas_cfg_gen.go", "package oas\n\nvar _ = none\n", "\n  internal/oas/oas_cfg_gen.go:3:9"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			root := t.TempDir()
			write(t, filepath.Join(root, "go.mod"), "module example.com/m\n\ngo 1.26\n")
			write(t, filepath.Join(root, "ent", "old.go"), generated+"package ent\n")
			w, err := Open(root, io.Discard)
			if err != nil {
				t.Fatal(err)
			}
			w.graph = fixture.Graph(t, Parcel{})
			w.stage(c.file, []byte(c.source))
			w.stage("ent/old.go", nil)
			_, err = w.Commit(t.Context(), CommitOptions{WriteFirst: true})
			var failed *CompileError
			if !errors.As(err, &failed) || len(failed.Own) > 0 || !strings.Contains(err.Error(), c.want) || !strings.Contains(err.Error(), "nothing was replaced") {
				t.Errorf("got %v, want %s", err, c.want)
			}
			if files, err := snapshot(root); err != nil || len(files) != 2 {
				t.Errorf("got %d files, %v, want the two of before", len(files), err)
			}
		})
	}
}

// TestTwoGenerationsRemoveTheSameFile has a stale file and its folder gone before Commit removes them: the other one has.
func TestTwoGenerationsRemoveTheSameFile(t *testing.T) {
	t.Parallel()
	root := t.TempDir()
	write(t, filepath.Join(root, "go.mod"), "module example.com/m\n\ngo 1.26\n")
	write(t, filepath.Join(root, "ent", "old", "old.go"), generated+"package old\n")
	w, err := Open(root, io.Discard)
	if err != nil {
		t.Fatal(err)
	}
	w.stage("ent/old/old.go", nil)
	if err := os.RemoveAll(filepath.Join(root, "ent")); err != nil {
		t.Fatal(err)
	}
	if _, err := w.Commit(t.Context(), CommitOptions{Steps: []string{"problems"}}); err != nil {
		t.Errorf("got %v, want nothing left to remove", err)
	}
}

// A line of a comment that begins with +build made go/printer write a build constraint: the file was no part of its package.
func TestCommentsAreNoDirectives(t *testing.T) {
	t.Parallel()
	if got, want := harmless("First.\n +build x\na +build"), "First.\n \\+build x\na +build"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
	const line = `  "description": "First.\n+build x",`
	if got, want := string(harmlessTexts([]byte(line))), `  "description": "First.\n\\+build x",`; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
	if got := string(harmlessTexts([]byte(`  "const": "+build"`))); got != `  "const": "+build"` {
		t.Errorf("got %s: it is no text", got)
	}
}
