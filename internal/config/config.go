// Package config reads the settings of the server from flags, the environment and files, in one place, and names every
// mistake at once. Each setting is declared here with its meaning, unit and default, which --help and `server config` show.
package config

import (
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"time"
)

// Config is everything that can be set of a server that serves. Settings says what each field means.
type Config struct {
	Addr            string
	AdminAddr       string
	Profiles        bool
	Docs            bool
	RequestTimeout  time.Duration
	MaxBody         int64
	Bodies, Answers InFlight
	SlowWindow      time.Duration
	Origins         []string
	ShutdownDelay   time.Duration
	ShutdownTimeout time.Duration

	DatabaseURL string
	ListenURL   string // empty: changed grants cannot be heard
	MaxConns    int32
	MaxWaiting  int32
	MaxWait     time.Duration
	PgBouncer   bool

	ConnectTimeout time.Duration

	RatePrincipal Rate
	RateTenant    Rate

	Issuers     []string
	Audience    string
	TenantClaim string
	UserClaim   string

	LogLevel slog.Level

	Traces Traces
}

// Traces says where spans go, with the names, defaults and meanings of the OpenTelemetry specification.
type Traces struct {
	Endpoint, TracesEndpoint        string // the receiver's URL, and the whole one for traces
	Headers                         string
	Sampler, SamplerArg             string
	ServiceName, ResourceAttributes string
}

// URL is where traces are sent; empty: nowhere.
func (t Traces) URL() string {
	if t.TracesEndpoint != "" || t.Endpoint == "" {
		return t.TracesEndpoint
	}
	return strings.TrimSuffix(t.Endpoint, "/") + "/v1/traces"
}

// InFlight is the most bytes that are held at a time, for all callers and for each.
type InFlight struct{ Process, Caller int64 }

// Rate is so many in so long; the zero value is without end.
type Rate struct {
	Count int
	Per   time.Duration
}

// Settings are the settings of c, in the order --help shows them. Reading them fills c in.
func (c *Config) Settings() Settings {
	return Settings{
		{Group: "API", Name: "addr", Default: "127.0.0.1:8080", Value: address(&c.Addr),
			Help: "where the API listens"},
		{Name: "admin-addr", Default: "127.0.0.1:9090", Value: address(&c.AdminAddr),
			Help: "where metrics are served, and profiles if asked for; nobody but operators may reach it"},
		{Name: "admin-profiles", Default: "false", Value: boolean(&c.Profiles),
			Help: "serve profiles of the process on admin-addr, at /debug/pprof/; whoever takes one slows it down and sees its command line"},
		{Name: "docs", Default: "true", Value: boolean(&c.Docs),
			Help: "serve the interactive documentation at /docs"},
		{Name: "request-timeout", Default: "30s", Value: duration(&c.RequestTimeout, time.Millisecond),
			Help: "longest work for one request, and longest time to send one"},
		{Name: "max-body", Default: "1048576", Value: number(&c.MaxBody, "bytes", 1, 1<<30),
			Help: "largest body of a request"},
		{Name: "bodies-in-flight", Default: "67108864", Value: number(&c.Bodies.Process, "bytes", 1, 1<<40),
			Help: "most bytes of bodies held at a time, by all callers of the process, half of them by one tenant; more are refused with 503"},
		{Name: "bodies-in-flight-principal", Default: "8388608", Value: number(&c.Bodies.Caller, "bytes", 1, 1<<40), Check: c.checkBodies,
			Help: "most bytes of bodies of one user or service held at a time, max-body at least; more are refused with 429"},
		{Name: "answers-in-flight", Default: "67108864", Value: number(&c.Answers.Process, "bytes", 1, 1<<40),
			Help: "most bytes of answers held until their readers have taken them, of those over 16 KiB, half of them of one tenant; more are refused with 503"},
		{Name: "answers-in-flight-principal", Default: "16777216", Value: number(&c.Answers.Caller, "bytes", 1, 1<<40), Check: c.checkAnswers,
			Help: "the same for one user or service, 4 MiB at least; more are refused with 429"},
		{Name: "slow-window", Default: "5s", Value: duration(&c.SlowWindow, time.Millisecond),
			Help: "who sends a body, or takes an answer, at less than 1 KiB a second over this long is cut"},
		{Name: "cors-origins", Default: "none", Value: list(&c.Origins, "origins"),
			Help: "origins whose scripts may call the API, exact: https://app.example.com"},

		{Group: "Shutting down", Name: "shutdown-delay", Default: "5s", Value: duration(&c.ShutdownDelay, 0),
			Help: "how long to go on serving after SIGTERM, not ready, so that load balancers notice"},
		{Name: "shutdown-timeout", Default: "20s", Value: duration(&c.ShutdownTimeout, time.Millisecond),
			Help: "how long requests in flight may take after that; both together must end before the grace period does"},

		{Group: "Database", Name: "database-url", Secret: true, Value: text(&c.DatabaseURL, "URL"),
			Help: "Postgres URL of the role core_app"},
		{Name: "database-listen-url", Secret: true, Default: "none", Value: text(&c.ListenURL, "URL"),
			Help: "Postgres URL past the pooler, to hear of changed grants; without a pooler the one above serves"},
		{Name: "database-max-conns", Default: "10", Value: number(&c.MaxConns, "count", 1, 1000),
			Help: "most database connections, 1 to 1000"},
		{Name: "database-max-wait", Default: "1s", Value: duration(&c.MaxWait, time.Millisecond),
			Help: "how long a request may wait for a connection that others use; then it is refused with 503"},
		{Name: "database-max-waiting", Default: "256", Value: number(&c.MaxWaiting, "count", 1, 100_000),
			Help: "how many requests may wait for a connection; more are refused with 503 at once"},
		{Name: "database-connect-timeout", Default: "3s", Value: duration(&c.ConnectTimeout, time.Millisecond),
			Help: "longest attempt to connect"},
		{Name: "database-pgbouncer", Default: "false", Value: boolean(&c.PgBouncer),
			Help: "true behind PgBouncer in transaction mode"},

		{Group: "Rate limits, per replica", Name: "rate-limit-principal", Default: "1000/10s", Value: rate(&c.RatePrincipal),
			Help: "most requests of one user or service: 1000/10s lets 1000 come at once, and 100 a second after that; or none"},
		{Name: "rate-limit-tenant", Default: "5000/10s", Value: rate(&c.RateTenant),
			Help: "most requests of all principals of a tenant together"},

		{Group: "Access tokens", Name: "oidc-issuers", Value: list(&c.Issuers, "URLs"),
			Help: "accepted token issuers, exactly as in the claim iss; of several, each with whom it may speak for: URL any-tenant platform, URL TENANT_ID…"},
		{Name: "oidc-audience", Default: "lockstep", Value: text(&c.Audience, "name"),
			Help: "audience a token must name"},
		{Name: "oidc-tenant-claim", Default: "tenant_id", Value: text(&c.TenantClaim, "name"),
			Help: "claim that holds the caller's tenant"},
		{Name: "oidc-user-claim", Default: "sub", Value: text(&c.UserClaim, "name"),
			Help: "claim that holds the caller's user id"},

		{Group: "Logs", Name: "log-level", Default: "info", Value: level(&c.LogLevel),
			Help: "least severe line that is logged"},

		{Group: "Traces (OTEL_BSP_ variables set the sizes and times of batches)",
			Name: "otel-endpoint", Standard: "OTEL_EXPORTER_OTLP_ENDPOINT", Default: "none", Value: text(&c.Traces.Endpoint, "URL"),
			Help: "receiver of OTLP over HTTP, such as http://localhost:4318; without one there are no traces"},
		{Name: "otel-traces-endpoint", Standard: "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", Default: "none", Value: text(&c.Traces.TracesEndpoint, "URL"),
			Help: "the same for traces alone, with its path"},
		{Name: "otel-headers", Standard: "OTEL_EXPORTER_OTLP_HEADERS", Secret: true, Default: "none", Value: text(&c.Traces.Headers, "name=value,…"),
			Help: "headers of each export, percent-encoded"},
		{Name: "otel-traces-sampler", Standard: "OTEL_TRACES_SAMPLER", Default: "parentbased_always_on", Value: text(&c.Traces.Sampler, "name"),
			Help: "which traces are kept: always_on, always_off, traceidratio, or one of these after parentbased_, which lets the caller's trace decide"},
		{Name: "otel-traces-sampler-arg", Standard: "OTEL_TRACES_SAMPLER_ARG", Default: "1", Value: text(&c.Traces.SamplerArg, "0 to 1"),
			Help: "the share that traceidratio keeps"},
		{Name: "otel-service-name", Standard: "OTEL_SERVICE_NAME", Default: "lockstep", Value: text(&c.Traces.ServiceName, "name"),
			Help: "what the traces are of"},
		{Name: "otel-resource-attributes", Standard: "OTEL_RESOURCE_ATTRIBUTES", Default: "none", Value: text(&c.Traces.ResourceAttributes, "name=value,…"),
			Help: "what else is said of the process: deployment.environment.name=production"},
	}
}

// maxAnswer is the most bytes of one answer.
const maxAnswer = 4 << 20

func (c *Config) checkBodies() error {
	if c.Bodies.Caller < c.MaxBody || c.Bodies.Process/2 < c.Bodies.Caller {
		return errors.New("LOCKSTEP_BODIES_IN_FLIGHT_PRINCIPAL must be at least LOCKSTEP_MAX_BODY and at most half of LOCKSTEP_BODIES_IN_FLIGHT, which is a tenant's: else a large body can never be sent")
	}
	return nil
}

func (c *Config) checkAnswers() error {
	if c.Answers.Caller < maxAnswer || c.Answers.Process/2 < c.Answers.Caller {
		return fmt.Errorf("LOCKSTEP_ANSWERS_IN_FLIGHT_PRINCIPAL must be at least %d and at most half of LOCKSTEP_ANSWERS_IN_FLIGHT, which is a tenant's: else a large answer can never be given", maxAnswer)
	}
	return nil
}

// Complete derives what is not set from what is. Call it after reading.
func (c *Config) Complete(settings Settings) {
	if c.ListenURL == "" && !c.PgBouncer {
		c.ListenURL = c.DatabaseURL
		settings.Get("database-listen-url").derive(c.DatabaseURL, "the same as "+settings.Get("database-url").Variable())
	}
}

// Migration is what can be set of `server migrate`.
type Migration struct {
	DatabaseURL string
	LockTimeout time.Duration
	Wait        time.Duration
}

// Settings are the settings of m. Reading them fills m in.
func (m *Migration) Settings() Settings {
	return Settings{
		{Group: "Migrations", Name: "migrate-database-url", Secret: true, Value: text(&m.DatabaseURL, "URL"),
			Help: "Postgres URL of the database to migrate, as the role that owns its schema"},
		{Name: "migrate-lock-timeout", Flag: "lock-timeout", Default: "3s", Value: duration(&m.LockTimeout, time.Millisecond),
			Help: "how long a statement may wait for a lock before its file is rolled back and tried again"},
		{Name: "migrate-wait", Flag: "wait", Default: "15m", Value: duration(&m.Wait, 0),
			Help: "how long to wait while another runner migrates the database"},
	}
}
