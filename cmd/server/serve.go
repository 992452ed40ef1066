package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"runtime"
	"runtime/debug"
	"sync/atomic"
	"time"

	"github.com/spf13/cobra"

	"github.com/lockstep-dev/lockstep/internal/admission"
	"github.com/lockstep-dev/lockstep/internal/api"
	"github.com/lockstep-dev/lockstep/internal/authn"
	"github.com/lockstep-dev/lockstep/internal/config"
	"github.com/lockstep-dev/lockstep/internal/crud"
	"github.com/lockstep-dev/lockstep/internal/httpio"
	"github.com/lockstep-dev/lockstep/internal/inflight"
	"github.com/lockstep-dev/lockstep/internal/logging"
	"github.com/lockstep-dev/lockstep/internal/permcache"
	"github.com/lockstep-dev/lockstep/internal/pg"
	"github.com/lockstep-dev/lockstep/internal/ratelimit"
	"github.com/lockstep-dev/lockstep/internal/requestlog"
	"github.com/lockstep-dev/lockstep/internal/rules"
	"github.com/lockstep-dev/lockstep/internal/serving"
	"github.com/lockstep-dev/lockstep/internal/telemetry"
	"github.com/lockstep-dev/lockstep/migrations"
	"github.com/lockstep-dev/lockstep/openapi"
)

func newServeCommand(env config.Environment) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "serve",
		Short: "Serve the API",
		Long: `Serves the API until SIGTERM or SIGINT, then stops being ready, waits, finishes requests in flight and exits.
It becomes ready when the database has the revision this binary embeds, completely; newer ones may be there already.`,
		Args: cobra.NoArgs,
	}
	settings := newSettings(cmd, env)
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		if err := settings.read(); err != nil {
			return err
		}
		lines, flush := logging.New(cmd.ErrOrStderr(), settings.LogLevel)
		defer func() { _ = flush() }() // a log that cannot be written can be told to nobody
		logger := slog.New(requestlog.NewHandler(lines.Handler()))
		tuneMemory(cmd.Context(), env, logger)
		for _, sentence := range settings.unknown() {
			logger.WarnContext(cmd.Context(), "unknown variable", "mistake", sentence)
		}
		return serve(cmd.Context(), settings.Config, logger)
	}
	return cmd
}

// serve is the life of the process: database, verifier, handler, listeners, wait, shut down. It listens before it has
// reached the database: liveness does not depend on that, and readiness says when it is there.
func serve(ctx context.Context, settings config.Config, logger *slog.Logger) error {
	start := time.Now()
	tracing, metrics, err := newTelemetry(ctx, settings, logger)
	if err != nil {
		return err
	}
	defer tracing.Close(ctx)
	db, err := pg.Open(ctx, pg.Config{
		URL: settings.DatabaseURL, MaxConns: settings.MaxConns, PgBouncer: settings.PgBouncer,
		MaxWait: settings.MaxWait, MaxWaiting: settings.MaxWaiting, ConnectTimeout: settings.ConnectTimeout, Tracer: tracing.Tracer(), Logger: logger,
	})
	if err != nil {
		return fmt.Errorf("LOCKSTEP_DATABASE_URL: %w", err)
	}
	defer closeDatabase(db, logger)
	verifier, err := authn.New(authn.Config{
		Issuers: settings.Issuers, Audience: settings.Audience,
		TenantClaim: settings.TenantClaim, UserClaim: settings.UserClaim, Logger: logger,
		Meter: metrics, HTTPClient: tracing.Client(issuerTimeout),
	})
	if err != nil {
		return fmt.Errorf("token verification: %w", err)
	}
	permissions, err := permcache.New(permcache.Options{Source: rules.NewCallers(db.Driver()), Platform: crud.PlatformPermissions, ListenURL: settings.ListenURL, Logger: logger})
	if err != nil {
		return fmt.Errorf("LOCKSTEP_DATABASE_LISTEN_URL: %w", err)
	}
	if settings.ListenURL == "" {
		logger.InfoContext(ctx, "changed grants take up to a second to reach other processes: set LOCKSTEP_DATABASE_LISTEN_URL to spare the database from being asked as often")
	}
	cleaner := api.NewRetention(db, logger, metrics)
	var draining atomic.Bool
	handler, err := api.New(api.Config{Retention: cleaner, Config: serving.Config{
		DB: db, Verifier: verifier, Grants: permissions, Migrations: migrations.FS, Contract: openapi.Document, Documentation: settings.Docs, Logger: logger,
		Meter: metrics, Tracer: tracing.Tracer(),
		MaxBody: settings.MaxBody, Bodies: inflight.Limits(settings.Bodies), Answers: inflight.Limits(settings.Answers), SlowWindow: settings.SlowWindow,
		Admission:      admission.Limits{Seats: pg.Reserve(int(settings.MaxConns)), Waiting: int(settings.MaxWaiting+1) / 2, MaxWait: settings.MaxWait},
		RequestTimeout: settings.RequestTimeout, Origins: settings.Origins, Draining: draining.Load,
		RateLimits: ratelimit.Limits{
			Principal: ratelimit.Policy{Quota: settings.RatePrincipal.Count, Window: settings.RatePrincipal.Per},
			Tenant:    ratelimit.Policy{Quota: settings.RateTenant.Count, Window: settings.RateTenant.Per},
		},
	}})
	if err != nil {
		return err
	}
	metrics.Register(telemetry.Pool(db.Stats))
	metrics.Register(telemetry.Retention(cleaner.Lateness))
	metrics.Register(telemetry.InFlight(handler.InFlight))
	metrics.Register(telemetry.Admission(handler.Held))
	metrics.Register(telemetry.Readiness(buildVersion().Revision, readiness(handler)))
	public, err := net.Listen("tcp", settings.Addr)
	if err != nil {
		return fmt.Errorf("LOCKSTEP_ADDR: %w", err)
	}
	admin, err := net.Listen("tcp", settings.AdminAddr)
	if err != nil {
		return errors.Join(fmt.Errorf("LOCKSTEP_ADMIN_ADDR: %w", err), public.Close())
	}
	// What serves requests outlives ctx, because requests in flight still need it.
	working, stop := context.WithCancelCause(context.WithoutCancel(ctx))
	defer stop(nil)
	servers := servers{
		public: newHTTPServer(working, handler, settings.RequestTimeout, logger),
		admin:  newHTTPServer(working, adminHandler(metrics.Handler(), settings.Profiles), settings.RequestTimeout, logger),
		cut:    func() { stop(serving.ErrShutdown) },
	}
	failed := make(chan error, 3)
	go func() { failed <- servers.public.Serve(httpio.Whole(servers.public, public, settings.SlowWindow)) }()
	go func() { failed <- servers.admin.Serve(admin) }()
	go func() {
		if err := checkRole(ctx, db, logger); err != nil {
			failed <- err
		}
	}()
	go verifier.Warm(ctx)
	go permissions.Run(working)
	go cleaner.Run(ctx)
	logger.InfoContext(ctx, "serving", "addr", public.Addr().String(), "adminAddr", admin.Addr().String(),
		"version", buildVersion().Version, "startup", time.Since(start), "cpus", runtime.GOMAXPROCS(0), "memoryLimit", debug.SetMemoryLimit(-1))

	select {
	case err := <-failed:
		return fmt.Errorf("serve: %w", err)
	case <-ctx.Done():
	}
	draining.Store(true)
	logger.Info("draining", "delay", settings.ShutdownDelay)
	time.Sleep(settings.ShutdownDelay)
	if err := servers.shutdown(context.WithoutCancel(ctx), settings.ShutdownTimeout); err != nil {
		return err
	}
	logger.Info("stopped")
	return nil
}

// checkRole returns an error if the database's role is one that nobody may serve with. Each connection is checked again.
func checkRole(ctx context.Context, db *pg.DB, logger *slog.Logger) error {
	err := db.CheckRole(ctx)
	var role *pg.RoleError
	switch {
	case errors.As(err, &role):
		return err
	case err != nil && ctx.Err() == nil:
		// A database that is down is no reason to stop: readiness says so until it is back.
		logger.WarnContext(ctx, "database not reachable yet", "error", err)
	}
	return nil
}

// newHTTPServer bounds what a slow or hostile client can hold: headers within 5 s and 32 KiB, the whole request and answer
// within the time a request may take. Requests end with ctx.
func newHTTPServer(ctx context.Context, handler http.Handler, requestTimeout time.Duration, logger *slog.Logger) *http.Server {
	return &http.Server{
		Handler:           handler,
		BaseContext:       func(net.Listener) context.Context { return ctx },
		ReadHeaderTimeout: min(5*time.Second, requestTimeout),
		ReadTimeout:       requestTimeout,
		WriteTimeout:      requestTimeout + 5*time.Second,
		IdleTimeout:       2 * time.Minute,
		MaxHeaderBytes:    32 << 10,
		ErrorLog:          slog.NewLogLogger(logger.Handler(), slog.LevelDebug),
	}
}
