package main

import (
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/lockstep-dev/lockstep/internal/config"
)

func newHealthcheckCommand(env config.Environment) *cobra.Command {
	var (
		settings config.Config
		live     bool
	)
	list := settings.Settings().Only("addr")
	command := &cobra.Command{
		Use:   "healthcheck",
		Short: "Ask the server on this machine whether it is ready",
		Long: `Asks the server on this machine for /readyz, or with --live for /livez, within 3 s.
Exit code 0: yes. 1: no, with the reason. An image without a shell needs no curl.`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if err := list.Read(env); err != nil {
				return err
			}
			path := "/readyz"
			if live {
				path = "/livez"
			}
			answer, err := probe(cmd.Context(), settings.Addr, path)
			fmt.Fprintln(cmd.OutOrStdout(), answer)
			return err
		},
	}
	list.AddFlags(command.Flags())
	command.Flags().BoolVar(&live, "live", false, "ask /livez instead of /readyz")
	return command
}

func probe(ctx context.Context, addr, path string) (string, error) {
	host, port, err := net.SplitHostPort(addr)
	if err != nil {
		return "", fmt.Errorf("probe %s: %w", addr, err)
	}
	if ip := net.ParseIP(host); host == "" || ip != nil && ip.IsUnspecified() {
		host = "127.0.0.1" // a server on all addresses is on this one
	}
	ctx, cancel := context.WithTimeout(ctx, 3*time.Second)
	defer cancel()
	url := "http://" + net.JoinHostPort(host, port) + path
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return "", fmt.Errorf("probe %s: %w", url, err)
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return "", fmt.Errorf("no server answers at %s: %w", url, err)
	}
	defer func() { _ = response.Body.Close() }()
	body, err := io.ReadAll(io.LimitReader(response.Body, 4096))
	if err != nil {
		return "", fmt.Errorf("read answer of %s: %w", url, err)
	}
	text := strings.TrimSpace(string(body))
	if response.StatusCode != http.StatusOK {
		return text, fmt.Errorf("%s answers %s", url, response.Status)
	}
	return text, nil
}
