package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"runtime/debug"
	"sync/atomic"
	"time"

	"github.com/spf13/cobra"

	"github.com/lockstep-dev/lockstep/internal/api"
	"github.com/lockstep-dev/lockstep/internal/auth"
	"github.com/lockstep-dev/lockstep/internal/config"
	"github.com/lockstep-dev/lockstep/internal/grants"
	"github.com/lockstep-dev/lockstep/internal/logging"
	"github.com/lockstep-dev/lockstep/internal/postgres"
	"github.com/lockstep-dev/lockstep/migrations"
	"github.com/lockstep-dev/lockstep/openapi"
)

func newServeCommand(env config.Environment) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "serve",
		Short: "Serve the API",
		Long: `Serves the API until SIGTERM or SIGINT, then stops being ready, waits, finishes requests in flight and exits.
It becomes ready when the database's schema is at the revision this binary embeds.`,
		Args: cobra.NoArgs,
	}
	settings := newSettings(cmd, env)
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		if err := settings.read(); err != nil {
			return err
		}
		if env["GOGC"] == "" {
			debug.SetGCPercent(gcPercent)
		}
		logger, flush := logging.New(cmd.ErrOrStderr(), settings.LogLevel)
		defer func() { _ = flush() }() // a log that cannot be written can be told to nobody
		for _, sentence := range settings.unknown() {
			logger.WarnContext(cmd.Context(), "unknown variable", "mistake", sentence)
		}
		return serve(cmd.Context(), settings.Config, logger)
	}
	return cmd
}

// gcPercent lets the heap grow to five times what is in use before it is collected, unless GOGC says otherwise. What is in
// use is small and what each request leaves behind is not: at Go's own 100 the collector takes a tenth of the server's time
// to save 10 MB.
const gcPercent = 400

// serve is the life of the process: database, verifier, handler, listeners, wait, shut down.
func serve(ctx context.Context, settings config.Config, logger *slog.Logger) error {
	start := time.Now()
	db, err := postgres.Open(ctx, postgres.Config{
		URL: settings.DatabaseURL, MaxConns: settings.MaxConns, PgBouncer: settings.PgBouncer,
	})
	if err != nil {
		return fmt.Errorf("LOCKSTEP_DATABASE_URL: %w", err)
	}
	defer db.Close()
	if err := db.CheckRole(ctx); err != nil {
		var role *postgres.RoleError
		if errors.As(err, &role) {
			return err
		}
		// A database that is down is no reason to stop: readiness says so until it is back.
		logger.WarnContext(ctx, "database not reachable yet", "error", err)
	}
	verifier, err := auth.New(auth.Config{
		Issuers: settings.Issuers, Audience: settings.Audience,
		TenantClaim: settings.TenantClaim, UserClaim: settings.UserClaim, Logger: logger,
	})
	if err != nil {
		return fmt.Errorf("token verification: %w", err)
	}
	permissions, err := grants.New(grants.Options{Driver: db.Driver(), ListenURL: settings.ListenURL, Logger: logger})
	if err != nil {
		return fmt.Errorf("LOCKSTEP_DATABASE_LISTEN_URL: %w", err)
	}
	if settings.ListenURL == "" {
		logger.InfoContext(ctx, "changed grants take up to a second to reach other processes: set LOCKSTEP_DATABASE_LISTEN_URL to spare the database from being asked as often")
	}
	var draining atomic.Bool
	handler, err := api.New(api.Config{
		DB: db, Verifier: verifier, Grants: permissions, Migrations: migrations.FS, Contract: openapi.Document, Logger: logger,
		MaxBody: settings.MaxBody, RequestTimeout: settings.RequestTimeout, Origins: settings.Origins, Draining: draining.Load,
	})
	if err != nil {
		return err
	}
	public, err := net.Listen("tcp", settings.Addr)
	if err != nil {
		return fmt.Errorf("LOCKSTEP_ADDR: %w", err)
	}
	admin, err := net.Listen("tcp", settings.AdminAddr)
	if err != nil {
		return errors.Join(fmt.Errorf("LOCKSTEP_ADMIN_ADDR: %w", err), public.Close())
	}
	servers := map[*http.Server]net.Listener{
		newHTTPServer(handler, settings.RequestTimeout, logger):        public,
		newHTTPServer(adminHandler(), settings.RequestTimeout, logger): admin,
	}
	failed := make(chan error, len(servers))
	for server, listener := range servers {
		go func() { failed <- server.Serve(listener) }()
	}
	go verifier.Warm(ctx)
	listening, hangUp := context.WithCancel(context.WithoutCancel(ctx)) // requests in flight still need it
	defer hangUp()
	go permissions.Run(listening)
	logger.InfoContext(ctx, "serving", "addr", public.Addr().String(), "adminAddr", admin.Addr().String(),
		"version", buildVersion().Version, "startup", time.Since(start))

	select {
	case err := <-failed:
		return fmt.Errorf("serve: %w", err)
	case <-ctx.Done():
	}
	draining.Store(true)
	logger.Info("draining", "delay", settings.ShutdownDelay)
	time.Sleep(settings.ShutdownDelay)
	stop, cancel := context.WithTimeout(context.WithoutCancel(ctx), settings.ShutdownTimeout)
	defer cancel()
	var unfinished error
	for server := range servers {
		unfinished = errors.Join(unfinished, server.Shutdown(stop))
	}
	if unfinished != nil {
		return fmt.Errorf("requests were still in flight after %s: %w", settings.ShutdownTimeout, unfinished)
	}
	logger.Info("stopped")
	return nil
}

// newHTTPServer bounds what a slow or hostile client can hold: headers within 5 s and 32 KiB, the whole request and answer
// within the time a request may take.
func newHTTPServer(handler http.Handler, requestTimeout time.Duration, logger *slog.Logger) *http.Server {
	return &http.Server{
		Handler:           handler,
		ReadHeaderTimeout: min(5*time.Second, requestTimeout),
		ReadTimeout:       requestTimeout,
		WriteTimeout:      requestTimeout + 5*time.Second,
		IdleTimeout:       2 * time.Minute,
		MaxHeaderBytes:    32 << 10,
		ErrorLog:          slog.NewLogLogger(logger.Handler(), slog.LevelDebug),
	}
}
