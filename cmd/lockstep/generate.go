package main

import (
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/lockstep-dev/lockstep/internal/codegen"
)

func newGenerateCommand() *cobra.Command {
	var options generateOptions
	var long strings.Builder
	long.WriteString("Runs generation steps, all of them when none is named. Output is byte for byte the same for the same schema.\n" +
		"At the end what was generated is type-checked, with the service's own packages that import it, and only then put in\n" +
		"its place: when anything fails, everything stays as it was.\n\nSteps, in order:\n")
	var names []string
	for _, step := range codegen.Steps() {
		names = append(names, step.Name)
		fmt.Fprintf(&long, "  %-11s %s\n", step.Name, step.Summary)
	}
	command := &cobra.Command{
		Use:       "generate [STEP...]",
		Short:     "Generate ORM, DDL, contract, handlers and SDK from ent/schema",
		Long:      long.String(),
		ValidArgs: names,
		Args:      cobra.OnlyValidArgs,
		RunE: func(cmd *cobra.Command, args []string) error {
			return generate(cmd, args, options)
		},
	}
	command.Flags().BoolVar(&options.asJSON, "json", false, "print one JSON object per step instead of text")
	command.Flags().BoolVar(&options.writeFirst, "write-first", false,
		"replace the generated files even if the service's own code does not compile with them yet, and fail then")
	return command
}

type generateOptions struct{ asJSON, writeFirst bool }

func generate(cmd *cobra.Command, names []string, options generateOptions) error {
	root, err := repositoryRoot()
	if err != nil {
		return err
	}
	workspace, err := codegen.Open(root, cmd.ErrOrStderr())
	if err != nil {
		return err
	}
	start := time.Now()
	changed := 0
	encoder := json.NewEncoder(cmd.OutOrStdout())
	for _, step := range codegen.Steps() {
		if !selected(step.Name, names) {
			continue
		}
		out, err := workspace.Run(cmd.Context(), step)
		if err != nil {
			return err
		}
		changed += out.Changed
		if options.asJSON {
			if err := encoder.Encode(out); err != nil {
				return fmt.Errorf("print step: %w", err)
			}
			continue
		}
		fmt.Fprintf(cmd.OutOrStdout(), "%-11s %6.2f s  %4d files, %d changed  %s\n",
			out.Step, out.Took.Seconds(), out.Files, out.Changed, out.Target)
	}
	took, err := workspace.Commit(cmd.Context(), codegen.CommitOptions{Steps: names, WriteFirst: options.writeFirst})
	if err != nil {
		return err
	}
	if len(names) != 1 && !options.asJSON {
		fmt.Fprintf(cmd.OutOrStdout(), "%-11s %6.2f s  it compiles\n", "type check", took.Seconds())
		fmt.Fprintf(cmd.OutOrStdout(), "generated in %.2f s, %d files changed; next: %s\n",
			time.Since(start).Seconds(), changed, afterGenerate(changed))
	}
	return nil
}

func selected(name string, names []string) bool {
	if len(names) == 0 {
		return true
	}
	for _, n := range names {
		if n == name {
			return true
		}
	}
	return false
}

func afterGenerate(changed int) string {
	if changed == 0 {
		return "nothing, all is current"
	}
	return "make migration name=… if ent/schema.sql changed, then make test"
}
