package pg

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"strconv"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgconn/ctxwatch"
	"github.com/jackc/pgx/v5/pgxpool"
	"go.opentelemetry.io/otel/trace"
)

// Config is what Open needs to know.
type Config struct {
	// URL is the connection string of the application's role (core_app). Required. Pool settings in the
	// URL (pool_max_conns …) are overruled by the fields below.
	URL string

	// MaxConns is the most connections the pool holds. One tenant, and likewise the platform, holds all but max(2, 20 %) of
	// them, and one at least; from four on, tenants leave one to the platform and the server itself. Defaults to 10.
	MaxConns int32

	// MinConns is how many connections are kept open while idle. Defaults to 0.
	MinConns int32

	// MaxWaiting is how many statements of tenants may wait for a connection; the error of those beyond is ErrBusy. Of one
	// tenant half as many may; the error of those beyond is ErrShare. Negative means none. Defaults to 256.
	MaxWaiting int32

	// MaxWait is how long a statement may wait for a connection that others use, or ErrBusy. Defaults to 1 s.
	MaxWait time.Duration

	// ConnectTimeout bounds one attempt to connect. Defaults to 3 s.
	ConnectTimeout time.Duration

	// MaxConnLifetime is the age at which a connection is replaced, with a jitter of a tenth, so that
	// load follows a failover. Defaults to 1 h.
	MaxConnLifetime time.Duration

	// StatementTimeout ends a statement on the server when it runs longer; the error is ErrTimeout.
	// Negative means no limit. Defaults to 15 s.
	StatementTimeout time.Duration

	// IdleInTransactionTimeout ends a session that keeps a transaction open without using it, so that a
	// stuck process does not hold locks. Negative means no limit. Defaults to 30 s.
	IdleInTransactionTimeout time.Duration

	// PgBouncer makes the driver work behind a pooler in transaction mode: settings travel with each
	// transaction instead of with the connection, and no statement is prepared. It costs about half of
	// the throughput. A pooler that is met without it is recognised, and Logger is told. JSON has to be passed as json.RawMessage, as Ent does, or string: pgx takes a
	// []byte for a bytea. Defaults to false.
	PgBouncer bool

	// ApplicationName is shown in pg_stat_activity. Defaults to "lockstep".
	ApplicationName string

	// SearchPath is the schema unqualified names resolve in; Ent qualifies all but the columns of an
	// edge's order-by. Defaults to "core".
	SearchPath string

	// Logger is told what an operator should change, and when the server takes no more connections.
	// Defaults to none.
	Logger *slog.Logger

	// Tracer makes a span of each round trip to the server that belongs to a recorded trace. Defaults to none, which
	// costs nothing.
	Tracer trace.Tracer

	// Observe is called with every statement before it is sent, also with one that is then refused for
	// want of a scope; the settings the driver adds are not shown, and values instead of pointers to them. It must be safe for concurrent use and
	// must not keep args. Arguments are personal data: for tests. Defaults to none.
	Observe func(ctx context.Context, sql string, args []any)
}

func (c Config) withDefaults() (Config, error) {
	if c.URL == "" {
		return c, errors.New("postgres: no database URL: set LOCKSTEP_DATABASE_URL")
	}
	setDefault(&c.MaxConns, 10)
	setDefault(&c.MaxWaiting, 256)
	c.MaxWaiting = max(c.MaxWaiting, 0)
	setDefault(&c.MaxWait, time.Second)
	setDefault(&c.ConnectTimeout, 3*time.Second)
	setDefault(&c.MaxConnLifetime, time.Hour)
	setDefault(&c.StatementTimeout, 15*time.Second)
	setDefault(&c.IdleInTransactionTimeout, 30*time.Second)
	setDefault(&c.ApplicationName, "lockstep")
	setDefault(&c.SearchPath, "core")
	setDefault(&c.Logger, slog.New(slog.DiscardHandler))
	if c.MaxConns < 1 {
		return c, fmt.Errorf("postgres: MaxConns is %d: use at least 1", c.MaxConns)
	}
	if c.MinConns > c.MaxConns {
		return c, fmt.Errorf("postgres: MinConns %d is more than MaxConns %d: lower it", c.MinConns, c.MaxConns)
	}
	return c, nil
}

// CheckURL reports what is wrong with a connection string, without connecting and without showing its password.
func CheckURL(url string) error {
	_, err := pgxpool.ParseConfig(url)
	return err
}

func setDefault[T comparable](field *T, value T) {
	var zero T
	if *field == zero {
		*field = value
	}
}

// sessionSetting is a setting every statement of this package runs with.
type sessionSetting struct{ name, value string }

func (c Config) sessionSettings() []sessionSetting {
	return []sessionSetting{
		{"search_path", c.SearchPath},
		{"statement_timeout", milliseconds(c.StatementTimeout)},
		{"idle_in_transaction_session_timeout", milliseconds(c.IdleInTransactionTimeout)},
		// Statements that hold several ways are estimated at the sum of them all, and are short whichever is taken: to compile
		// one takes 0.3 s, every time.
		{"jit", "off"},
	}
}

// milliseconds formats d for Postgres, where 0 is "no limit": a positive d never becomes 0.
func milliseconds(d time.Duration) string {
	if d <= 0 {
		return "0"
	}
	return strconv.FormatInt(max(1, d.Milliseconds()), 10)
}

// poolConfig translates c, which has its defaults, for pgxpool.
func (c Config) poolConfig() (*pgxpool.Config, error) {
	pc, err := pgxpool.ParseConfig(c.URL)
	if err != nil {
		return nil, fmt.Errorf("postgres: read the database URL: %w", err)
	}
	pc.MaxConns, pc.MinConns = c.MaxConns, c.MinConns
	pc.MaxConnLifetime, pc.MaxConnLifetimeJitter = c.MaxConnLifetime, c.MaxConnLifetime/10
	pc.ShouldPing = shouldPing
	pc.PingTimeout = 2 * time.Second

	cc := pc.ConnConfig
	cc.ConnectTimeout = c.ConnectTimeout
	// A host that dies does not hang up: its connections are found out after 11 s instead of after minutes.
	dialer := &net.Dialer{KeepAliveConfig: net.KeepAliveConfig{Enable: true, Idle: 5 * time.Second, Interval: 2 * time.Second, Count: 3}}
	cc.DialFunc = dialer.DialContext
	cc.RuntimeParams["application_name"] = c.ApplicationName
	for _, s := range c.sessionSettings() {
		cc.RuntimeParams[s.name] = s.value
	}
	cc.BuildContextWatcherHandler = func(conn *pgconn.PgConn) ctxwatch.Handler { return &canceller{conn: conn} }
	return pc, nil
}

// throughPooler changes how a connection is opened for a pooler, which refuses start-up parameters it does not track: those
// settings go along with each transaction, see DB.binding.
func (c Config) throughPooler(cc *pgx.ConnConfig) {
	cc.DefaultQueryExecMode = pgx.QueryExecModeExec
	for _, s := range c.sessionSettings() {
		delete(cc.RuntimeParams, s.name)
	}
}
