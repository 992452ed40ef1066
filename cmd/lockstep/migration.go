package main

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/mattn/go-isatty"
	"github.com/spf13/cobra"

	"github.com/lockstep-dev/lockstep/internal/codegen"
	"github.com/lockstep-dev/lockstep/internal/devdb"
	"github.com/lockstep-dev/lockstep/internal/planner"
)

// newMigrationCommand is what `make migration` calls.
func newMigrationCommand() *cobra.Command {
	var name string
	var plan planFlags
	cmd := &cobra.Command{
		Use:   "migration --name add_projects",
		Short: "Plan the next migration and its reverse (the same as migrate diff)",
		Long:  planHelp,
		Args:  cobra.NoArgs,
		RunE:  func(cmd *cobra.Command, _ []string) error { return plan.run(cmd, name) },
	}
	cmd.Flags().StringVar(&name, "name", "", "what the migration does: lower-case words joined by underscores, a verb first")
	plan.register(cmd)
	if err := cmd.MarkFlagRequired("name"); err != nil {
		panic(err) // the flag is defined above
	}
	return cmd
}

func newMigrateDiffCommand() *cobra.Command {
	var plan planFlags
	cmd := &cobra.Command{
		Use:   "diff NAME",
		Short: "Plan the next migration and its reverse",
		Long:  planHelp,
		Args:  cobra.ExactArgs(1),
		RunE:  func(cmd *cobra.Command, args []string) error { return plan.run(cmd, args[0]) },
	}
	plan.register(cmd)
	return cmd
}

const planHelp = `Plan the migration that leads from migrations/ to ent/schema.sql, and the one that undoes it.

Both states are built on scratch databases (no Docker, no Atlas CLI) and compared. New tables get their row-level security
and grants. A table that is already there is changed without keeping its users waiting: indexes are built concurrently,
constraints are added NOT VALID and checked afterwards, required columns are filled in batches; each step gets the file it
needs. A column or table that disappears while a similar one appears is asked about: --rename or --drop answers.
The reverse is computed by comparing in the other direction. Up, down and up again are run on a scratch database with
generated rows, and each state compared with the one it must equal, before a file is written; when anything fails, none is.`

// planFlags are what a person can say about a plan.
type planFlags struct {
	renames, drops, backfills, complies []string

	dryRun, json bool
}

func (f *planFlags) register(cmd *cobra.Command) {
	cmd.Flags().StringArrayVar(&f.renames, "rename", nil, "what goes on under another name: users.name=display_name, or clients=customers for a table (repeatable)")
	cmd.Flags().StringArrayVar(&f.drops, "drop", nil, "what is dropped although a similar name appears: users.name, or a table (repeatable)")
	cmd.Flags().StringArrayVar(&f.backfills, "backfill", nil, `what rows that are already there get: users.name="SQL expression" (repeatable)`)
	cmd.Flags().StringArrayVar(&f.complies, "complies", nil, "a new CHECK that the rows already there keep to: none is changed, and the migration fails where one does not: users_age_check (repeatable)")
	cmd.Flags().BoolVar(&f.dryRun, "dry-run", false, "print the SQL and write no file")
	cmd.Flags().BoolVar(&f.json, "json", false, "print one JSON object instead of text")
}

// apply turns the flags into options; a person at a terminal is asked what the flags leave open.
func (f *planFlags) apply(cmd *cobra.Command, options *planner.Options) error {
	for _, text := range f.renames {
		r, err := planner.ParseRename(text)
		if err != nil {
			return fmt.Errorf("--rename: %w", err)
		}
		options.Renames = append(options.Renames, r)
	}
	options.Drops, options.Complies = f.drops, f.complies
	options.Backfill = map[string]string{}
	for _, text := range f.backfills {
		column, expression, ok := strings.Cut(text, "=")
		if !ok || expression == "" || strings.Count(column, ".") != 1 {
			return fmt.Errorf("--backfill: %q is not of the form users.name=\"SQL expression\"", text)
		}
		options.Backfill[column] = expression
	}
	if in, ok := cmd.InOrStdin().(*os.File); ok && !f.json && isatty.IsTerminal(in.Fd()) {
		options.Ask = asker(in, cmd.OutOrStdout())
	}
	return nil
}

// asker puts yes-or-no questions to a terminal; anything but yes is no.
func asker(in io.Reader, out io.Writer) func(string) (bool, error) {
	lines := bufio.NewScanner(in)
	return func(question string) (bool, error) {
		fmt.Fprintf(out, "%s [y/N] ", question)
		if !lines.Scan() {
			return false, errors.Join(errors.New("no answer"), lines.Err())
		}
		answer := strings.ToLower(strings.TrimSpace(lines.Text()))
		return answer == "y" || answer == "yes", nil
	}
}

func (f *planFlags) run(cmd *cobra.Command, name string) (err error) {
	out := cmd.OutOrStdout()
	options, stop, err := planOptions(progressTo(out, f.json))
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, stop()) }()
	if err := f.apply(cmd, &options); err != nil {
		return err
	}
	plan, err := planner.New(cmd.Context(), options, name)
	if errors.Is(err, planner.ErrNothing) {
		if f.json {
			return json.NewEncoder(out).Encode(migrationResult{Files: []string{}})
		}
		fmt.Fprintln(out, err)
		return nil
	}
	if err != nil {
		return err
	}
	result := migrationResult{Plan: plan, Files: []string{}}
	if !f.dryRun {
		if result.Files, err = planner.Write(options, plan); err != nil {
			return err
		}
	}
	if f.json {
		return json.NewEncoder(out).Encode(result)
	}
	return result.print(out)
}

// migrationResult is what `lockstep migrate diff --json` prints. Without a plan there was nothing to do.
type migrationResult struct {
	Plan  *planner.Plan `json:"plan"`
	Files []string      `json:"files"`
}

func (r migrationResult) print(out io.Writer) error {
	for _, warning := range r.Plan.Warnings {
		fmt.Fprintf(out, "warning: %s\n", warning)
	}
	if len(r.Files) == 0 {
		for _, f := range r.Plan.Files {
			fmt.Fprintf(out, "-- %s\n%s\n-- down/%s\n%s\n", f.Name, f.Up, f.Name, f.Down)
		}
		return nil
	}
	for _, file := range r.Files {
		fmt.Fprintf(out, "wrote %s\n", relative(file))
	}
	fmt.Fprintln(out, "next: read the SQL, run `lockstep migrate lint`, commit, and apply with `make dev` (here) or `server migrate up` (elsewhere)")
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
		Schema: filepath.Join(root, "ent", "schema.sql"),
		Generate: func(ctx context.Context) ([]byte, error) {
			workspace, err := codegen.Open(root, io.Discard)
			if err != nil {
				return nil, err
			}
			return workspace.DDL(ctx)
		},
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
