package main

import (
	"errors"
	"fmt"

	"github.com/spf13/cobra"

	"github.com/lockstep-dev/lockstep/internal/rename"
)

func newRenameCommand() *cobra.Command {
	var to rename.Names
	command := &cobra.Command{
		Use:   "rename --module PATH --package NAME",
		Short: "Give a clone of the template the names of your project",
		Long: `Writes your Go module path and npm package name over the template's in every file that git tracks; the example app's package
gets the same npm scope. It refuses a tree with uncommitted changes, so that git can undo it.`,
		Example: "  lockstep rename --module github.com/acme/core --package @acme/core-sdk",
		Args:    cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			root, err := repositoryRoot()
			if err != nil {
				return err
			}
			if to == (rename.Names{}) {
				return errors.New("say the new names: --module github.com/acme/core --package @acme/core-sdk")
			}
			changed, err := rename.Apply(cmd.Context(), root, to)
			if err != nil {
				return err
			}
			_, err = fmt.Fprintf(cmd.OutOrStdout(), "renamed in %d files\nnext: make generate, then make test, then commit\n", changed)
			return err
		},
	}
	command.Flags().StringVar(&to.Module, "module", "", "Go module path")
	command.Flags().StringVar(&to.Package, "package", "", "npm package name of the SDK")
	return command
}
