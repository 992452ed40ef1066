package devdb

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// disguise makes a folder with another build of the same major version: it says so, and runs the programs of b.
func disguise(t *testing.T, b binaries) (dir, build string) {
	t.Helper()
	dir, build = t.TempDir(), fmt.Sprintf("%d.999 (of another packager)", b.major)
	for _, name := range []string{"postgres", "initdb"} {
		script := fmt.Sprintf("#!/bin/sh\ncase \"$1\" in --version) echo 'postgres (PostgreSQL) %s' ;; *) exec %s \"$@\" ;; esac\n", build, b.program(name))
		if err := os.WriteFile(filepath.Join(dir, name), []byte(script), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	for _, folder := range []string{dir, filepath.Dir(dir)} { // entered by the account Postgres runs as
		if err := os.Chmod(folder, 0o755); err != nil {
			t.Fatal(err)
		}
	}
	return dir, build
}

// Data is opened by the build that made it without a word, and by another one with two: which it was, and how to have that again.
func TestAnotherBuildSaysSo(t *testing.T) {
	ours, dir := found(t), t.TempDir()
	open := func() (said, madeBy string) {
		t.Helper()
		var log strings.Builder
		c, err := Start(t.Context(), Options{Dir: dir, Log: &log})
		if err != nil {
			t.Fatalf("%v\n%s", err, log.String())
		}
		madeBy = c.MadeBy()
		if err := c.Stop(); err != nil {
			t.Fatal(err)
		}
		return log.String(), madeBy
	}
	const word = "opens it now"
	for range 2 {
		if said, madeBy := open(); strings.Contains(said, word) || madeBy != "" {
			t.Errorf("by the build that made it: got %q, made by %q", said, madeBy)
		}
	}
	other, build := disguise(t, ours)
	t.Setenv(binDirVariable, other)
	said, madeBy := open()
	for _, want := range []string{"was opened by Postgres " + ours.build + " before", build + " (" + other + ") " + word, binDirVariable, "remove " + dir} {
		if !strings.Contains(said, want) {
			t.Errorf("by another build: got %q, want it to say %q", said, want)
		}
	}
	if madeBy != ours.build {
		t.Errorf("got made by %q, want %q", madeBy, ours.build)
	}
	if said, madeBy := open(); strings.Contains(said, word) || madeBy != ours.build {
		t.Errorf("by that one again: got %q, made by %q", said, madeBy)
	}
	t.Setenv(binDirVariable, "")
	if said, madeBy := open(); !strings.Contains(said, "was opened by Postgres "+build) || madeBy != "" {
		t.Errorf("by the first again: got %q, made by %q", said, madeBy)
	}
	if err := os.Remove(filepath.Join(dir, "data", originName)); err != nil {
		t.Fatal(err)
	}
	if said, _ := open(); !strings.Contains(said, "It is not known which build") {
		t.Errorf("data older than the record: got %q", said)
	}
	if said, _ := open(); strings.Contains(said, word) {
		t.Errorf("the second time: got %q", said)
	}
	t.Setenv(majorVariable, fmt.Sprint(ours.major+1))
	if c, err := Start(t.Context(), Options{Dir: dir}); err == nil || !strings.Contains(err.Error(), "a major version cannot open the data of another") {
		t.Errorf("by another major: got %v, %v; want a refusal", c, err)
	}
}
