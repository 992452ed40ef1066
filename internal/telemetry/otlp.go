package telemetry

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"strconv"
	"time"

	"go.opentelemetry.io/otel/exporters/otlp/otlptrace"
	tracepb "go.opentelemetry.io/proto/otlp/trace/v1"
	"google.golang.org/protobuf/proto"
)

const (
	// exportTimeout bounds one export with all its attempts, as OTEL_EXPORTER_OTLP_TIMEOUT does by default.
	exportTimeout = 10 * time.Second
	// firstPause is the wait before the second attempt; each further one doubles it.
	firstPause = 500 * time.Millisecond
)

// otlpClient uploads spans by OTLP over HTTP with protobuf bodies (OpenTelemetry protocol 1.x). OpenTelemetry's own client,
// otlptracehttp, links all of gRPC, which would be a tenth of the program.
type otlpClient struct {
	url    string
	header http.Header
	http   *http.Client
	// attempted is told of each attempt.
	attempted func(error)
}

var _ otlptrace.Client = (*otlpClient)(nil)

func newOTLPClient(url string, headers map[string]string, attempted func(error)) *otlpClient {
	c := &otlpClient{url: url, header: http.Header{}, http: &http.Client{Timeout: exportTimeout}, attempted: attempted}
	for name, value := range headers {
		c.header.Set(name, value)
	}
	c.header.Set("Content-Type", "application/x-protobuf")
	return c
}

// Start implements otlptrace.Client. There is no connection to open.
func (c *otlpClient) Start(context.Context) error { return nil }

// Stop implements otlptrace.Client.
func (c *otlpClient) Stop(context.Context) error {
	c.http.CloseIdleConnections()
	return nil
}

// UploadTraces implements otlptrace.Client. What the receiver calls a passing failure is tried again until the time is up.
func (c *otlpClient) UploadTraces(ctx context.Context, spans []*tracepb.ResourceSpans) error {
	// On the wire TracesData is the same message as the service's ExportTraceServiceRequest.
	body, err := proto.Marshal(&tracepb.TracesData{ResourceSpans: spans})
	if err != nil {
		return fmt.Errorf("encode spans: %w", err)
	}
	ctx, cancel := context.WithTimeout(ctx, exportTimeout)
	defer cancel()
	for pause := firstPause; ; pause *= 2 {
		wait, err := c.upload(ctx, body)
		c.attempted(err)
		if err == nil || wait < 0 {
			return err
		}
		timer := time.NewTimer(max(wait, pause/2+rand.N(pause/2)))
		select {
		case <-timer.C:
		case <-ctx.Done():
			timer.Stop()
			return err
		}
	}
}

// upload makes one attempt. With an error comes the least time to wait before the next, negative for never.
func (c *otlpClient) upload(ctx context.Context, body []byte) (wait time.Duration, err error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, c.url, bytes.NewReader(body))
	if err != nil {
		return -1, fmt.Errorf("send spans: %w", err)
	}
	request.Header = c.header.Clone()
	response, err := c.http.Do(request)
	if err != nil {
		return 0, fmt.Errorf("send spans: %w", err)
	}
	defer func() { _ = response.Body.Close() }()
	// Read to its end, so that the connection is used again.
	_, _ = io.Copy(io.Discard, io.LimitReader(response.Body, 64<<10))
	if response.StatusCode/100 == 2 {
		return 0, nil
	}
	err = fmt.Errorf("send spans: the receiver answers %s", response.Status)
	switch response.StatusCode {
	case http.StatusTooManyRequests, http.StatusBadGateway, http.StatusServiceUnavailable, http.StatusGatewayTimeout:
		seconds, _ := strconv.Atoi(response.Header.Get("Retry-After"))
		return time.Duration(max(0, seconds)) * time.Second, err
	}
	return -1, err
}
