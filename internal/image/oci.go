package image

import (
	"archive/tar"
	"bytes"
	"fmt"
	"io"
	"time"

	"github.com/google/go-containerregistry/pkg/name"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/empty"
	"github.com/google/go-containerregistry/pkg/v1/mutate"
	"github.com/google/go-containerregistry/pkg/v1/tarball"
	"github.com/google/go-containerregistry/pkg/v1/types"
)

// The image's configuration; the Dockerfile says the same, and a test compares them.
var (
	// user is "nonroot" of distroless images. It is a number, because runAsNonRoot can only tell 0 from numbers.
	user       = "65532:65532"
	entrypoint = []string{"/server"}
	command    = []string{"serve"}
	// A container's own loopback is nobody else's.
	environment = []string{"LOCKSTEP_ADDR=0.0.0.0:8080", "LOCKSTEP_ADMIN_ADDR=0.0.0.0:9090"}
	ports       = map[string]struct{}{"8080/tcp": {}, "9090/tcp": {}}
)

// labels are those of the OCI image specification, annotations.md.
func labels(o Options, source Source) map[string]string {
	labels := map[string]string{
		"org.opencontainers.image.title":    "lockstep",
		"org.opencontainers.image.version":  o.Version,
		"org.opencontainers.image.created":  source.Date.Format(time.RFC3339),
		"org.opencontainers.image.licenses": "Apache-2.0",
	}
	if source.Commit != "" {
		labels["org.opencontainers.image.revision"] = source.Commit
	}
	return labels
}

func parseReference(repository, tag string) (string, error) {
	reference, err := name.NewTag(repository+":"+tag, name.WithDefaultRegistry(""), name.StrictValidation)
	if err != nil {
		return "", fmt.Errorf("image %s:%s: %w", repository, tag, err)
	}
	return reference.String(), nil
}

// assemble makes the image of one platform of its files: one layer, whose times are the commit's.
func assemble(o Options, platform v1.Platform, files []file, source Source) (Built, error) {
	built := Built{Platform: platform, Source: source}
	archive, err := layerOf(files, source.Date)
	if err != nil {
		return built, err
	}
	layer, err := tarball.LayerFromOpener(func() (io.ReadCloser, error) { return io.NopCloser(bytes.NewReader(archive)), nil },
		tarball.WithMediaType(types.OCILayer), tarball.WithCompressionLevel(9))
	if err != nil {
		return built, fmt.Errorf("make the layer: %w", err)
	}
	base := mutate.ConfigMediaType(mutate.MediaType(empty.Image, types.OCIManifestSchema1), types.OCIConfigJSON)
	image, err := mutate.Append(base, mutate.Addendum{
		Layer:     layer,
		MediaType: types.OCILayer,
		History:   v1.History{Created: v1.Time{Time: source.Date}, CreatedBy: "lockstep image"},
	})
	if err != nil {
		return built, fmt.Errorf("add the layer: %w", err)
	}
	config, err := image.ConfigFile()
	if err != nil {
		return built, fmt.Errorf("read the configuration: %w", err)
	}
	config = config.DeepCopy()
	config.OS, config.Architecture, config.Created = platform.OS, platform.Architecture, v1.Time{Time: source.Date}
	config.Config = v1.Config{
		User: user, Entrypoint: entrypoint, Cmd: command, Env: environment, ExposedPorts: ports, WorkingDir: "/",
		Labels: labels(o, source),
	}
	if image, err = mutate.ConfigFile(image, config); err != nil {
		return built, fmt.Errorf("write the configuration: %w", err)
	}
	built.Image = image
	if built.Compressed, err = layer.Size(); err != nil {
		return built, fmt.Errorf("measure the layer: %w", err)
	}
	for _, f := range files {
		built.Files += int64(len(f.Content))
		if f.Name == "sbom.cdx.json" {
			built.SBOM = f.Content
		}
	}
	return built, nil
}

func layerOf(files []file, date time.Time) ([]byte, error) {
	var out bytes.Buffer
	w := tar.NewWriter(&out)
	for _, f := range files {
		header := &tar.Header{Typeflag: tar.TypeReg, Name: f.Name, Mode: int64(f.Mode), Size: int64(len(f.Content)), ModTime: date, Format: tar.FormatUSTAR}
		if err := w.WriteHeader(header); err != nil {
			return nil, fmt.Errorf("add /%s: %w", f.Name, err)
		}
		if _, err := w.Write(f.Content); err != nil {
			return nil, fmt.Errorf("add /%s: %w", f.Name, err)
		}
	}
	if err := w.Close(); err != nil {
		return nil, fmt.Errorf("close the layer: %w", err)
	}
	return out.Bytes(), nil
}
