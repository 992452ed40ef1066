package main

import (
	"context"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"github.com/spf13/cobra"

	"github.com/lockstep-dev/lockstep/internal/devdb"
	"github.com/lockstep-dev/lockstep/internal/devstack"
)

func newDevCommand() *cobra.Command {
	var (
		web, reset    bool
		dir, database string
	)
	var long strings.Builder
	long.WriteString(`Runs everything a developer needs until Ctrl-C: Postgres with the migrations of the working tree and a seed, a token
issuer, and the server built from the working tree. When it is ready it prints URLs, tokens and a command to try, and
writes them to .lockstep/dev.json. When a migration fails, the database stays up, so that its rows can be mended: it says what
to do, and goes on when that is done. All data is kept in .lockstep; remove that folder to start afresh.

Postgres is an installed one (14 or newer), or is fetched once when none is installed. No Docker is needed. Data is
opened by the build that made it, or had it last, where that is still there; another build of the same major version
says so, and another major is refused.

Environment. A port that is taken is replaced by a free one unless it was set here:
`)
	for _, v := range devstack.Variables() {
		fmt.Fprintf(&long, "  %-29s %s (%s)\n", v.Name, v.Help, v.Default)
	}
	long.WriteString("Which Postgres, for tests and tools too:\n")
	for _, v := range devdb.Variables() {
		fmt.Fprintf(&long, "  %-29s %s (%s)\n", v.Name, v.Help, v.Default)
	}
	long.WriteString(`Other LOCKSTEP_ variables of the server (server serve --help) are passed on to it.`)
	cmd := &cobra.Command{
		Use:   "dev",
		Short: "Run the whole stack on this machine",
		Long:  long.String(),
		Args:  cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			root, err := repositoryRoot()
			if err != nil {
				return err
			}
			ctx, stop := signal.NotifyContext(cmd.Context(), syscall.SIGHUP)
			defer stop()
			if dir != "" {
				if dir, err = filepath.Abs(dir); err != nil {
					return err
				}
			}
			// A second Ctrl-C ends the wait. Not at once: one Ctrl-C may reach this process twice, through the terminal
			// and through whatever started it.
			context.AfterFunc(ctx, func() {
				time.AfterFunc(time.Second, func() { signal.Reset(syscall.SIGINT, syscall.SIGTERM) })
			})
			return devstack.Run(ctx, devstack.Config{
				Root: root, Dir: dir, Database: database, Reset: reset, Getenv: os.Getenv, Web: web, In: cmd.InOrStdin(), Out: cmd.OutOrStdout(), Logs: os.Stderr,
			})
		},
	}
	cmd.Flags().BoolVar(&web, "web", false, "also run the front end (web/) in its development mode")
	cmd.Flags().BoolVar(&reset, "reset", false, "drop the database with its rows and start from an empty one")
	cmd.Flags().StringVar(&database, "database", "", "name of the database, for instance one per branch (default LOCKSTEP_DEV_DATABASE, or core)")
	cmd.Flags().StringVar(&dir, "dir", "", "folder for data, tokens and dev.json (default .lockstep in the checkout)")
	return cmd
}
