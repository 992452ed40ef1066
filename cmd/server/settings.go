package main

import (
	"errors"
	"fmt"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/lockstep-dev/lockstep/internal/authn"
	"github.com/lockstep-dev/lockstep/internal/config"
	"github.com/lockstep-dev/lockstep/internal/pg"
	"github.com/lockstep-dev/lockstep/internal/serving"
	"github.com/lockstep-dev/lockstep/internal/telemetry"
)

// settings are what `server serve` runs with, and `server config` shows.
type settings struct {
	config.Config
	list config.Settings
	env  config.Environment
}

// newSettings adds the flags to cmd. They are read by read, when cmd runs.
func newSettings(cmd *cobra.Command, env config.Environment) *settings {
	s := &settings{env: env}
	s.list = s.Settings()
	s.list.AddFlags(cmd.Flags())
	cmd.Flags().VisitAll(func(f *pflag.Flag) { f.Hidden = true }) // settingsHelp shows them, with their variables
	cmd.Long += "\n\n" + settingsHelp(s.list)

	s.list.Get("database-url").Check = func() error { return pg.CheckURL(s.DatabaseURL) }
	s.list.Get("database-listen-url").Check = func() error {
		if s.ListenURL == "" {
			return nil
		}
		return pg.CheckURL(s.ListenURL)
	}
	s.list.Get("oidc-issuers").Check = func() error { return authn.CheckIssuers(s.Issuers) }
	for name, check := range map[string]func() error{
		"otel-endpoint":            func() error { return telemetry.CheckEndpoint(s.Traces.Endpoint) },
		"otel-traces-endpoint":     func() error { return telemetry.CheckEndpoint(s.Traces.TracesEndpoint) },
		"otel-headers":             func() error { return telemetry.CheckHeaders(s.Traces.Headers) },
		"otel-traces-sampler":      func() error { return telemetry.CheckSampler(s.Traces.Sampler) },
		"otel-traces-sampler-arg":  func() error { return telemetry.CheckShare(s.Traces.SamplerArg) },
		"otel-resource-attributes": func() error { return telemetry.CheckAttributes(s.Traces.ResourceAttributes) },
	} {
		s.list.Get(name).Check = check
	}
	s.list.Get("cors-origins").Check = func() error { return each(s.Origins, serving.CheckOrigin) }
	return s
}

// read fills the settings in. The error names all mistakes.
func (s *settings) read() error {
	if err := s.list.Read(s.env); err != nil {
		return fmt.Errorf("the configuration has mistakes:\n%w", err)
	}
	s.Complete(s.list)
	return nil
}

// unknown are sentences on variables that look like settings and are none.
func (s *settings) unknown() []string {
	return config.Unknown(s.env, s.list, new(config.Migration).Settings())
}

// each checks every item, and says of all that are wrong why.
func each(items []string, check func(string) error) error {
	var mistakes []string
	for _, item := range items {
		if err := check(item); err != nil {
			mistakes = append(mistakes, err.Error())
		}
	}
	if len(mistakes) == 0 {
		return nil
	}
	return errors.New(strings.Join(mistakes, "; "))
}

// settingsHelp lists settings with flag, variable, unit and default.
func settingsHelp(list config.Settings) string {
	var b strings.Builder
	b.WriteString(`Settings. Each is a flag or a variable; the flag wins, and an empty variable counts as not set. Secrets have no flag, since
everybody on the machine can read command lines: put them into the variable, or into a file that NAME_FILE or the flag names.
`)
	for _, s := range list {
		if s.Group != "" {
			fmt.Fprintf(&b, "\n%s\n", s.Group)
		}
		variable, kind := s.Variable(), s.Value.Kind()
		if s.Secret {
			variable, kind = variable+"[_FILE]", "path"
		}
		value := "default " + s.Default
		if s.Default == "" {
			value = "required"
		}
		if s.Secret {
			value = s.Value.Kind() + ", " + value
		}
		fmt.Fprintf(&b, "  %-44s %-36s %s\n        %s\n", "--"+s.FlagName()+" "+kind, variable, value, s.Help)
	}
	return strings.TrimRight(b.String(), "\n")
}
