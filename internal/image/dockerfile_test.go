package image

import (
	"maps"
	"os"
	"slices"
	"strings"
	"testing"
	"time"
)

// TestDockerfileSaysTheSame compares the Dockerfile's configuration of the image with ours.
func TestDockerfileSaysTheSame(t *testing.T) {
	t.Parallel()
	data, err := os.ReadFile("../../Dockerfile")
	if err != nil {
		t.Fatal(err)
	}
	_, final, _ := strings.Cut(strings.ReplaceAll(string(data), "\\\n", " "), "FROM scratch\n")
	got := map[string]string{}
	for line := range strings.Lines(final) {
		instruction, arguments, _ := strings.Cut(strings.TrimSpace(line), " ")
		got[instruction] += strings.Join(strings.Fields(arguments), " ")
	}
	list := func(words []string) string { return `["` + strings.Join(words, `", "`) + `"]` }
	named := labels(Options{Version: "${VERSION}"}, Source{Date: time.Unix(0, 0)})
	delete(named, "org.opencontainers.image.created") // a Dockerfile cannot know
	var label []string
	for _, name := range []string{"title", "version", "licenses"} {
		name = "org.opencontainers.image." + name
		label = append(label, name+"="+named[name])
		delete(named, name)
	}
	want := map[string]string{
		"ARG": "VERSION=dev", "COPY": "--from=build /rootfs/ /", "WORKDIR": "/",
		"LABEL": strings.Join(label, " "), "ENV": strings.Join(environment, " "), "USER": user,
		"EXPOSE":     strings.Join(slices.Sorted(maps.Keys(ports)), " "),
		"ENTRYPOINT": list(entrypoint), "CMD": list(command),
	}
	if !maps.Equal(got, want) || len(named) != 0 {
		t.Errorf("the Dockerfile's last stage says\n%v, want\n%v, and labels %v", got, want, named)
	}
}

// TestDockerContextIsTheCommit asks whether .dockerignore keeps a committed file out of the build: git would miss it in
// there, and the image call its checkout changed, though nothing was.
func TestDockerContextIsTheCommit(t *testing.T) {
	t.Parallel()
	data, err := os.ReadFile("../../.dockerignore")
	if err != nil {
		t.Fatal(err)
	}
	dir := clone(t)
	leftOut := func(patterns string) string {
		args := []string{"ls-files", "--cached", "--ignored"}
		for line := range strings.Lines(patterns) {
			line = strings.TrimSpace(line)
			if line == "" || strings.HasPrefix(line, "#") {
				continue
			}
			args = append(args, "--exclude=/"+strings.TrimPrefix(line, "/")) // Docker's start at the root, git's would not
		}
		return git(t, dir, args...)
	}
	if got := leftOut(string(data)); got != "" {
		t.Errorf(".dockerignore leaves out what is committed:\n%s", got)
	}
	for _, fault := range []string{"docs", "**/operations.md"} {
		if got := leftOut(string(data) + "\n" + fault + "\n"); !strings.Contains(got, "docs/operations.md") {
			t.Errorf("%s: got %q, want the document that it leaves out", fault, got)
		}
	}
	if got := leftOut("operations.md\n"); got != "" {
		t.Errorf("a name at the root leaves out %s, want nothing", got)
	}
}
