package image

import (
	"archive/tar"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/empty"
	"github.com/google/go-containerregistry/pkg/v1/layout"
	"github.com/google/go-containerregistry/pkg/v1/mutate"
	"github.com/google/go-containerregistry/pkg/v1/types"
)

// index is the image index of several platforms.
func (r Result) index() v1.ImageIndex {
	index := mutate.IndexMediaType(empty.Index, types.OCIImageIndex)
	for _, built := range r.Images {
		platform := built.Platform
		index = mutate.AppendManifests(index, mutate.IndexAddendum{Add: built.Image, Descriptor: v1.Descriptor{Platform: &platform}})
	}
	return index
}

// top is the digest by which the image is pulled.
func (r Result) top() (v1.Hash, error) {
	if len(r.Images) == 1 {
		return r.Images[0].Image.Digest()
	}
	return r.index().Digest()
}

// Write writes the image as an OCI layout in the folder dir, replacing what is there, and as an archive of it beside: DIR.tar.
func (r Result) Write(dir string) error {
	if err := removeLayout(dir); err != nil {
		return err
	}
	// The names by which containerd, Docker and Podman load an archive.
	named := layout.WithAnnotations(map[string]string{
		"io.containerd.image.name":          r.Reference,
		"org.opencontainers.image.ref.name": r.Reference,
	})
	path, err := layout.Write(dir, mutate.IndexMediaType(empty.Index, types.OCIImageIndex))
	if err != nil {
		return fmt.Errorf("write the layout: %w", err)
	}
	if len(r.Images) == 1 {
		err = path.AppendImage(r.Images[0].Image, named, layout.WithPlatform(r.Images[0].Platform))
	} else {
		err = path.AppendIndex(r.index(), named)
	}
	if err != nil {
		return fmt.Errorf("write the image: %w", err)
	}
	return archive(dir, dir+".tar")
}

// removeLayout removes an earlier layout, and nothing that is not one.
func removeLayout(dir string) error {
	entries, err := os.ReadDir(dir)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil
	case err != nil:
		return fmt.Errorf("replace the layout: %w", err)
	case len(entries) == 0:
		return nil
	}
	if _, err := os.Stat(filepath.Join(dir, "oci-layout")); err != nil {
		return fmt.Errorf("%s holds something that is no OCI layout: name another folder", dir)
	}
	return os.RemoveAll(dir)
}

// archive packs a layout so that the same layout gives the same bytes.
func archive(dir, target string) (err error) {
	out, err := os.Create(target)
	if err != nil {
		return fmt.Errorf("write the archive: %w", err)
	}
	defer func() { err = errors.Join(err, out.Close()) }()
	w := tar.NewWriter(out)
	root := os.DirFS(dir)
	err = fs.WalkDir(root, ".", func(name string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		info, err := entry.Info()
		if err != nil {
			return err
		}
		if err := w.WriteHeader(&tar.Header{Typeflag: tar.TypeReg, Name: name, Mode: 0o644, Size: info.Size(), ModTime: time.Unix(0, 0), Format: tar.FormatUSTAR}); err != nil {
			return err
		}
		f, err := root.Open(name)
		if err != nil {
			return err
		}
		_, err = io.Copy(w, f)
		return errors.Join(err, f.Close())
	})
	if err != nil {
		return fmt.Errorf("write the archive: %w", err)
	}
	return w.Close()
}
