// Package config reads the server's settings from the environment, in one place, and refuses to start on a mistake.
package config

import (
	"errors"
	"fmt"
	"log/slog"
	"net"
	"os"
	"strconv"
	"strings"
	"time"
)

// Config is everything that can be set. The variables' names, meanings and defaults are in Variables.
type Config struct {
	DatabaseURL     string
	ListenURL       string // empty: changed grants cannot be heard
	Addr            string
	AdminAddr       string
	MaxConns        int32
	PgBouncer       bool
	Issuers         []string
	Audience        string
	TenantClaim     string
	UserClaim       string
	RequestTimeout  time.Duration
	ShutdownDelay   time.Duration
	ShutdownTimeout time.Duration
	MaxBody         int64
	Origins         []string
	LogLevel        slog.Level
}

// Variable describes one environment variable for --help.
type Variable struct {
	Name, Default, Help string
	// Secret variables may also be given as NAME_FILE, the path of a file that holds the value.
	Secret bool
	set    func(*Config, string) error
}

// Variables lists every setting of the server, in the order --help shows them.
func Variables() []Variable {
	return []Variable{
		{"LOCKSTEP_DATABASE_URL", "", "Postgres URL of the role core_app", true,
			func(c *Config, v string) error { c.DatabaseURL = v; return nil }},
		{"LOCKSTEP_DATABASE_LISTEN_URL", "none", "Postgres URL past the pooler, to hear of changed grants; with PGBOUNCER=false the one above serves", true,
			func(c *Config, v string) error { c.ListenURL = optional(v); return nil }},
		{"LOCKSTEP_ADDR", "127.0.0.1:8080", "address the API listens on, host:port", false,
			func(c *Config, v string) (err error) { c.Addr, err = address(v); return }},
		{"LOCKSTEP_ADMIN_ADDR", "127.0.0.1:9090", "address of pprof and build information, host:port", false,
			func(c *Config, v string) (err error) { c.AdminAddr, err = address(v); return }},
		{"LOCKSTEP_DATABASE_MAX_CONNS", "10", "most database connections, 1 to 1000", false,
			func(c *Config, v string) error {
				n, err := strconv.ParseInt(v, 10, 32)
				if err != nil || n < 1 || n > 1000 {
					return errors.New("give a whole number from 1 to 1000")
				}
				c.MaxConns = int32(n)
				return nil
			}},
		{"LOCKSTEP_DATABASE_PGBOUNCER", "false", "true behind PgBouncer in transaction mode", false,
			func(c *Config, v string) (err error) { c.PgBouncer, err = boolean(v); return }},
		{"LOCKSTEP_OIDC_ISSUERS", "", "accepted token issuers, URLs separated by commas", false,
			func(c *Config, v string) error { c.Issuers = list(v); return nil }},
		{"LOCKSTEP_OIDC_AUDIENCE", "lockstep", "audience a token must name", false,
			func(c *Config, v string) error { c.Audience = v; return nil }},
		{"LOCKSTEP_OIDC_TENANT_CLAIM", "tenant_id", "claim that holds the caller's tenant", false,
			func(c *Config, v string) error { c.TenantClaim = v; return nil }},
		{"LOCKSTEP_OIDC_USER_CLAIM", "sub", "claim that holds the caller's user id", false,
			func(c *Config, v string) error { c.UserClaim = v; return nil }},
		{"LOCKSTEP_REQUEST_TIMEOUT", "30s", "longest work for one request", false,
			func(c *Config, v string) (err error) { c.RequestTimeout, err = duration(v); return }},
		{"LOCKSTEP_SHUTDOWN_DELAY", "0s", "wait between not ready and closing, for load balancers to notice", false,
			func(c *Config, v string) (err error) { c.ShutdownDelay, err = duration(v); return }},
		{"LOCKSTEP_SHUTDOWN_TIMEOUT", "20s", "longest wait for requests in flight at shutdown", false,
			func(c *Config, v string) (err error) { c.ShutdownTimeout, err = duration(v); return }},
		{"LOCKSTEP_MAX_BODY", "1048576", "largest request body, bytes", false,
			func(c *Config, v string) error {
				n, err := strconv.ParseInt(v, 10, 64)
				if err != nil || n < 1 {
					return errors.New("give a number of bytes above 0")
				}
				c.MaxBody = n
				return nil
			}},
		{"LOCKSTEP_CORS_ORIGINS", "none", "origins whose scripts may call the API, exact, separated by commas: https://app.example.com", false,
			func(c *Config, v string) error { c.Origins = list(optional(v)); return nil }},
		{"LOCKSTEP_LOG_LEVEL", "info", "debug, info, warn or error", false,
			func(c *Config, v string) error { return c.LogLevel.UnmarshalText([]byte(v)) }},
	}
}

// Read returns the configuration, or one error that names every mistake, a sentence each.
func Read(getenv func(string) string) (Config, error) {
	var (
		c        Config
		mistakes []error
	)
	for _, v := range Variables() {
		value, err := Lookup(getenv, v.Name, v.Secret)
		if err == nil {
			if value == "" {
				value = v.Default
			}
			if value == "" {
				err = errors.New("is required: " + v.Help)
			} else {
				err = v.set(&c, value)
			}
		}
		if err != nil {
			mistakes = append(mistakes, fmt.Errorf("%s: %w", v.Name, err))
		}
	}
	if c.ListenURL == "" && !c.PgBouncer {
		c.ListenURL = c.DatabaseURL
	}
	return c, errors.Join(mistakes...)
}

// Lookup returns a variable's value, or for a secret the content of the file that NAME_FILE names, without the line end.
func Lookup(getenv func(string) string, name string, secret bool) (string, error) {
	value := getenv(name)
	path := ""
	if secret {
		path = getenv(name + "_FILE")
	}
	if path == "" {
		return value, nil
	}
	if value != "" {
		return "", fmt.Errorf("and %s_FILE are both set: keep one", name)
	}
	data, err := os.ReadFile(path)
	if err != nil {
		return "", fmt.Errorf("read the file of %s_FILE: %w", name, err)
	}
	return strings.TrimRight(string(data), "\r\n"), nil
}

// optional is a setting whose default is to be without.
func optional(v string) string {
	if v == "none" {
		return ""
	}
	return v
}

func address(v string) (string, error) {
	if _, _, err := net.SplitHostPort(v); err != nil {
		return "", errors.New("give host:port, such as 0.0.0.0:8080")
	}
	return v, nil
}

func boolean(v string) (bool, error) {
	b, err := strconv.ParseBool(v)
	if err != nil {
		return false, errors.New("give true or false")
	}
	return b, nil
}

func duration(v string) (time.Duration, error) {
	d, err := time.ParseDuration(v)
	if err != nil || d < 0 {
		return 0, errors.New("give a duration such as 500ms, 20s or 1m")
	}
	return d, nil
}

func list(v string) []string {
	var out []string
	for _, item := range strings.Split(v, ",") {
		if item = strings.TrimSpace(item); item != "" {
			out = append(out, item)
		}
	}
	return out
}
