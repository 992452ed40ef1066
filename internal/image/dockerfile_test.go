package image

import (
	"go/version"
	"maps"
	"os"
	"regexp"
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

// bases are the images that a Dockerfile builds on, with the defaults of its arguments; a stage's name is none.
func bases(dockerfile string) []string {
	defaults, stages := map[string]string{}, map[string]bool{"scratch": true}
	var out []string
	for line := range strings.Lines(strings.ReplaceAll(dockerfile, "\\\n", " ")) {
		words := strings.Fields(line)
		switch {
		case len(words) > 1 && strings.EqualFold(words[0], "ARG"):
			name, value, _ := strings.Cut(words[1], "=")
			defaults[name] = value
		case len(words) > 1 && strings.EqualFold(words[0], "FROM"):
			words = slices.DeleteFunc(words[1:], func(word string) bool { return strings.HasPrefix(word, "--") })
			if base := os.Expand(words[0], func(name string) string { return defaults[name] }); !stages[base] {
				out = append(out, base)
			}
			if len(words) == 3 {
				stages[words[2]] = true
			}
		case len(words) > 1 && strings.EqualFold(words[0], "COPY"):
			if from, found := strings.CutPrefix(words[1], "--from="); found && !stages[from] {
				out = append(out, from)
			}
		}
	}
	return out
}

var byDigest = regexp.MustCompile(`^[\w./:-]+@sha256:[0-9a-f]{64}$`)

// TestBaseImagesAreNamedByDigest refuses a base that somebody else can exchange: a tag moves.
func TestBaseImagesAreNamedByDigest(t *testing.T) {
	t.Parallel()
	data, err := os.ReadFile("../../Dockerfile")
	if err != nil {
		t.Fatal(err)
	}
	found := bases(string(data))
	for _, base := range found {
		if !byDigest.MatchString(base) {
			t.Errorf("the Dockerfile builds on %s: add the digest of its index", base)
		}
	}
	if len(found) != 1 {
		t.Fatalf("got the bases %v, want the one that has Go", found)
	}
	// The image takes no other Go than its own.
	_, tag, _ := strings.Cut(found[0], "golang:")
	tag, _, _ = strings.Cut(tag, "@")
	module, err := os.ReadFile("../../go.mod")
	if err != nil {
		t.Fatal(err)
	}
	if wants := regexp.MustCompile(`(?m)^go (.+)$`).FindSubmatch(module); wants == nil || version.Compare("go"+tag, "go"+string(wants[1])) < 0 {
		t.Errorf("the Dockerfile builds with Go %s, go.mod wants %s", tag, wants)
	}
	digest := strings.Repeat("0", 64)
	for text, want := range map[string]bool{
		"FROM golang:1.26": false,
		"FROM --platform=$BUILDPLATFORM golang:1.26 AS build":            false,
		"ARG GO=golang:1.26\nFROM ${GO} AS build":                        false,
		"ARG GO=golang:1.26\nFROM $GO":                                   false,
		"FROM golang@sha256:" + digest[1:]:                               false,
		"FROM scratch\nCOPY --from=docker.io/library/alpine:3 /etc /etc": false,
		"from alpine": false,
		"FROM golang:1.26@sha256:" + digest + " AS build\nFROM build\nCOPY --from=build / /": true,
	} {
		pinned := !slices.ContainsFunc(bases(text), func(base string) bool { return !byDigest.MatchString(base) })
		if pinned != want {
			t.Errorf("%q: by digest %t, want %t: %v", text, pinned, want, bases(text))
		}
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
