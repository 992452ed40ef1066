package main

import (
	"errors"
	"fmt"
	"path/filepath"

	"github.com/spf13/cobra"

	"github.com/lockstep-dev/lockstep/internal/planner"
	"github.com/lockstep-dev/lockstep/internal/prcheck"
)

func newMigrateRebaseCommand() *cobra.Command {
	var base string
	cmd := &cobra.Command{
		Use:   "rebase",
		Short: "Put this branch's migrations behind those that were merged meanwhile",
		Long: `Put this branch's migrations behind those that were merged meanwhile: they get later versions, in their own order, and the
checksums and the fingerprint are written anew, conflicts in them included. Merge or rebase with git first, and run make
generate. A base that they cannot follow is refused: one with a migration that is not here, or without one that the default
branch or a release has. A development database that has them under their old versions is best started anew.`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) (err error) {
			out := cmd.OutOrStdout()
			options, stop, err := planOptions(progressTo(out, false))
			if err != nil {
				return err
			}
			defer func() { err = errors.Join(err, stop()) }()
			names, err := prcheck.BaseMigrations(cmd.Context(), filepath.Dir(options.Migrations), base)
			if err != nil {
				return err
			}
			restamps, err := planner.Rebase(options, names)
			if err != nil {
				return err
			}
			for _, r := range restamps {
				fmt.Fprintf(out, "%s is now %s\n", r.From, r.To)
			}
			report, err := planner.Verify(cmd.Context(), options)
			if err != nil {
				return err
			}
			if err := writeFingerprint(out, options, &report, false); err != nil {
				return err
			}
			for _, p := range report.Problems {
				fmt.Fprintf(out, "problem (%s): %s\n", p.Code, p.Message)
			}
			if n := len(report.Problems); n > 0 {
				return fmt.Errorf("migrations: %d problems", n)
			}
			fmt.Fprintf(out, "%d migrations in order, %d moved\n", len(report.Migrations), len(restamps))
			return nil
		},
	}
	cmd.Flags().StringVar(&base, "base", "origin/main", "the git reference whose migrations come first")
	return cmd
}
