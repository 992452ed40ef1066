package main

import (
	"encoding/json"
	"fmt"
	"io"
	"os"
	"runtime"
	"slices"
	"text/tabwriter"
	"time"
)

// budgets are the least ratios that docs/ and design promise.
var budgets = map[string]float64{"get": 0.88, "list": 0.88, "create": 0.85}

// result is what is written to bench/latest.json.
type result struct {
	// Ratio is the server's requests per second over the reference's, per operation: the median of the rounds.
	Ratio map[string]float64 `json:"ratio"`
	// CPURatio is the processor time of a request of the reference's over that of the server's, each with Postgres': what
	// the ratio would be if nothing but the processor were short, and nobody else used it.
	CPURatio map[string]float64 `json:"cpuRatio"`
	// Spread is the lowest and the highest round's ratio.
	Spread     map[string][2]float64            `json:"spread"`
	Budget     map[string]float64               `json:"budget"`
	Operations map[string]map[string]*operating `json:"operations"` // by operation and server
	Memory     map[string]float64               `json:"residentMiB"`
	// DeepPage is the server's requests per second for page 10,000 of a list over those for its first page.
	DeepPage float64 `json:"deepPage,omitempty"`
	Machine  machine `json:"machine"`
}

type machine struct {
	Cores       int    `json:"cores"`
	Go          string `json:"go"`
	Postgres    string `json:"postgres"`
	Connections int    `json:"connections"`
	Pool        int    `json:"pool"`
	Tenants     int    `json:"tenants"`
	Users       int    `json:"usersPerTenant"`
	Rounds      int    `json:"rounds"`
	Round       string `json:"round"`
}

// operating is what an operation costs one server.
type operating struct {
	PerSecond   float64 `json:"perSecond"` // median of the rounds
	P50         float64 `json:"p50Ms"`
	P99         float64 `json:"p99Ms"`
	ServerCPU   float64 `json:"serverCpuSecondsPer1000"`
	PostgresCPU float64 `json:"postgresCpuSecondsPer1000"`
	Objects     float64 `json:"allocatedObjectsPerRequest"`
	Bytes       float64 `json:"allocatedBytesPerRequest"`
}

func newResult(o options, s *stack) *result {
	return &result{
		Ratio: map[string]float64{}, CPURatio: map[string]float64{}, Spread: map[string][2]float64{}, Budget: budgets,
		Operations: map[string]map[string]*operating{}, Memory: map[string]float64{},
		Machine: machine{
			Cores: runtime.NumCPU(), Go: runtime.Version(), Postgres: s.cluster.Version(), Connections: o.concurrency, Pool: poolSize,
			Tenants: o.tenants, Users: o.users, Rounds: o.rounds, Round: o.round.String(),
		},
	}
}

// add takes in both sides of an operation.
func (r *result) add(op operation, ours, reference *side) {
	var ratios []float64
	for i := range ours.samples {
		ratios = append(ratios, ours.samples[i].rate()/reference.samples[i].rate())
	}
	r.Ratio[op.name] = median(ratios)
	r.Spread[op.name] = [2]float64{slices.Min(ratios), slices.Max(ratios)}
	of, than := ours.operating(), reference.operating()
	r.CPURatio[op.name] = (than.ServerCPU + than.PostgresCPU) / (of.ServerCPU + of.PostgresCPU)
	r.Operations[op.name] = map[string]*operating{"server": of, "reference": than}
}

func (s *side) operating() *operating {
	var rates, p50, p99 []float64
	requests := 0
	for _, sample := range s.samples {
		rates = append(rates, sample.rate())
		p50 = append(p50, milliseconds(sample.quantile(0.50)))
		p99 = append(p99, milliseconds(sample.quantile(0.99)))
		requests += sample.requests
	}
	n := float64(requests)
	return &operating{
		PerSecond: median(rates), P50: median(p50), P99: median(p99),
		ServerCPU: s.used.server.Seconds() / n * 1000, PostgresCPU: s.used.postgres.Seconds() / n * 1000,
		Objects: float64(s.allocated.objects) / n, Bytes: float64(s.allocated.bytes) / n,
	}
}

// memory takes in what the servers hold at the end.
func (r *result) memory(s *stack) error {
	for _, v := range []*server{s.ours, s.reference} {
		bytes, err := resident(v.process.Pid())
		if err != nil {
			return err
		}
		r.Memory[v.name] = float64(bytes) / (1 << 20)
	}
	return nil
}

func median(values []float64) float64 {
	values = slices.Sorted(slices.Values(values))
	n := len(values)
	return (values[(n-1)/2] + values[n/2]) / 2
}

func milliseconds(d time.Duration) float64 { return float64(d) / float64(time.Millisecond) }

func (r *result) print(to io.Writer) {
	w := tabwriter.NewWriter(to, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintln(w, "\nrequest\t\treq/s\tp50 ms\tp99 ms\tCPU s/1000\tof Postgres\tobjects\tKiB\t")
	for _, op := range operations {
		for _, name := range []string{"server", "reference"} {
			if o, ok := r.Operations[op.name][name]; ok {
				fmt.Fprintf(w, "%s\t%s\t%.0f\t%.2f\t%.2f\t%.3f\t%.3f\t%.0f\t%.1f\t\n",
					op.name, name, o.PerSecond, o.P50, o.P99, o.ServerCPU, o.PostgresCPU, o.Objects, o.Bytes/1024)
			}
		}
	}
	_ = w.Flush()
	fmt.Fprintf(to, "\nresident memory: server %.0f MiB, reference %.0f MiB\n\n", r.Memory["server"], r.Memory["reference"])
	for _, op := range operations {
		ratio, ok := r.Ratio[op.name]
		if !ok {
			continue
		}
		verdict := "within its budget"
		if ratio < budgets[op.name] {
			verdict = "BELOW its budget"
		}
		fmt.Fprintf(to, "%-7s ratio %.2f (rounds %.2f to %.2f, by processor time %.2f), %s of %.2f\n",
			op.name, ratio, r.Spread[op.name][0], r.Spread[op.name][1], r.CPURatio[op.name], verdict, budgets[op.name])
	}
	if r.DeepPage > 0 {
		fmt.Fprintf(to, "page %d of a list, to its first page: ratio %.2f\n", deepPage, r.DeepPage)
	}
}

func (r *result) write(path string) error {
	text, err := json.MarshalIndent(r, "", "  ")
	if err != nil {
		return err
	}
	return os.WriteFile(path, append(text, '\n'), 0o644)
}
