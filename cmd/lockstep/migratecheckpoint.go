package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"

	"github.com/lockstep-dev/lockstep/internal/planner"
	"github.com/lockstep-dev/lockstep/internal/prcheck"
)

func newMigrateCheckpointCommand() *cobra.Command {
	var checkpoint planner.CheckpointOptions
	var dryRun, asJSON bool
	cmd := &cobra.Command{
		Use:   "checkpoint",
		Short: "Replace the migrations by one file that makes the same database at once",
		Long: `Replace the migrations, or those up to --to, by one plain file that makes the same database at once. The file has the
version of the last one it replaces; the replaced files and their reverses leave the directory.

Databases that have all of the replaced migrations go on: up, down, status and verify accept them. One that has only some
is refused, and told which release to run first. So replace what every database has: name it with --to.

Proven before a file is written: a database made by the old files and one made by the new file are the same by Atlas'
inspection, by the catalog fingerprint, in the rows that migrations put there and in sequences, also after the files behind
the checkpoint; the old one passes verification against the new directory; the reverse empties the database. Times of the
run become now(), random ids become what made them; other values that differ from run to run are refused unless kept.`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) (err error) {
			out := cmd.OutOrStdout()
			options, stop, err := planOptions(progressTo(out, asJSON))
			if err != nil {
				return err
			}
			defer func() { err = errors.Join(err, stop()) }()
			if checkpoint.Release == "" {
				if checkpoint.Release, err = releaseWith(cmd, options, checkpoint.To); err != nil {
					return err
				}
			}
			c, err := planner.NewCheckpoint(cmd.Context(), options, checkpoint)
			if err != nil {
				return err
			}
			result := checkpointResult{Checkpoint: c, Release: checkpoint.Release, Files: []string{}}
			if !dryRun {
				if result.Files, err = planner.WriteCheckpoint(options, c); err != nil {
					return err
				}
			}
			if asJSON {
				return json.NewEncoder(out).Encode(result)
			}
			if c.Irreversible != "" {
				fmt.Fprintf(out, "warning: it cannot be undone: %s\n", c.Irreversible)
			}
			if dryRun {
				fmt.Fprintf(out, "-- %s\n%s\n-- down/%[1]s\n%[3]s\n", c.File.Name, c.File.Up, c.File.Down)
				return nil
			}
			for _, file := range result.Files {
				fmt.Fprintf(out, "wrote %s\n", relative(file))
			}
			fmt.Fprintf(out, "%d migrations are one, with %d rows; databases that have only some of them run release %s first\n", len(c.Replaced), c.Rows, result.Release)
			return nil
		},
	}
	cmd.Flags().StringVar(&checkpoint.To, "to", "", "the version of the last migration to replace (default the newest)")
	cmd.Flags().StringVar(&checkpoint.Release, "release", "", "the release a database that is behind runs first (default what git describe says of HEAD, which must have the migrations)")
	cmd.Flags().StringArrayVar(&checkpoint.Keep, "keep", nil, "a column whose values differ from run to run and that gets those of this run, such as core.settings.secret (repeatable)")
	cmd.Flags().BoolVar(&dryRun, "dry-run", false, "print the SQL and write no file")
	cmd.Flags().BoolVar(&asJSON, "json", false, "print one JSON object instead of text")
	return cmd
}

// checkpointResult is what `lockstep migrate checkpoint --json` prints.
type checkpointResult struct {
	Checkpoint *planner.Checkpoint `json:"checkpoint"`
	Release    string              `json:"release"`
	Files      []string            `json:"files"` // written; the replaced ones are gone
}

// releaseWith names the checked-out commit, which has to have the migration of a version, or the newest.
func releaseWith(cmd *cobra.Command, o planner.Options, version string) (string, error) {
	names, err := filepath.Glob(filepath.Join(o.Migrations, "*.sql"))
	if err != nil {
		return "", err
	}
	last := ""
	for _, name := range names {
		name = filepath.Base(name)
		if version == "" || strings.HasPrefix(name, version+"_") {
			last = max(last, name)
		}
	}
	if last == "" {
		return "", fmt.Errorf("version %s is not in the directory: name one that is, or none for the newest", version)
	}
	return prcheck.ReleaseOf(cmd.Context(), filepath.Dir(o.Migrations), last)
}
