package main

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"path/filepath"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/lockstep-dev/lockstep/internal/migrate"
	"github.com/lockstep-dev/lockstep/internal/planner"
)

func newMigrateCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "migrate",
		Short: "Plan, prove, lint and repair the migrations directory",
		Long:  `Plan, prove, lint and repair the migrations directory. To apply migrations, see "server migrate".`,
	}
	cmd.AddCommand(newMigrateDiffCommand(), newMigrateVerifyCommand(), newMigrateLintCommand(), newMigrateReverseCommand(), newMigrateRebaseCommand(), newMigrateCheckpointCommand(), newMigrateHashCommand())
	return cmd
}

func newMigrateVerifyCommand() *cobra.Command {
	var asJSON, write bool
	cmd := &cobra.Command{
		Use:   "verify",
		Short: "Prove that migrations, their reverses and ent/schema.sql agree",
		Long: `Prove that ent/schema, ent/schema.sql, the migrations and their reverses agree: ent/schema.sql is what ent/schema generates;
the checksums fit; each migration applies, is undone and
applies again on a scratch database with generated rows in every table, every state compared with the one it must equal, and
rows that are silently lost are reported; the last state is ent/schema.sql;
tenant-owned tables are fenced in by row-level security. The exit code is 1 when anything is wrong.`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) (err error) {
			out := cmd.OutOrStdout()
			options, stop, err := planOptions(progressTo(out, asJSON))
			if err != nil {
				return err
			}
			defer func() { err = errors.Join(err, stop()) }()
			report, err := planner.Verify(cmd.Context(), options)
			if err != nil {
				return err
			}
			if write {
				if err := writeFingerprint(out, options, &report, asJSON); err != nil {
					return err
				}
			}
			if asJSON {
				err = json.NewEncoder(out).Encode(report)
			} else {
				for table, reason := range report.Allowed { // the others are problems
					fmt.Fprintf(out, "no rows in %s, so nothing is proven about them: %s (%s)\n", table, report.Bare[table], reason)
				}
				for _, m := range report.Migrations {
					if m.WithoutRows != "" {
						fmt.Fprintf(out, "proven on empty tables only: %s: %s\n", m.Name, m.WithoutRows)
					}
					if len(m.Lost) > 0 {
						fmt.Fprintf(out, "lost when undone: %s: %s (%s)\n", m.Name, strings.Join(m.Lost, "; "), cmp.Or(m.LossAllowed, "not allowed"))
					}
					if m.Irreversible != "" {
						fmt.Fprintf(out, "not undone: %s is irreversible: %s\n", m.Name, m.Irreversible)
					}
				}
				for _, problem := range report.Problems {
					fmt.Fprintf(out, "problem (%s): %s\n", problem.Code, problem.Message)
				}
			}
			if n := len(report.Problems); err == nil && n > 0 {
				return fmt.Errorf("migrations: %d problems", n)
			}
			if !asJSON {
				fmt.Fprintf(out, "%d migrations agree with ent/schema.sql and, with %d rows in the tables, with their reverses\n", len(report.Migrations), report.Rows)
			}
			return err
		},
	}
	cmd.Flags().BoolVar(&asJSON, "json", false, "print one JSON object instead of text")
	cmd.Flags().BoolVar(&write, "write", false, "write "+migrate.FingerprintFile+" anew, by which `server migrate verify` tells drift")
	return cmd
}

// writeFingerprint writes the fingerprint and takes the complaint about the old one out of the report.
func writeFingerprint(out io.Writer, o planner.Options, report *planner.Report, quiet bool) error {
	file, err := report.WriteFingerprint(o)
	if err != nil {
		return err
	}
	report.Problems = slices.DeleteFunc(report.Problems, func(p *migrate.Problem) bool { return p.Code == "fingerprint" })
	if !quiet {
		fmt.Fprintf(out, "wrote %s\n", relative(file))
	}
	return nil
}

func newMigrateHashCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "hash",
		Short: "Write atlas.sum and down/down.sum anew after editing migrations by hand",
		Long: `Write atlas.sum and down/down.sum anew after editing migrations by hand. Do so only for migrations that were never
released; run "lockstep migrate verify" afterwards.`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			root, err := repositoryRoot()
			if err != nil {
				return err
			}
			files, err := planner.Hash(filepath.Join(root, "migrations"))
			if err != nil {
				return err
			}
			for _, file := range files {
				fmt.Fprintf(cmd.OutOrStdout(), "wrote %s\n", relative(file))
			}
			return nil
		},
	}
}
