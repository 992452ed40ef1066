package telemetry

import (
	"errors"
	"iter"
	"net/url"
	"strconv"
	"strings"

	sdktrace "go.opentelemetry.io/otel/sdk/trace"
)

// CheckEndpoint refuses what is no URL to send traces to. Empty is none.
func CheckEndpoint(endpoint string) error {
	u, err := url.Parse(endpoint)
	if endpoint == "" || err == nil && (u.Scheme == "http" || u.Scheme == "https") && u.Host != "" {
		return nil
	}
	return errors.New("give the URL of a receiver of OTLP over HTTP, such as http://localhost:4318")
}

// samplers are those of the OpenTelemetry specification, by their names in OTEL_TRACES_SAMPLER.
func samplers(share string) map[string]sdktrace.Sampler {
	ratio, _ := strconv.ParseFloat(share, 64) // see CheckShare
	return map[string]sdktrace.Sampler{
		"always_on":                sdktrace.AlwaysSample(),
		"always_off":               sdktrace.NeverSample(),
		"traceidratio":             sdktrace.TraceIDRatioBased(ratio),
		"parentbased_always_on":    sdktrace.ParentBased(sdktrace.AlwaysSample()),
		"parentbased_always_off":   sdktrace.ParentBased(sdktrace.NeverSample()),
		"parentbased_traceidratio": sdktrace.ParentBased(sdktrace.TraceIDRatioBased(ratio)),
	}
}

// CheckSampler refuses names of no sampler.
func CheckSampler(name string) error {
	if _, ok := samplers("1")[name]; !ok {
		return errors.New("give always_on, always_off, traceidratio, or one of these after parentbased_")
	}
	return nil
}

// CheckShare refuses what is no share of the whole.
func CheckShare(share string) error {
	if ratio, err := strconv.ParseFloat(share, 64); err != nil || !(ratio >= 0 && ratio <= 1) {
		return errors.New("give the share of traces to keep, from 0 to 1")
	}
	return nil
}

// CheckHeaders refuses headers that are no name=value pairs. Its error does not quote them.
func CheckHeaders(text string) error { return checkPairs(text) }

// CheckAttributes refuses resource attributes that are no name=value pairs.
func CheckAttributes(text string) error { return checkPairs(text) }

func checkPairs(text string) error {
	for item := range strings.SplitSeq(text, ",") {
		if _, _, ok := pair(item); !ok && strings.TrimSpace(item) != "" {
			return errors.New("give name=value pairs separated by commas, with values percent-encoded")
		}
	}
	return nil
}

// pairs yields the name=value pairs of a text that has been checked.
func pairs(text string) iter.Seq2[string, string] {
	return func(yield func(string, string) bool) {
		for item := range strings.SplitSeq(text, ",") {
			if name, value, ok := pair(item); ok && !yield(name, value) {
				return
			}
		}
	}
}

// pair parses name=value, whose value is percent-encoded (W3C Baggage, section 3.2.1).
func pair(item string) (name, value string, ok bool) {
	name, value, ok = strings.Cut(item, "=")
	name = strings.TrimSpace(name)
	value, err := url.PathUnescape(strings.TrimSpace(value))
	return name, value, ok && name != "" && err == nil
}
