package main

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"time"

	"github.com/spf13/cobra"

	"github.com/lockstep-dev/lockstep/internal/image"
)

func newImageCommand() *cobra.Command {
	var o image.Options
	var out, rootfs string
	cmd := &cobra.Command{
		Use:   "image",
		Short: "Build the server's container image, without a daemon",
		Long: `Builds the server's container image as an OCI layout, without a daemon, a base image or a registry: the static binary and
its bill of materials (/sbom.cdx.json), run as user 65532. It needs no writable file system, and has no shell.

It writes the layout (--out), the same as one archive (OUT.tar) and the bill of materials (OUT.sbom.json), and prints the
digest: a commit, a version and a Go give always the same one. To use it:

  crane push bin/image REGISTRY/NAME:TAG      to a registry (go run github.com/google/go-containerregistry/cmd/crane@v0.22.1)
  ctr -n k8s.io images import bin/image.tar   into containerd
  docker load -i bin/image.tar                into Docker 25 or newer; podman load likewise

--rootfs writes only the image's files, into a folder: the Dockerfile builds with it.`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			root, err := repositoryRoot()
			if err != nil {
				return err
			}
			o.Root = root
			start := time.Now()
			if rootfs != "" {
				source, err := image.Rootfs(cmd.Context(), o, rootfs)
				if err != nil {
					return err
				}
				sayModified(cmd.OutOrStdout(), source)
				fmt.Fprintf(cmd.OutOrStdout(), "wrote the image's files to %s (%.1f s)\n", rootfs, time.Since(start).Seconds())
				return nil
			}
			if !filepath.IsAbs(out) {
				out = filepath.Join(root, out)
			}
			result, err := image.Build(cmd.Context(), o)
			if err != nil {
				return err
			}
			if err := result.Write(out); err != nil {
				return err
			}
			if err := os.WriteFile(out+".sbom.json", result.Images[0].SBOM, 0o644); err != nil {
				return fmt.Errorf("write the bill of materials: %w", err)
			}
			sayModified(cmd.OutOrStdout(), result.Images[0].Source)
			for _, built := range result.Images {
				fmt.Fprintf(cmd.OutOrStdout(), "built %s for %s: %.1f MB, %.1f MB to pull\n",
					result.Reference, built.Platform, float64(built.Files)/1e6, float64(built.Compressed)/1e6)
			}
			fmt.Fprintf(cmd.OutOrStdout(), "digest %s\nwrote %s, %s.tar and %s.sbom.json (%.1f s)\n", result.Digest, out, out, out, time.Since(start).Seconds())
			return nil
		},
	}
	cmd.Flags().StringVar(&o.Version, "version", "dev", "the version the server reports, and the image's tag")
	cmd.Flags().StringVar(&o.Name, "name", "localhost/lockstep", "the image's name, without tag")
	cmd.Flags().StringSliceVar(&o.Platforms, "platform", []string{"linux/" + runtime.GOARCH}, "platforms to build for, separated by commas")
	cmd.Flags().StringVar(&out, "out", "bin/image", "folder of the OCI layout, below the checkout unless absolute")
	cmd.Flags().StringVar(&rootfs, "rootfs", "", "write only the image's files, to this folder")
	cmd.PreRunE = func(cmd *cobra.Command, _ []string) error {
		if rootfs != "" && cmd.Flags().Changed("out") {
			return errors.New("--rootfs writes no layout: leave --out away")
		}
		return nil
	}
	return cmd
}

// sayModified warns of images nobody can build again.
func sayModified(out io.Writer, source image.Source) {
	switch {
	case source.Commit == "":
		fmt.Fprintln(out, "not a git checkout, or no git here: the image does not say which commit it is")
	case source.Modified:
		fmt.Fprintf(out, "the checkout differs from commit %.12s: nobody else can build this image\n", source.Commit)
	}
}
