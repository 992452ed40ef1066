// Command lockstep is the developers' binary: it generates, plans migrations, runs the stack locally and checks that
// nothing has drifted. It imports no generated package, so it builds while generated code is missing or broken.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"syscall"

	"github.com/spf13/cobra"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	os.Exit(run(ctx, os.Args[1:], os.Stdout, os.Stderr))
}

// run executes the command line and returns the process' exit code: 0 done, 1 failed, or the code of a child process
// (lockstep scratch).
func run(ctx context.Context, args []string, stdout, stderr io.Writer) int {
	root := &cobra.Command{
		Use:           "lockstep",
		Short:         "One schema drives migrations, ORM, contract, handlers and SDK.",
		SilenceUsage:  true,
		SilenceErrors: true,
	}
	root.AddCommand(
		newContractCommand(),
		newCheckCommand(),
		newDevCommand(),
		newGenerateCommand(),
		newImageCommand(),
		newNewCommand(),
		newMigrationCommand(),
		newMigrateCommand(),
		newRenameCommand(),
		newScratchCommand(),
		newSetupCommand(),
	)
	root.SetArgs(args)
	root.SetOut(stdout)
	root.SetErr(stderr)
	if err := root.ExecuteContext(ctx); err != nil {
		var exit exitError
		if errors.As(err, &exit) {
			return int(exit)
		}
		fmt.Fprintf(stderr, "lockstep: %v\n", err)
		return 1
	}
	return 0
}

// exitError is the exit code of a child process whose own output already said what went wrong.
type exitError int

func (e exitError) Error() string { return fmt.Sprintf("exit status %d", int(e)) }
