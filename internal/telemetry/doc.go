// Package telemetry is what leaves the process about itself: traces over OTLP and metrics for Prometheus. The packages it
// reports on know neither: they make spans with OpenTelemetry's API, and call small interfaces of their own.
package telemetry
