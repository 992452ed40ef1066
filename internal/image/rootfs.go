package image

import (
	"bytes"
	"context"
	"debug/buildinfo"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"time"

	v1 "github.com/google/go-containerregistry/pkg/v1"
)

// file is one of the image.
type file struct {
	Name    string // below /, without the slash
	Mode    fs.FileMode
	Content []byte
}

// Source is what the binary was built from, as the Go tool stamped it.
type Source struct {
	// Commit is empty outside a git checkout.
	Commit string
	// Date is the commit's, in UTC; the zero of Unix time without one.
	Date time.Time
	// Modified says that the checkout differs from the commit, so that nobody can build the image again.
	Modified bool
	// Go is the compiler's version.
	Go string
}

// rootfs builds the files of the image.
func rootfs(ctx context.Context, o Options, platform v1.Platform) ([]file, Source, error) {
	binary, err := compile(ctx, o, platform)
	if err != nil {
		return nil, Source{}, err
	}
	info, err := buildinfo.Read(bytes.NewReader(binary))
	if err != nil {
		return nil, Source{}, fmt.Errorf("read what the server was built from: %w", err)
	}
	source, err := sourceOf(info)
	if err != nil {
		return nil, Source{}, err
	}
	sbom, err := materials(info, source, o.Version)
	if err != nil {
		return nil, Source{}, err
	}
	return []file{
		{Name: "sbom.cdx.json", Mode: 0o444, Content: sbom},
		{Name: "server", Mode: 0o555, Content: binary},
	}, source, nil
}

// compile builds cmd/server so that neither the machine nor the folder shows in it.
func compile(ctx context.Context, o Options, platform v1.Platform) (binary []byte, err error) {
	dir, err := os.MkdirTemp("", "lockstep-image-*")
	if err != nil {
		return nil, fmt.Errorf("make a folder for the server: %w", err)
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	out := filepath.Join(dir, "server")
	cmd := exec.CommandContext(ctx, "go", "build", "-trimpath", "-ldflags", "-s -w -X main.version="+o.Version, "-o", out, "./cmd/server")
	cmd.Dir = o.Root
	// What a developer's settings ask of the compiler would show in the result.
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0", "GOOS=linux", "GOARCH="+platform.Architecture,
		"GOFLAGS=-buildvcs=auto", "GOEXPERIMENT=", "GOAMD64=v1", "GOARM64=v8.0", "GOWORK=off")
	if text, err := cmd.CombinedOutput(); err != nil {
		return nil, fmt.Errorf("build the server for %s: %w\n%s", platform, err, text)
	}
	binary, err = os.ReadFile(out)
	if err != nil {
		return nil, fmt.Errorf("read the server: %w", err)
	}
	return binary, nil
}

func sourceOf(info *buildinfo.BuildInfo) (Source, error) {
	source := Source{Date: time.Unix(0, 0).UTC(), Go: info.GoVersion}
	for _, s := range info.Settings {
		switch s.Key {
		case "vcs.revision":
			source.Commit = s.Value
		case "vcs.modified":
			source.Modified = s.Value == "true"
		case "vcs.time":
			date, err := time.Parse(time.RFC3339, s.Value)
			if err != nil {
				return Source{}, fmt.Errorf("read the commit's date: %w", err)
			}
			source.Date = date.UTC()
		}
	}
	return source, nil
}

// writeNew writes a file, replacing one that may not be written to.
func writeNew(path string, content []byte, mode fs.FileMode) error {
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return err
	}
	if err := os.Remove(path); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	if err := os.WriteFile(path, content, 0o644); err != nil {
		return err
	}
	return os.Chmod(path, mode) // past the umask
}
