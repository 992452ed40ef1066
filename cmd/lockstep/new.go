package main

import (
	"fmt"

	"github.com/spf13/cobra"

	"github.com/lockstep-dev/lockstep/internal/codegen"
	"github.com/lockstep-dev/lockstep/internal/codegen/model"
	"github.com/lockstep-dev/lockstep/internal/codegen/starter"
)

func newNewCommand() *cobra.Command {
	command := &cobra.Command{Use: "new", Short: "Write the starting file of something new"}
	var options starter.Options
	entity := &cobra.Command{
		Use:   "entity NAME",
		Short: "Write ent/schema/<name>.go",
		Long: `Writes the starting file of an entity, ent/schema/<name>.go, for you to edit: fields, edges, indexes, one sentence each.
NAME is CamelCase and singular. An existing file is never replaced.`,
		Example: "  lockstep new entity Project\n  lockstep new entity Currency --global",
		Args:    cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			root, err := repositoryRoot()
			if err != nil {
				return err
			}
			workspace, err := codegen.Open(root, cmd.ErrOrStderr())
			if err != nil {
				return err
			}
			options.Name = args[0]
			path, err := starter.Write(root, workspace.Module(), options)
			if err != nil {
				return err
			}
			_, err = fmt.Fprintf(cmd.OutOrStdout(), "wrote %s\nnext: edit it, then make generate, then make migration name=add_%s\n", path, model.TableOf(options.Name))
			return err
		},
	}
	entity.Flags().BoolVar(&options.Global, "global", false, "an entity that belongs to no tenant: all tenants read the same rows")
	command.AddCommand(entity)
	return command
}
