package main

import (
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/go-faster/yaml"
	"github.com/google/go-cmp/cmp"
)

// newClone is a copy of the repository with a history of one commit, on the branch main.
func newClone(t *testing.T) (root string, git func(args ...string) string) {
	t.Helper()
	root = copyRepository(t)
	git = func(args ...string) string {
		t.Helper()
		return command(t, root, "git", append([]string{"-c", "user.name=test", "-c", "user.email=test@example.com"}, args...)...)
	}
	git("init", "-q", "-b", "main")
	if err := os.WriteFile(filepath.Join(root, ".git", "info", "exclude"), []byte("/node_modules\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	git("add", "-A")
	git("commit", "-q", "-m", "main")
	return root, git
}

// rebaseMends are the files that `lockstep migrate rebase` makes out of the migrations.
var rebaseMends = []string{"migrations/down/down.sum", "migrations/fingerprint.json"}

// generatedLine is how a generated file says so.
var generatedLine = regexp.MustCompile(`(?m)\A(?:#!.*\n)?(?://|<!--|/\*|#) ?Code generated .*DO NOT EDIT`)

// TestGeneratedFilesAreMergedByGenerating reads the attributes of every file as git does: what is generated, and nothing else, is
// left alone by a merge.
func TestGeneratedFilesAreMergedByGenerating(t *testing.T) {
	t.Parallel()
	root, git := newClone(t)
	var left []string
	names := strings.Split(strings.Trim(git("ls-files", "-z"), "\x00"), "\x00")
	fields := strings.Split(git(append([]string{"check-attr", "-z", "merge", "--"}, names...)...), "\x00")
	for i := 0; i+2 < len(fields); i += 3 {
		if fields[i+2] == "lockstep-generated" {
			left = append(left, fields[i])
		}
	}
	generated := slices.Collect(maps.Keys(generatedFiles(t, root)))
	want := slices.Sorted(slices.Values(append(generated, rebaseMends...)))
	if diff := cmp.Diff(want, slices.Sorted(slices.Values(left))); diff != "" {
		t.Errorf(".gitattributes differs from what is generated (-generated +left alone):\n%s", diff)
	}
	for _, name := range names {
		text, err := os.ReadFile(filepath.Join(root, name))
		if err != nil {
			t.Fatal(err)
		}
		if generatedLine.Match(text) && !strings.Contains(name, "testdata") && filepath.Ext(name) != ".tmpl" && !slices.Contains(left, name) {
			t.Errorf("%s says that it is generated, and a merge would join it line by line", name)
		}
	}
}

// TestMergeOfTwoBranches has two branches add an entity and a field each, and merges them with git: what conflicts is what a
// person has to decide, one generation makes the rest, and CI refuses a merge without it.
func TestMergeOfTwoBranches(t *testing.T) {
	t.Parallel()
	root, git := newClone(t)
	branch := func(name, entity, schema, field string) {
		t.Helper()
		git("checkout", "-q", "-b", name, "main")
		lockstep(t, root, "new", "entity", entity)
		path := filepath.Join(root, "ent", "schema", schema)
		text, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		const fields = "return []ent.Field{\n"
		if strings.Count(string(text), fields) != 1 {
			t.Fatalf("%s has no list of fields to add to", schema)
		}
		after := strings.Replace(string(text), fields, fields+"\t\tfield.String(\""+field+"\").Optional().Nillable().MaxRuneLen(40).Comment(\"The "+field+".\"),\n", 1)
		if err := os.WriteFile(path, []byte(after), 0o644); err != nil {
			t.Fatal(err)
		}
		lockstep(t, root, "generate")
		lockstep(t, root, "migration", "--name", "add_"+field)
		git("add", "-A")
		git("commit", "-q", "-m", name)
	}
	// Planned first and merged last: its migration has to get behind the other one.
	branch("badges", "Badge", "role.go", "badge")
	branch("desks", "Desk", "user.go", "desk")
	git("checkout", "-q", "main")
	git("merge", "-q", "--ff-only", "desks")
	git("checkout", "-q", "badges")

	conflicts := func() []string {
		t.Helper()
		out, err := exec.CommandContext(t.Context(), "git", "-C", root, "-c", "user.name=test", "-c", "user.email=test@example.com", "merge", "-q", "main").CombinedOutput()
		if err == nil {
			t.Fatalf("git merges the two sums without a question:\n%s", out)
		}
		return strings.Fields(git("diff", "--name-only", "--diff-filter=U"))
	}
	before := conflicts()
	t.Logf("%d conflicts in a clone that was not set up", len(before))
	if len(before) < 20 {
		t.Errorf("got %d conflicts in a clone that was not set up, want the many that this is about: %v", len(before), before)
	}
	lockstep(t, root, "generate")
	for _, name := range before {
		if text, err := os.ReadFile(filepath.Join(root, name)); err == nil && strings.Contains(string(text), "<<<<<<<") && !strings.HasPrefix(name, "migrations/") {
			t.Errorf("generation leaves %s in conflict", name)
		}
	}
	git("reset", "-q", "--hard", "HEAD")
	if said := lockstep(t, root, "setup"); !strings.Contains(said, "leave generated files to make generate") {
		t.Errorf("setup does not say what it sets:\n%s", said)
	}
	if diff := cmp.Diff([]string{"migrations/atlas.sum"}, conflicts()); diff != "" {
		t.Errorf("conflicts (-want +got):\n%s", diff)
	}

	t.Run("forgotten", func(t *testing.T) {
		git("add", "-A")
		git("commit", "-q", "-m", "merged without generating")
		if out, err := generatedAreCurrent(t, root); err == nil {
			t.Errorf("CI takes generated files that are not current:\n%s", out)
		}
		git("checkout", "-q", "--", ".")
		git("clean", "-q", "-f", "-d")
		if out, err := exec.CommandContext(t.Context(), "go", "run", "-C", root, "./cmd/lockstep", "migrate", "verify").CombinedOutput(); err == nil || !strings.Contains(string(out), "atlas.sum") {
			t.Errorf("CI takes migrations that were not put in order: %v\n%s", err, out)
		}
	})
	command(t, root, "make", "generate")
	if said := lockstep(t, root, "migrate", "rebase", "--base", "main"); !strings.Contains(said, "1 moved") {
		t.Errorf("the branch's migration is not put behind main's:\n%s", said)
	}
	git("add", "-A")
	git("commit", "-q", "-m", "merged")
	if out, err := generatedAreCurrent(t, root); err != nil {
		t.Errorf("CI refuses the merge: %v\n%s", err, out)
	}
	command(t, root, "go", "build", "-o", os.DevNull, "./cmd/server")
	schema, err := os.ReadFile(filepath.Join(root, "ent", "schema.sql"))
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{`"badges"`, `"desks"`, `"badge" character varying`, `"desk" character varying`} {
		if !strings.Contains(string(schema), want) {
			t.Errorf("the merged schema lacks %s", want)
		}
	}
}

// generatedAreCurrent runs the step of CI that looks for generated files nobody made again.
func generatedAreCurrent(t *testing.T, root string) (string, error) {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(root, ".github", "workflows", "ci.yml"))
	if err != nil {
		t.Fatal(err)
	}
	var workflow struct {
		Jobs map[string]struct {
			Steps []struct{ Name, Run string }
		}
	}
	if err := yaml.Unmarshal(text, &workflow); err != nil {
		t.Fatal(err)
	}
	for _, step := range workflow.Jobs["test"].Steps {
		if step.Name == "Generated files are current" {
			cmd := exec.CommandContext(t.Context(), "bash", "-e", "-c", step.Run)
			cmd.Dir = root
			out, err := cmd.CombinedOutput()
			return string(out), err
		}
	}
	t.Fatal("CI has no such step")
	return "", nil
}
