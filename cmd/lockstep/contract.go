package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"

	"github.com/lockstep-dev/lockstep/internal/contractdiff"
	"github.com/lockstep-dev/lockstep/internal/git"
)

// contractFile is where the contract lies in every revision of the repository.
const contractFile = "openapi/openapi.json"

func newContractCommand() *cobra.Command {
	var base string
	var asJSON bool
	cmd := &cobra.Command{
		Use:   "contract",
		Short: "Compare the contract with another branch's, and check its version",
		Long: `Compare openapi/openapi.json with the one at the point where this branch left the base branch. Each change is named with
the reason why it breaks callers or does not, and info.version (in openapi/info.json) must say so: breaking changes take a
major version, additions a minor one, changes of text a patch. The exit code is 1 when it says less.`,
		Example: `  lockstep contract --base origin/main
  lockstep contract --base v1.4.0 --json`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			root, err := repositoryRoot()
			if err != nil {
				return err
			}
			report, err := compareContracts(cmd.Context(), root, base)
			if err != nil {
				return err
			}
			if asJSON {
				err = json.NewEncoder(cmd.OutOrStdout()).Encode(report)
			} else {
				printContractReport(cmd.OutOrStdout(), report)
			}
			if err == nil && !report.OK {
				return fmt.Errorf("the contract's version is %s and its changes need %s: set it in openapi/info.json and run make generate",
					report.Version, report.Wanted)
			}
			return err
		},
	}
	cmd.Flags().StringVar(&base, "base", "", "branch, tag or commit to compare with (default origin/main, or main without a remote)")
	cmd.Flags().BoolVar(&asJSON, "json", false, "print one JSON object instead of text")
	return cmd
}

// compareContracts compares the working tree's contract with the base's.
func compareContracts(ctx context.Context, root, base string) (*contractdiff.Report, error) {
	if base == "" {
		base = "main"
		if _, err := git.Run(ctx, root, "rev-parse", "--verify", "--quiet", "origin/main^{commit}"); err == nil {
			base = "origin/main"
		}
	}
	if _, err := git.Run(ctx, root, "rev-parse", "--verify", base+"^{commit}"); err != nil {
		return nil, fmt.Errorf("no such branch, tag or commit: %w; fetch it, or name another with --base", err)
	}
	// What the base branch got since this one left it is not this branch's removal. A shallow clone may not know the point.
	from := base
	if point, err := git.Run(ctx, root, "merge-base", base, "HEAD"); err == nil {
		from = strings.TrimSpace(point)
	}
	older, err := git.Run(ctx, root, "show", from+":"+contractFile)
	if err != nil {
		return nil, fmt.Errorf("read the contract of %s: %w", base, err)
	}
	newer, err := os.ReadFile(filepath.Join(root, filepath.FromSlash(contractFile)))
	if err != nil {
		return nil, fmt.Errorf("%w: run make generate", err)
	}
	return contractdiff.Compare([]byte(older), newer)
}

func printContractReport(out io.Writer, r *contractdiff.Report) {
	for _, c := range r.Changes {
		kind := "added   "
		switch {
		case c.Breaking:
			kind = "BREAKING"
		case c.Risky:
			kind = "risky   "
		}
		where := c.Operation
		if where == "" {
			where = "document"
		}
		fmt.Fprintf(out, "%s  %s: %s (%s)\n", kind, where, c.Reason, c.Rule)
	}
	fmt.Fprintf(out, "contract %s → %s: needs %s, got %s\n", r.BaseVersion, r.Version, r.Needed, r.Given)
}
