package image

import (
	"archive/tar"
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	cyclonedx "github.com/CycloneDX/cyclonedx-go"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/layout"
	"github.com/google/go-containerregistry/pkg/v1/mutate"
	"github.com/google/go-containerregistry/pkg/v1/validate"
)

const root = "../.."

// git runs git on a checkout and returns what it prints.
func git(t *testing.T, dir string, args ...string) string {
	t.Helper()
	cmd := exec.Command("git", append([]string{"-C", dir}, args...)...)
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("git %s: %v\n%s", strings.Join(args, " "), err, out)
	}
	return strings.TrimSpace(string(out))
}

// clone copies the committed state of this repository to a folder of its own.
func clone(t *testing.T) string {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "clone")
	git(t, root, "clone", "--quiet", "file://"+git(t, root, "rev-parse", "--show-toplevel"), dir)
	return dir
}

func build(t *testing.T, dir string) Result {
	t.Helper()
	result, err := Build(t.Context(), Options{Root: dir, Version: "1.2.3", Name: "registry.example.com:5000/acme/lockstep", Platforms: []string{"linux/" + runtime.GOARCH}})
	if err != nil {
		t.Fatal(err)
	}
	return result
}

// TestSameCommitSameDigest builds a commit in two folders, and one that differs.
func TestSameCommitSameDigest(t *testing.T) {
	t.Parallel()
	one, two := clone(t), clone(t)
	first := build(t, one)
	source := first.Images[0].Source
	if commit := git(t, one, "rev-parse", "HEAD"); source.Commit != commit || source.Modified || source.Date.Unix() == 0 {
		t.Errorf("got %+v, want commit %s, its date and no changes", source, commit)
	}
	if second := build(t, two); first.Digest != second.Digest {
		t.Errorf("got digests %s and %s of one commit", first.Digest, second.Digest)
	}
	git(t, two, "-c", "user.name=t", "-c", "user.email=t@localhost", "commit", "--quiet", "--allow-empty", "-m", "another")
	if other := build(t, two); first.Digest == other.Digest {
		t.Errorf("got digest %s of two commits: it does not say which one is in there", first.Digest)
	}
}

// TestImage reads back what was written.
func TestImage(t *testing.T) {
	t.Parallel()
	result := build(t, root)
	dir := filepath.Join(t.TempDir(), "image")
	for range 2 { // the second time over the first
		if err := result.Write(dir); err != nil {
			t.Fatal(err)
		}
	}
	index, err := layout.ImageIndexFromPath(dir)
	if err != nil {
		t.Fatal(err)
	}
	if err := validate.Index(index); err != nil {
		t.Errorf("the layout is not valid: %v", err)
	}
	manifest, err := index.IndexManifest()
	if err != nil {
		t.Fatal(err)
	}
	if len(manifest.Manifests) != 1 || manifest.Manifests[0].Annotations["io.containerd.image.name"] != "registry.example.com:5000/acme/lockstep:1.2.3" {
		t.Fatalf("got manifests %+v, want one with its name", manifest.Manifests)
	}
	image, err := index.Image(result.Digest)
	if err != nil {
		t.Fatalf("the digest is not in the layout: %v", err)
	}
	config, err := image.ConfigFile()
	if err != nil {
		t.Fatal(err)
	}
	if config.Config.User != "65532:65532" || config.Config.Labels["org.opencontainers.image.version"] != "1.2.3" || config.Architecture != runtime.GOARCH {
		t.Errorf("got configuration %+v", config)
	}
	files := extract(t, image)
	if len(files) != 2 || files["server"] == nil || files["sbom.cdx.json"] == nil {
		t.Fatalf("got %d files, want the server and its bill of materials alone", len(files))
	}
	const limit = 30_000_000
	if size := len(files["server"]) + len(files["sbom.cdx.json"]); size > limit || len(files["server"]) < 1e6 {
		t.Errorf("got %d bytes, want at most %d", size, int(limit))
	}
	bom := cyclonedx.NewBOM()
	if err := cyclonedx.NewBOMDecoder(bytes.NewReader(files["sbom.cdx.json"]), cyclonedx.BOMFileFormatJSON).Decode(bom); err != nil {
		t.Fatal(err)
	}
	parts := map[string]string{}
	for _, c := range *bom.Components {
		parts[c.Name] = c.PackageURL
	}
	if bom.Metadata.Component.Version != "1.2.3" || parts["std"] == "" || !strings.HasPrefix(parts["github.com/jackc/pgx/v5"], "pkg:golang/github.com/jackc/pgx/v5@v5.") {
		t.Errorf("got version %q and parts %v", bom.Metadata.Component.Version, parts)
	}
	if parts["github.com/google/go-containerregistry"] != "" {
		t.Error("the bill of materials names a module that the server does not link")
	}
}

func extract(t *testing.T, image v1.Image) map[string][]byte {
	t.Helper()
	contents := mutate.Extract(image)
	defer func() { _ = contents.Close() }()
	files := map[string][]byte{}
	reader := tar.NewReader(contents)
	for {
		header, err := reader.Next()
		if errors.Is(err, io.EOF) {
			return files
		}
		if err != nil {
			t.Fatal(err)
		}
		if header.Uid != 0 || header.Mode&0o222 != 0 {
			t.Errorf("/%s belongs to user %d with mode %o, want root's and nobody's to write", header.Name, header.Uid, header.Mode)
		}
		if files[header.Name], err = io.ReadAll(reader); err != nil {
			t.Fatal(err)
		}
	}
}

// TestSeveralPlatforms assembles an index without compiling for each.
func TestSeveralPlatforms(t *testing.T) {
	t.Parallel()
	result := Result{Reference: "localhost/lockstep:dev"}
	for _, architecture := range []string{"amd64", "arm64"} {
		built, err := assemble(Options{Version: "dev"}, v1.Platform{OS: "linux", Architecture: architecture}, []file{{Name: "server", Mode: 0o555, Content: []byte(architecture)}}, Source{})
		if err != nil {
			t.Fatal(err)
		}
		result.Images = append(result.Images, built)
	}
	var err error
	if result.Digest, err = result.top(); err != nil {
		t.Fatal(err)
	}
	dir := filepath.Join(t.TempDir(), "image")
	if err := result.Write(dir); err != nil {
		t.Fatal(err)
	}
	index, err := layout.ImageIndexFromPath(dir)
	if err != nil {
		t.Fatal(err)
	}
	if err := validate.Index(index); err != nil {
		t.Errorf("the layout is not valid: %v", err)
	}
	inner, err := index.ImageIndex(result.Digest)
	if err != nil {
		t.Fatalf("the digest is not that of the index: %v", err)
	}
	raw, err := inner.RawManifest()
	if err != nil {
		t.Fatal(err)
	}
	var manifest v1.IndexManifest
	if err := json.Unmarshal(raw, &manifest); err != nil {
		t.Fatal(err)
	}
	if len(manifest.Manifests) != 2 || manifest.Manifests[1].Platform.Architecture != "arm64" {
		t.Errorf("got %s, want both platforms", raw)
	}
}

func TestMistakes(t *testing.T) {
	t.Parallel()
	for says, o := range map[string]Options{
		"name a platform":          {},
		"give linux/ARCHITECTURE":  {Platforms: []string{"windows/amd64"}},
		"variants are not built":   {Platforms: []string{"linux/arm/v7"}},
		"image localhost/Lockstep": {Name: "localhost/Lockstep", Platforms: []string{"linux/amd64"}},
		"image localhost/lockstep": {Version: "not a tag", Platforms: []string{"linux/amd64"}},
	} {
		if _, err := Build(t.Context(), o); err == nil || !strings.Contains(err.Error(), says) {
			t.Errorf("got %v, want %q", err, says)
		}
	}
	dir := t.TempDir()
	git(t, dir, "init", "--quiet")
	if err := (Result{}).Write(dir); err == nil || !strings.Contains(err.Error(), "no OCI layout") {
		t.Errorf("got %v, want a refusal to remove what is no layout", err)
	}
}
