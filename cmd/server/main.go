// Command server is the production binary: it serves the API, migrates the database with the migrations it embeds, and
// probes its own health.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"syscall"
	"time"

	"github.com/google/uuid"
	"github.com/spf13/cobra"

	"github.com/lockstep-dev/lockstep/internal/config"
)

func main() {
	uuid.EnableRandPool() // ids are no secrets
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	// A second signal ends the process at once. Not at once after the first: one Ctrl-C may arrive twice, through the terminal
	// and through whatever started this process.
	context.AfterFunc(ctx, func() { time.AfterFunc(time.Second, stop) })
	os.Exit(run(ctx, os.Args[1:], config.ParseEnvironment(os.Environ()), os.Stdout, os.Stderr))
}

// run executes the command line and returns the process' exit code.
func run(ctx context.Context, args []string, env config.Environment, stdout, stderr io.Writer) int {
	root := &cobra.Command{
		Use:           "server",
		Short:         "The API server: one binary that serves, migrates and probes itself.",
		SilenceUsage:  true,
		SilenceErrors: true,
	}
	root.AddCommand(
		newServeCommand(env),
		newMigrateCommand(env),
		newConfigCommand(env),
		newHealthcheckCommand(env),
		newOpenAPICommand(),
		newVersionCommand(),
	)
	root.SetArgs(args)
	root.SetOut(stdout)
	root.SetErr(stderr)
	if err := root.ExecuteContext(ctx); err != nil {
		var exit exitCode
		if errors.As(err, &exit) {
			return int(exit)
		}
		fmt.Fprintf(stderr, "server: %v\n", err)
		var person attention
		if errors.As(err, &person) {
			return exitAttention
		}
		return 1
	}
	return 0
}
