package main

import (
	"encoding/json"
	"fmt"
	"io"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"github.com/lockstep-dev/lockstep/internal/config"
)

func newConfigCommand(env config.Environment) *cobra.Command {
	var asJSON bool
	cmd := &cobra.Command{
		Use:   "config",
		Short: "Print the effective configuration, without secrets",
		Long: `Prints what "server serve" would run with here: each setting's value, with secrets and the passwords in URLs masked, and
where it is from. Variables that look like settings and are none are named. The exit code is 1 when "server serve" would
refuse the configuration; the mistakes are then on standard error.`,
		Args: cobra.NoArgs,
	}
	s := newSettings(cmd, env)
	cmd.Flags().BoolVar(&asJSON, "json", false, "print one JSON object instead of text")
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		mistakes := s.read()
		show := showText
		if asJSON {
			show = showJSON
		}
		if err := show(cmd.OutOrStdout(), s); err != nil {
			return err
		}
		return mistakes
	}
	return cmd
}

func showText(out io.Writer, s *settings) error {
	table := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	for _, setting := range s.list {
		fmt.Fprintf(table, "%s\t%s\t%s\n", setting.Name, setting.Shown(), setting.Source())
	}
	if err := table.Flush(); err != nil {
		return err
	}
	for _, sentence := range s.unknown() {
		fmt.Fprintln(out, sentence)
	}
	return nil
}

func showJSON(out io.Writer, s *settings) error {
	type line struct {
		Name   string `json:"name"`
		Value  string `json:"value"`
		Source string `json:"source"`
	}
	effective := struct {
		Settings []line   `json:"settings"`
		Unknown  []string `json:"unknown"`
	}{Unknown: append([]string{}, s.unknown()...)}
	for _, setting := range s.list {
		effective.Settings = append(effective.Settings, line{setting.Name, setting.Shown(), setting.Source()})
	}
	return json.NewEncoder(out).Encode(effective)
}
