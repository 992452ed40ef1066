package main

import (
	"github.com/spf13/cobra"

	"github.com/lockstep-dev/lockstep/openapi"
)

func newOpenAPICommand() *cobra.Command {
	return &cobra.Command{
		Use:   "openapi",
		Short: "Print the OpenAPI document that this binary serves",
		Args:  cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			_, err := cmd.OutOrStdout().Write(openapi.Document)
			return err
		},
	}
}
