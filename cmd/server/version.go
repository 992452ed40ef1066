package main

import (
	"encoding/json"
	"fmt"
	"runtime"
	"runtime/debug"

	"github.com/spf13/cobra"

	"github.com/lockstep-dev/lockstep/internal/migrate"
	"github.com/lockstep-dev/lockstep/migrations"
	"github.com/lockstep-dev/lockstep/openapi"
)

// version is set at link time: -ldflags "-X main.version=1.2.3".
var version = "dev"

// build says what this binary is made of.
type build struct {
	Version  string `json:"version"`
	Commit   string `json:"commit"`
	Date     string `json:"date"`     // when Commit was made, RFC 3339 in UTC: a build says nothing of its own time, to be repeatable
	Modified bool   `json:"modified"` // the checkout differed from Commit
	Go       string `json:"go"`
	Contract string `json:"contract"` // info.version of the API it serves
	Revision string `json:"revision"` // schema revision it needs
}

func buildVersion() build {
	b := build{Version: version, Go: runtime.Version()}
	if info, ok := debug.ReadBuildInfo(); ok {
		for _, s := range info.Settings {
			switch s.Key {
			case "vcs.revision":
				b.Commit = s.Value
			case "vcs.time":
				b.Date = s.Value
			case "vcs.modified":
				b.Modified = s.Value == "true"
			}
		}
	}
	var document struct {
		Info struct{ Version string }
	}
	if err := json.Unmarshal(openapi.Document, &document); err == nil {
		b.Contract = document.Info.Version
	}
	if revision, err := migrate.Latest(migrations.FS); err == nil {
		b.Revision = revision
	}
	return b
}

func newVersionCommand() *cobra.Command {
	var asJSON bool
	command := &cobra.Command{
		Use:   "version",
		Short: "Print version, commit and its date, contract version and schema revision",
		Args:  cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			b := buildVersion()
			if asJSON {
				return json.NewEncoder(cmd.OutOrStdout()).Encode(b)
			}
			commit := b.Commit
			if b.Modified {
				commit += ", with changes"
			}
			_, err := fmt.Fprintf(cmd.OutOrStdout(), "server %s\ncommit   %s\ndate     %s\ngo       %s\ncontract %s\nrevision %s\n",
				b.Version, commit, b.Date, b.Go, b.Contract, b.Revision)
			return err
		},
	}
	command.Flags().BoolVar(&asJSON, "json", false, "print as JSON")
	return command
}
