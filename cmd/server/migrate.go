package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/spf13/cobra"

	"github.com/lockstep-dev/lockstep/internal/config"
	"github.com/lockstep-dev/lockstep/internal/migrate"
	"github.com/lockstep-dev/lockstep/migrations"
)

const (
	exitBehind    = 3 // migrations are pending
	exitAttention = 4 // a person has to look
)

// exitCode is an exit code for which the output has already given the reason.
type exitCode int

// Error names the code.
func (e exitCode) Error() string { return fmt.Sprintf("exit status %d", int(e)) }

// attention is an error that stays until a person does something: a Job that tries again need not.
type attention struct{ error }

// Unwrap returns the error.
func (a attention) Unwrap() error { return a.error }

// migrateFlags are those every subcommand has.
type migrateFlags struct {
	config.Migration
	list config.Settings
	env  config.Environment
	json bool
}

// newMigrateCommand is `server migrate`: the embedded migrations against the database.
func newMigrateCommand(env config.Environment) *cobra.Command {
	flags := migrateFlags{env: env}
	flags.list = flags.Settings()
	cmd := &cobra.Command{
		Use:   "migrate",
		Short: "Apply, undo and verify the migrations in this binary",
		Long: `Apply, undo and verify the migrations in this binary.

The database is named by LOCKSTEP_MIGRATE_DATABASE_URL (or, in a file, LOCKSTEP_MIGRATE_DATABASE_URL_FILE). It connects as
the role that owns the schema, which needs BYPASSRLS, directly or through a pooler in session mode. Revisions and lock are
those of the Atlas CLI, which may be used on the same database. Any of these commands may be repeated, and killed. Exit code
1 is a failure that may pass, such as a database that cannot be reached, and 4 one after which a person has to look first.`,
	}
	cmd.PersistentFlags().BoolVar(&flags.json, "json", false, "print one JSON object instead of text")
	flags.list.AddFlags(cmd.PersistentFlags())
	cmd.AddCommand(newMigrateUpCommand(&flags), newMigrateDownCommand(&flags), newMigrateStatusCommand(&flags), newMigrateVerifyCommand(&flags))
	return cmd
}

func newMigrateUpCommand(flags *migrateFlags) *cobra.Command {
	var dryRun bool
	cmd := &cobra.Command{
		Use:   "up",
		Short: "Apply what is pending",
		Long: `Apply what is pending, each file in one transaction. Of several runners at once one works and the others wait. A database
that a newer release has migrated further is left alone, with exit code 0.`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			options, err := flags.options(cmd)
			if err != nil {
				return err
			}
			options.DryRun = dryRun
			result, err := migrate.Up(cmd.Context(), options)
			return flags.printResult(cmd.OutOrStdout(), result, "up to date", err)
		},
	}
	cmd.Flags().BoolVar(&dryRun, "dry-run", false, "print the SQL that would run and change nothing")
	return cmd
}

func newMigrateDownCommand(flags *migrateFlags) *cobra.Command {
	var dryRun bool
	var to string
	cmd := &cobra.Command{
		Use:   "down --to VERSION",
		Short: "Undo what is newer than a version",
		Long: `Undo what is newer than a version, newest first; 0 undoes everything. Rows in columns and tables that go are lost. When one
of the migrations cannot be undone (its reverse is missing, empty or declared irreversible, or the file is not what was
applied), none is.`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			options, err := flags.options(cmd)
			if err != nil {
				return err
			}
			options.DryRun = dryRun
			result, err := migrate.Down(cmd.Context(), options, to)
			return flags.printResult(cmd.OutOrStdout(), result, "nothing to undo", err)
		},
	}
	cmd.Flags().StringVar(&to, "to", "", "the version to get back to, as in `server migrate status`, or 0")
	cmd.Flags().BoolVar(&dryRun, "dry-run", false, "print the SQL that would run and change nothing")
	if err := cmd.MarkFlagRequired("to"); err != nil {
		panic(err) // the flag is defined above
	}
	return cmd
}

func newMigrateStatusCommand(flags *migrateFlags) *cobra.Command {
	return &cobra.Command{
		Use:   "status",
		Short: "Say what is applied, pending, half applied, edited or unknown",
		Long: fmt.Sprintf(`Say what is applied, pending, half applied, edited or unknown to this binary. The exit code is 0 when the database is at
this binary's version or ahead of it, %d when migrations are pending, and %d when a person has to look first.`, exitBehind, exitAttention),
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			options, err := flags.options(cmd)
			if err != nil {
				return err
			}
			state, err := migrate.Status(cmd.Context(), options)
			if err != nil {
				return err
			}
			if err := flags.printState(cmd.OutOrStdout(), state); err != nil {
				return err
			}
			switch {
			case len(state.Problems) > 0:
				return exitCode(exitAttention)
			case len(state.Pending) > 0:
				return exitCode(exitBehind)
			}
			return nil
		},
	}
}

func newMigrateVerifyCommand(flags *migrateFlags) *cobra.Command {
	return &cobra.Command{
		Use:   "verify",
		Short: "Check that the database is what this binary's migrations make",
		Long: fmt.Sprintf(`Check that the database is what this binary's migrations make: every version applied and unchanged, none unknown, each
tenant-owned table fenced in by row-level security, and every object of the catalog as the fingerprint in this binary says.
Each difference comes with the SQL that would repair it, which is for a person to read and run. The exit code is %d when it is not.`, exitAttention),
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			options, err := flags.options(cmd)
			if err != nil {
				return err
			}
			state, err := migrate.Verify(cmd.Context(), options)
			if err != nil {
				return err
			}
			if err := flags.printState(cmd.OutOrStdout(), state); err != nil {
				return err
			}
			if !state.Clean() {
				return exitCode(exitAttention)
			}
			return nil
		},
	}
}

// options reads where to migrate. Progress goes to standard error, so that standard output is the result alone.
func (f *migrateFlags) options(cmd *cobra.Command) (migrate.Options, error) {
	if err := f.list.Read(f.env); err != nil {
		return migrate.Options{}, err
	}
	progress := cmd.ErrOrStderr()
	return migrate.Options{
		Dir:         migrations.FS,
		URL:         f.DatabaseURL,
		LockTimeout: f.LockTimeout,
		Wait:        f.Wait,
		Log:         func(format string, args ...any) { fmt.Fprintf(progress, format+"\n", args...) },
	}, nil
}

// outcome is what `server migrate up|down --json` prints; files that ran before an error are in it.
type outcome struct {
	migrate.Result
	Error *failure `json:"error,omitempty"`
}

// failure is an error for a machine. Code is that of a migrate.Problem, or empty.
type failure struct {
	Code    string `json:"code"`
	Message string `json:"message"`
}

func (f *migrateFlags) printResult(out io.Writer, r migrate.Result, idle string, failed error) error {
	if migrate.Permanent(failed) {
		failed = attention{failed}
	}
	if f.json {
		o := outcome{Result: r}
		if failed != nil {
			o.Error = &failure{Message: failed.Error()}
			var problem *migrate.Problem
			if errors.As(failed, &problem) {
				o.Error.Code = problem.Code
			}
		}
		return errors.Join(failed, json.NewEncoder(out).Encode(o))
	}
	if failed != nil {
		return failed
	}
	for _, file := range r.Files {
		if r.DryRun {
			fmt.Fprintf(out, "-- %s\n%s\n", file.Name, strings.Join(file.SQL, "\n"))
		}
	}
	switch {
	case r.DryRun:
	case len(r.Files) == 0:
		fmt.Fprintf(out, "%s, at version %s\n", idle, versionName(r.To))
	default:
		fmt.Fprintf(out, "from version %s to %s: %d files in %d ms\n", versionName(r.From), versionName(r.To), len(r.Files), r.Millis)
	}
	return nil
}

func (f *migrateFlags) printState(out io.Writer, s migrate.State) error {
	if f.json {
		return json.NewEncoder(out).Encode(s)
	}
	fmt.Fprintf(out, "database at version %s, this binary at %s\n", versionName(s.Current), versionName(s.Latest))
	if n := len(s.Replaced); n > 0 {
		fmt.Fprintf(out, "replaced %d older versions, up to %s, for which this binary has a checkpoint\n", n, s.Replaced[n-1])
	}
	for _, step := range s.Applied {
		fmt.Fprintf(out, "applied  %s  %s by %s\n", step.Name, step.AppliedAt, step.By)
	}
	for _, step := range s.Pending {
		fmt.Fprintf(out, "pending  %s  %d of %d statements\n", step.Name, step.Applied, step.Total)
	}
	for _, version := range s.Ahead {
		fmt.Fprintf(out, "ahead    %s, of a newer release\n", version)
	}
	for _, p := range s.Problems {
		fmt.Fprintf(out, "problem  (%s) %s\n", p.Code, p.Message)
		for _, sql := range p.Repair {
			fmt.Fprintf(out, "  repair   %s;\n", strings.ReplaceAll(sql, "\n", "\n           "))
		}
	}
	return nil
}

func versionName(version string) string {
	if version == "" {
		return "none"
	}
	return version
}
