// Package image builds the server's container image: an OCI layout (image-spec 1.1), made without a daemon, a base image or a
// registry. The image holds the static binary and its bill of materials and nothing else; the same commit built by the same
// Go gives the same digest.
package image

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"strings"

	v1 "github.com/google/go-containerregistry/pkg/v1"
)

// Options say what to build.
type Options struct {
	// Root is the checkout.
	Root string
	// Version is what the binary says of itself and the image's tag. Defaults to dev.
	Version string
	// Name is the image's name without the tag. Defaults to localhost/lockstep.
	Name string
	// Platforms are those to build for, such as linux/arm64. At least one; all of linux.
	Platforms []string
}

// Result is the image that was built.
type Result struct {
	// Reference is name and tag.
	Reference string
	// Digest is that of the manifest or, for several platforms, of the index.
	Digest v1.Hash
	// Images are the images, one per platform.
	Images []Built
}

// Built is the image of one platform.
type Built struct {
	Platform v1.Platform
	Image    v1.Image
	Source   Source
	// Compressed is what a registry stores and a node pulls, bytes; Files is what they take there.
	Compressed, Files int64
	// SBOM is the bill of materials, CycloneDX JSON. It is in the image too, as /sbom.cdx.json.
	SBOM []byte
}

func (o Options) withDefaults() (Options, error) {
	if o.Version == "" {
		o.Version = "dev"
	}
	if o.Name == "" {
		o.Name = "localhost/lockstep"
	}
	if len(o.Platforms) == 0 {
		return o, errors.New("name a platform to build for, such as linux/amd64")
	}
	return o, nil
}

// Build builds the image and returns it without writing it anywhere.
func Build(ctx context.Context, o Options) (Result, error) {
	o, err := o.withDefaults()
	if err != nil {
		return Result{}, err
	}
	reference, err := parseReference(o.Name, o.Version)
	if err != nil {
		return Result{}, err
	}
	result := Result{Reference: reference}
	for _, name := range o.Platforms {
		platform, err := parsePlatform(name)
		if err != nil {
			return Result{}, err
		}
		if slices.ContainsFunc(result.Images, func(b Built) bool { return b.Platform.Equals(platform) }) {
			return Result{}, fmt.Errorf("platform %s is named twice", name)
		}
		files, source, err := rootfs(ctx, o, platform)
		if err != nil {
			return Result{}, err
		}
		built, err := assemble(o, platform, files, source)
		if err != nil {
			return Result{}, err
		}
		result.Images = append(result.Images, built)
	}
	if result.Digest, err = result.top(); err != nil {
		return Result{}, err
	}
	return result, nil
}

// Rootfs writes the files of the image for one platform below dir, for a Dockerfile to copy.
func Rootfs(ctx context.Context, o Options, dir string) (Source, error) {
	o, err := o.withDefaults()
	if err != nil {
		return Source{}, err
	}
	if len(o.Platforms) != 1 {
		return Source{}, fmt.Errorf("a root file system is for one platform, not for %s", strings.Join(o.Platforms, " and "))
	}
	platform, err := parsePlatform(o.Platforms[0])
	if err != nil {
		return Source{}, err
	}
	files, source, err := rootfs(ctx, o, platform)
	if err != nil {
		return Source{}, err
	}
	for _, f := range files {
		if err := writeNew(filepath.Join(dir, f.Name), f.Content, f.Mode); err != nil {
			return Source{}, err
		}
	}
	return source, nil
}

func parsePlatform(name string) (v1.Platform, error) {
	platform, err := v1.ParsePlatform(name)
	if err != nil || platform.OS != "linux" || platform.Architecture == "" || platform.OSVersion != "" {
		return v1.Platform{}, fmt.Errorf("platform %q: give linux/ARCHITECTURE, such as linux/amd64 or linux/arm64", name)
	}
	if platform.Variant != "" {
		return v1.Platform{}, fmt.Errorf("platform %q: variants are not built: give linux/%s", name, platform.Architecture)
	}
	return *platform, nil
}
