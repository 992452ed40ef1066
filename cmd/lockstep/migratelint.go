package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"path/filepath"

	"github.com/spf13/cobra"

	"github.com/lockstep-dev/lockstep/internal/planner"
)

func newMigrateLintCommand() *cobra.Command {
	var asJSON bool
	var after string
	cmd := &cobra.Command{
		Use:   "lint",
		Short: "Say what migrations would do to a database in use",
		Long: `Say what migrations would do to a database in use: what is destroyed, what fails on rows that are there, what the running
release does not survive, and who waits for which lock. squawk reads the text, Atlas' analyzers the changes, and a scratch
database is asked which locks each statement took and whether it rewrote a table. A finding is fixed by its recipe, or
allowed in the file: -- lockstep:allow RULE reason. The exit code is 1 when a finding is neither.`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) (err error) {
			out := cmd.OutOrStdout()
			options, stop, err := planOptions(progressTo(out, asJSON))
			if err != nil {
				return err
			}
			defer func() { err = errors.Join(err, stop()) }()
			report, err := planner.Lint(cmd.Context(), lintOptions(options, after))
			if err != nil {
				return err
			}
			if asJSON {
				err = json.NewEncoder(out).Encode(report)
			} else {
				printFindings(out, report)
			}
			if n := len(report.Open()); err == nil && n > 0 {
				return fmt.Errorf("migrations: %d findings", n)
			}
			return err
		},
	}
	cmd.Flags().BoolVar(&asJSON, "json", false, "print one JSON object instead of text")
	cmd.Flags().StringVar(&after, "after", "", "look only at migrations newer than this version")
	return cmd
}

func lintOptions(o planner.Options, after string) planner.LintOptions {
	root := filepath.Dir(o.Migrations)
	return planner.LintOptions{Options: o, Squawk: filepath.Join(root, "node_modules", ".bin", "squawk"), After: after}
}

func printFindings(out io.Writer, report planner.LintReport) {
	for _, f := range report.Findings {
		fmt.Fprintln(out, f)
	}
	open := len(report.Open())
	fmt.Fprintf(out, "%d migrations: %d findings, %d allowed\n", report.Files, open, len(report.Findings)-open)
}

func newMigrateReverseCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "reverse",
		Short: "Compute and prove the reverses that are missing",
		Long: `Compute and prove the reverses that are missing, such as those of migrations planned with the Atlas CLI or written by
hand. A reverse leads from the state after a migration to the one before it; rows that a migration changed stay changed.`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) (err error) {
			out := cmd.OutOrStdout()
			options, stop, err := planOptions(progressTo(out, false))
			if err != nil {
				return err
			}
			defer func() { err = errors.Join(err, stop()) }()
			written, warnings, err := planner.Reverse(cmd.Context(), options)
			if err != nil {
				return err
			}
			for _, w := range warnings {
				fmt.Fprintf(out, "warning: %s\n", w)
			}
			for _, file := range written {
				fmt.Fprintf(out, "wrote %s\n", relative(file))
			}
			if len(written) == 0 {
				fmt.Fprintln(out, "every migration has its reverse")
			}
			return nil
		},
	}
}
