package main

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"syscall"

	"github.com/spf13/cobra"
	"golang.org/x/sys/unix"

	"github.com/lockstep-dev/lockstep/internal/devdb"
	"github.com/lockstep-dev/lockstep/internal/subprocess"
)

// exitNotFound is the shell's exit code for a command that does not exist.
const exitNotFound = 127

func newScratchCommand() *cobra.Command {
	var major int
	cmd := &cobra.Command{
		Use:   "scratch [--postgres MAJOR] -- COMMAND [ARGUMENT]...",
		Short: "Run a command with an empty database",
		Long: `Run a command with the URL of an empty Postgres database in its environment:

  LOCKSTEP_SCRATCH_URL   the database as core_owner, who may create schemas; atlas.hcl reads it
  DATABASE_URL           the same

The database is on a server of its own that has the roles core_owner and core_app, and is gone when the command ends.
No Docker is needed. Standard input, output, error and the exit code are the command's own; SIGINT, SIGTERM and SIGHUP
are passed on to it. The exit code is 127 when there is no such command and 128+N when signal N ended it.`,
		Example: `  lockstep scratch -- atlas migrate diff add_projects --env local
  lockstep scratch --postgres 15 -- go tool -modfile=tools/go.mod atlas migrate diff add_projects --env local
  lockstep scratch -- sh -c 'psql "$DATABASE_URL" -f ent/schema.sql'`,
		Args: cobra.MinimumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error { return runScratch(cmd, major, args) },
	}
	cmd.Flags().IntVar(&major, "postgres", 0, "major version of Postgres, fetched where it is not installed (default: the installed one)")
	// Flags after the command's name are the command's.
	cmd.Flags().SetInterspersed(false)
	return cmd
}

func runScratch(cmd *cobra.Command, major int, args []string) (err error) {
	ctx := cmd.Context()
	path, err := exec.LookPath(args[0])
	if err != nil {
		fmt.Fprintf(cmd.ErrOrStderr(), "lockstep: scratch: %v\n", err)
		return exitError(exitNotFound)
	}
	// Signals that come while the database starts are passed on as soon as there is a command.
	signals := make(chan os.Signal, 8)
	signal.Notify(signals, syscall.SIGINT, syscall.SIGTERM, syscall.SIGHUP)
	defer signal.Stop(signals)

	// Fetching takes a while, so it is said; nothing else comes between the command and its caller.
	if err := devdb.Provide(ctx, major, cmd.ErrOrStderr()); err != nil {
		return err
	}
	cluster, err := devdb.Start(ctx, devdb.Options{Ephemeral: true, Major: major})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, cluster.Stop()) }()
	url, drop, err := cluster.Scratch(ctx)
	if err != nil {
		return err
	}
	defer drop()

	command := exec.Command(path, args[1:]...) //nolint:noctx // signals are passed on; the command ends itself
	command.Args[0] = args[0]
	command.Stdin, command.Stdout, command.Stderr = cmd.InOrStdin(), cmd.OutOrStdout(), cmd.ErrOrStderr()
	command.Env = append(os.Environ(), "LOCKSTEP_SCRATCH_URL="+url, "DATABASE_URL="+url)
	p, err := subprocess.Start(command, subprocess.Options{Foreground: true, OnParentDeath: syscall.SIGTERM})
	if err != nil {
		return err
	}
	for {
		select {
		case <-p.Done():
			return exitOf(p.Err())
		case sig := <-signals:
			if sig == syscall.SIGINT && inForeground() {
				// The terminal has sent it to the command as well; a second one would mean "at once".
				continue
			}
			if err := p.Signal(sig.(syscall.Signal)); err != nil {
				return err
			}
		}
	}
}

// exitOf is a finished command's exit code as an error, the way a shell counts it.
func exitOf(err error) error {
	var exit *exec.ExitError
	if !errors.As(err, &exit) {
		return err
	}
	if status, ok := exit.Sys().(syscall.WaitStatus); ok && status.Signaled() {
		return exitError(128 + int(status.Signal()))
	}
	return exitError(exit.ExitCode())
}

// inForeground says whether this process belongs to the terminal's foreground group, to which a Ctrl-C goes as a whole.
func inForeground() bool {
	tty, err := os.Open("/dev/tty")
	if err != nil {
		return false
	}
	defer func() { _ = tty.Close() }()
	group, err := unix.IoctlGetInt(int(tty.Fd()), unix.TIOCGPGRP)
	return err == nil && group == unix.Getpgrp()
}
