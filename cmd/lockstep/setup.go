package main

import (
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"github.com/lockstep-dev/lockstep/internal/setup"
)

func newSetupCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "setup",
		Short: "Install what building and testing need",
		Long: `Installs npm packages from package-lock.json, fetches Postgres' programs where none are installed and, on Debian as
root, installs the Chromium of the browser test and the PgBouncer of the database tests. It prints what it installs;
elsewhere it says what to install. It also tells git to leave generated files to make generate when it merges, which
git keeps for each clone (git config --local merge.lockstep-generated.driver). A machine that has everything is left
alone. make test and make lint call this by themselves.`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			root, err := repositoryRoot()
			if err != nil {
				return err
			}
			start := time.Now()
			if err := setup.Run(cmd.Context(), root, cmd.OutOrStdout()); err != nil {
				return err
			}
			_, err = fmt.Fprintf(cmd.OutOrStdout(), "setup: all is there (%.1f s)\n", time.Since(start).Seconds())
			return err
		},
	}
}
