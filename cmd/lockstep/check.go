package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"github.com/spf13/cobra"

	"github.com/lockstep-dev/lockstep/internal/prcheck"
)

func newCheckCommand() *cobra.Command {
	var base, report string
	var asJSON, skipRelease bool
	cmd := &cobra.Command{
		Use:   "check --base REF",
		Short: "Say whether this branch may be merged, with a report for the pull request",
		Long: `Say whether this branch may be merged into REF: merged migrations are untouched and new ones newer than all of REF's; every
migration is proven with rows and linted; the contract says its changes in its version; and the release at REF still runs on the new schema. For that its server is built
in a git worktree and its API suite run on databases with its own migrations and with this branch's; what is red on its own is not
held against the branch. The exit code is 1 when it may not.`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) (err error) {
			out := cmd.OutOrStdout()
			progress := progressTo(cmd.ErrOrStderr(), asJSON)
			options, stop, err := planOptions(progress)
			if err != nil {
				return err
			}
			defer func() { err = errors.Join(err, stop()) }()
			root := filepath.Dir(options.Migrations)
			result, err := prcheck.Run(cmd.Context(), prcheck.Options{
				Root: root, Base: base, Planner: options, Squawk: prcheck.Squawk(root), SkipRelease: skipRelease, More: checkParts(), Step: progress,
			})
			if err != nil {
				return err
			}
			if report != "" {
				if err := os.WriteFile(report, []byte(result.Markdown()), 0o644); err != nil {
					return fmt.Errorf("write the report: %w", err)
				}
			}
			if asJSON {
				err = json.NewEncoder(out).Encode(result)
			} else {
				for _, note := range result.ReleaseNotes {
					fmt.Fprintf(out, "note: %s\n", note)
				}
				for _, p := range result.Problems() {
					fmt.Fprintf(out, "problem: %s\n", p)
				}
			}
			if n := len(result.Problems()); err == nil && n > 0 {
				return fmt.Errorf("%d problems: not to be merged", n)
			}
			if !asJSON {
				fmt.Fprintf(out, "may be merged into %s: %d new migrations, proven, linted and survived by the release before them\n", base, len(result.Added))
			}
			return err
		},
	}
	cmd.Flags().StringVar(&base, "base", "origin/main", "the git reference to merge into")
	cmd.Flags().StringVar(&report, "report", "", "write the report as Markdown to this file")
	cmd.Flags().BoolVar(&asJSON, "json", false, "print one JSON object instead of text")
	cmd.Flags().BoolVar(&skipRelease, "skip-release", false, "do not build and run the base's release")
	return cmd
}
