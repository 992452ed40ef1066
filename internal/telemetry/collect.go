package telemetry

import (
	"context"
	"strconv"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/lockstep-dev/lockstep/internal/pg"
	"github.com/lockstep-dev/lockstep/internal/retention"
)

// collectTimeout bounds what a scrape waits for: longer than readiness takes to decide, well below Prometheus' own 10 s.
const collectTimeout = 3 * time.Second

// Pool is a collector of the connection pool's numbers, which it asks for when they are served: requests pay nothing for them.
func Pool(stats func() pg.Stats) prometheus.Collector {
	gauge, counter := family("db_pool")
	return collector{
		gauge("connections_max", "Most connections the pool may have.", func() float64 { return float64(stats().Max) }),
		gauge("connections_in_use", "Connections that run statements.", func() float64 { return float64(stats().InUse) }),
		gauge("connections_idle", "Connections that wait for work.", func() float64 { return float64(stats().Idle) }),
		gauge("waiting", "Requests that wait for a connection.", func() float64 { return float64(stats().Waiting) }),
		counter("acquires_total", "Connections handed out.", func() float64 { return float64(stats().Acquires) }),
		counter("acquire_seconds_total", "Time spent getting connections, those handed out at once included.", func() float64 { return stats().AcquireTime.Seconds() }),
		counter("waits_total", "Connections that had to be waited for.", func() float64 { return float64(stats().Waits) }),
		counter("cancelled_acquires_total", "Requests that ended while they waited for a connection.", func() float64 { return float64(stats().Cancelled) }),
		counter("shed_total", "Statements refused a connection because too many waited, or they themselves for too long.", func() float64 { return float64(stats().Shed) }),
		counter("shed_by_share_total", "Of these, statements refused because one tenant, or the platform, had all that one may have of the connections and of the waiting room.", func() float64 { return float64(stats().ShareShed) }),
		counter("connects_total", "Connections opened.", func() float64 { return float64(stats().Opened) }),
	}
}

// InFlight is a collector of the bytes of bodies and answers that are held in memory.
func InFlight(held func() (bodies, answers int64)) prometheus.Collector {
	gauge, _ := family("http")
	return collector{
		gauge("body_bytes_in_flight", "Bytes of request bodies held until their requests are over.", func() float64 { bodies, _ := held(); return float64(bodies) }),
		gauge("answer_bytes_in_flight", "Bytes of answers over 16 KiB held until they have been taken.", func() float64 { _, answers := held(); return float64(answers) }),
	}
}

// Admission is a collector of the costly reads that wait for others of their tenant.
func Admission(held func() (waiting int, refused int64)) prometheus.Collector {
	gauge, counter := family("admission")
	return collector{
		gauge("waiting", "Costly reads that wait for others of their tenant.", func() float64 { waiting, _ := held(); return float64(waiting) }),
		counter("refused_total", "Costly reads refused because too many of their tenant waited, or one for too long.", func() float64 { _, refused := held(); return float64(refused) }),
	}
}

// Exports is a collector of how many batches of spans were sent.
func Exports(t *Tracing) prometheus.Collector {
	_, counter := family("traces")
	return collector{
		counter("exports_total", "Batches of spans sent.", func() float64 { sent, _ := t.Exports(); return float64(sent) }),
		counter("export_failures_total", "Batches of spans that could not be sent and were dropped.", func() float64 { _, failed := t.Exports(); return float64(failed) }),
	}
}

// State is what readiness is made of.
type State struct {
	// Ready says that requests can be served.
	Ready bool
	// Draining says that the process is about to stop.
	Draining bool
	// Revision is the newest schema revision that the database has completely, and empty when it could not be read.
	Revision string
}

// Readiness is a collector of whether the server is ready and which schema revision it embeds and finds. It asks when it is
// scraped, for 3 s at most.
func Readiness(embedded string, state func(context.Context) State) prometheus.Collector {
	return readiness{
		embedded: number(embedded), state: state,
		ready:    prometheus.NewDesc(namespace+"_ready", "1 when requests can be served: database reachable, schema revision right, not draining.", nil, nil),
		draining: prometheus.NewDesc(namespace+"_draining", "1 when the process is about to stop.", nil, nil),
		needs:    prometheus.NewDesc(namespace+"_schema_revision_embedded", "Schema revision this binary needs, as a number: YYYYMMDDhhmmss.", nil, nil),
		has:      prometheus.NewDesc(namespace+"_schema_revision_applied", "Newest schema revision that the database has completely, as a number; absent while it cannot be read.", nil, nil),
	}
}

type readiness struct {
	embedded                    float64
	state                       func(context.Context) State
	ready, draining, needs, has *prometheus.Desc
}

// Describe implements prometheus.Collector.
func (r readiness) Describe(out chan<- *prometheus.Desc) {
	for _, d := range []*prometheus.Desc{r.ready, r.draining, r.needs, r.has} {
		out <- d
	}
}

// Collect implements prometheus.Collector.
func (r readiness) Collect(out chan<- prometheus.Metric) {
	ctx, cancel := context.WithTimeout(context.Background(), collectTimeout)
	defer cancel()
	state := r.state(ctx)
	gauge := func(d *prometheus.Desc, v float64) {
		out <- prometheus.MustNewConstMetric(d, prometheus.GaugeValue, v)
	}
	gauge(r.ready, truth(state.Ready))
	gauge(r.draining, truth(state.Draining))
	gauge(r.needs, r.embedded)
	if state.Revision != "" {
		gauge(r.has, number(state.Revision))
	}
}

// Retention is a collector of how far clean-up is behind, whichever server does it. It asks when it is scraped, for 3 s at most, and
// serves nothing when there is no answer.
func Retention(lateness func(context.Context) (retention.Lateness, error)) prometheus.Collector {
	return late{
		ask:     lateness,
		expired: prometheus.NewDesc(namespace+"_retention_age_seconds", "Time since expired rows were last removed in all tenants.", nil, nil),
		tenant:  prometheus.NewDesc(namespace+"_tenant_deletion_age_seconds", "Time since the oldest deletion of a tenant began that is not finished; 0 when there is none.", nil, nil),
	}
}

type late struct {
	ask             func(context.Context) (retention.Lateness, error)
	expired, tenant *prometheus.Desc
}

// Describe implements prometheus.Collector.
func (l late) Describe(out chan<- *prometheus.Desc) {
	out <- l.expired
	out <- l.tenant
}

// Collect implements prometheus.Collector.
func (l late) Collect(out chan<- prometheus.Metric) {
	ctx, cancel := context.WithTimeout(context.Background(), collectTimeout)
	defer cancel()
	found, err := l.ask(ctx)
	if err != nil {
		return
	}
	out <- prometheus.MustNewConstMetric(l.expired, prometheus.GaugeValue, found.Expired.Seconds())
	out <- prometheus.MustNewConstMetric(l.tenant, prometheus.GaugeValue, found.Deletion.Seconds())
}

func truth(b bool) float64 {
	if b {
		return 1
	}
	return 0
}

// number is a revision as a number, which 14 digits are exactly in a float64; 0 for none.
func number(revision string) float64 {
	n, err := strconv.ParseFloat(revision, 64)
	if err != nil {
		return 0
	}
	return n
}

// collector is several collectors in one.
type collector []prometheus.Collector

// Describe implements prometheus.Collector.
func (c collector) Describe(out chan<- *prometheus.Desc) {
	for _, each := range c {
		each.Describe(out)
	}
}

// Collect implements prometheus.Collector.
func (c collector) Collect(out chan<- prometheus.Metric) {
	for _, each := range c {
		each.Collect(out)
	}
}

type newFunc func(name, help string, value func() float64) prometheus.Collector

func family(subsystem string) (gauge, counter newFunc) {
	gauge = func(name, help string, value func() float64) prometheus.Collector {
		return prometheus.NewGaugeFunc(prometheus.GaugeOpts{Namespace: namespace, Subsystem: subsystem, Name: name, Help: help}, value)
	}
	counter = func(name, help string, value func() float64) prometheus.Collector {
		return prometheus.NewCounterFunc(prometheus.CounterOpts{Namespace: namespace, Subsystem: subsystem, Name: name, Help: help}, value)
	}
	return gauge, counter
}
