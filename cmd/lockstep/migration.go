package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"path/filepath"
	"time"

	"github.com/spf13/cobra"

	"github.com/lockstep-dev/lockstep/internal/devdb"
	"github.com/lockstep-dev/lockstep/internal/planner"
)

func newMigrationCommand() *cobra.Command {
	var name string
	var dryRun, asJSON bool
	cmd := &cobra.Command{
		Use:   "migration --name add_projects",
		Short: "Plan the next migration and its reverse",
		Long: `Plan the migration that leads from migrations/ to ent/schema.sql, and the one that undoes it.

Both states are built on scratch databases (no Docker, no Atlas CLI) and compared. New tables get their row-level security
and grants. The reverse is computed by comparing in the other direction. Up, down and up again are run on a scratch
database, and each state compared with the one it must equal, before a file is written; when anything fails, none is.`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) (err error) {
			out := cmd.OutOrStdout()
			options, stop, err := planOptions(progressTo(out, asJSON))
			if err != nil {
				return err
			}
			defer func() { err = errors.Join(err, stop()) }()
			plan, err := planner.New(cmd.Context(), options, name)
			if errors.Is(err, planner.ErrNothing) {
				if asJSON {
					return json.NewEncoder(out).Encode(migrationResult{Files: []string{}})
				}
				fmt.Fprintln(out, err)
				return nil
			}
			if err != nil {
				return err
			}
			result := migrationResult{Plan: plan, Files: []string{}}
			if !dryRun {
				if result.Files, err = planner.Write(options, plan); err != nil {
					return err
				}
			}
			if asJSON {
				return json.NewEncoder(out).Encode(result)
			}
			return result.print(out)
		},
	}
	cmd.Flags().StringVar(&name, "name", "", "what the migration does: lower-case words joined by underscores, a verb first")
	cmd.Flags().BoolVar(&dryRun, "dry-run", false, "print the SQL and write no file")
	cmd.Flags().BoolVar(&asJSON, "json", false, "print one JSON object instead of text")
	if err := cmd.MarkFlagRequired("name"); err != nil {
		panic(err) // the flag is defined above
	}
	return cmd
}

// migrationResult is what `lockstep migration --json` prints. Without a plan there was nothing to do.
type migrationResult struct {
	Plan  *planner.Plan `json:"plan"`
	Files []string      `json:"files"`
}

func (r migrationResult) print(out io.Writer) error {
	for _, warning := range r.Plan.Warnings {
		fmt.Fprintf(out, "warning: %s\n", warning)
	}
	if len(r.Files) == 0 {
		fmt.Fprintf(out, "-- %s\n%s\n-- down/%s\n%s", r.Plan.Name, r.Plan.Up, r.Plan.Name, r.Plan.Down)
		return nil
	}
	for _, file := range r.Files {
		fmt.Fprintf(out, "wrote %s\n", relative(file))
	}
	fmt.Fprintln(out, "next: read the SQL, commit it, and apply it with `make dev` (here) or `server migrate up` (elsewhere)")
	return nil
}

// planOptions says what to plan from. The database server for scratch databases starts when the first one is asked for;
// stop stops it.
func planOptions(progress func(string, time.Duration)) (options planner.Options, stop func() error, err error) {
	root, err := repositoryRoot()
	if err != nil {
		return planner.Options{}, nil, err
	}
	server := &scratchServer{progress: progress}
	return planner.Options{
		Schema:     filepath.Join(root, "ent", "schema.sql"),
		Migrations: filepath.Join(root, "migrations"),
		Scratch:    server,
		Step:       progress,
	}, server.stop, nil
}

// scratchServer lends scratch databases of a Postgres that it starts for the first.
type scratchServer struct {
	progress func(string, time.Duration)
	cluster  *devdb.Cluster
}

// Scratch implements planner.Scratch.
func (s *scratchServer) Scratch(ctx context.Context) (url string, drop func(), err error) {
	if s.cluster == nil {
		start := time.Now()
		if s.cluster, err = devdb.Start(ctx, devdb.Options{Ephemeral: true}); err != nil {
			return "", nil, err
		}
		s.progress("start a scratch Postgres", time.Since(start))
	}
	return s.cluster.Scratch(ctx)
}

func (s *scratchServer) stop() error {
	if s.cluster == nil {
		return nil
	}
	return s.cluster.Stop()
}

// progressTo prints a line per step, nothing when the output is for a machine.
func progressTo(out io.Writer, quiet bool) func(string, time.Duration) {
	return func(step string, took time.Duration) {
		if !quiet {
			fmt.Fprintf(out, "%7.2f s  %s\n", took.Seconds(), step)
		}
	}
}

// relative is a path as seen from the repository's root, where commands are run from.
func relative(path string) string {
	root, err := repositoryRoot()
	if err != nil {
		return path
	}
	if short, err := filepath.Rel(root, path); err == nil {
		return short
	}
	return path
}
