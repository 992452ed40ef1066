package main

import (
	"context"
	"log/slog"
	"time"

	"github.com/lockstep-dev/lockstep/internal/config"
	"github.com/lockstep-dev/lockstep/internal/serving"
	"github.com/lockstep-dev/lockstep/internal/telemetry"
	"github.com/lockstep-dev/lockstep/openapi"
)

// issuerTimeout bounds one request to an issuer, as it does without traces (auth.Config.HTTPClient).
const issuerTimeout = 5 * time.Second

// newTelemetry returns what makes traces, which is nil without an endpoint to send them to, and what counts.
func newTelemetry(ctx context.Context, settings config.Config, logger *slog.Logger) (*telemetry.Tracing, *telemetry.Metrics, error) {
	b := buildVersion()
	operations, err := serving.Operations(openapi.Document)
	if err != nil {
		return nil, nil, err
	}
	traces := settings.Traces
	tracing, err := telemetry.NewTracing(ctx, telemetry.TracingConfig{
		Endpoint: traces.URL(), Headers: traces.Headers, Sampler: traces.Sampler, SamplerArg: traces.SamplerArg,
		ServiceName: traces.ServiceName, ResourceAttributes: traces.ResourceAttributes, Version: b.Version, Logger: logger,
	})
	if err != nil {
		return nil, nil, err
	}
	metrics := telemetry.NewMetrics(telemetry.Build{Version: b.Version, Commit: b.Commit, Go: b.Go, Contract: b.Contract, Revision: b.Revision}, operations, settings.Issuers)
	metrics.Register(telemetry.Exports(tracing))
	return tracing, metrics, nil
}

// readiness tells the metrics what /readyz tells the probes.
func readiness(served *serving.Server) func(context.Context) telemetry.State {
	return func(ctx context.Context) telemetry.State { return telemetry.State(served.State(ctx)) }
}
