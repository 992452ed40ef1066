package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"text/tabwriter"
	"time"
)

// soakRate leaves room for a neighbour, who asks 100 times a second. The attacker is one principal as well.
const soakRate = "2000/10s"

// soakOptions are the flags of a soak.
type soakOptions struct {
	phase time.Duration // of each attack, and of the quiet before
	rate  int           // requests a second of the neighbours together
	users int           // of the hostile tenant
	keys  int           // expired idempotency keys of the hostile tenant
	only  string
}

func parseSoak(args []string) (soakOptions, error) {
	var o soakOptions
	flags := flag.NewFlagSet("bench soak", flag.ContinueOnError)
	flags.DurationVar(&o.phase, "phase", time.Minute, "length of each attack, and of the quiet before the first")
	flags.IntVar(&o.rate, "rate", 200, "requests a second of the two neighbours together")
	flags.IntVar(&o.users, "users", 100_000, "users of the hostile tenant")
	flags.IntVar(&o.keys, "keys", 400_000, "expired idempotency keys of the hostile tenant")
	flags.StringVar(&o.only, "only", "", "one attack, by its name")
	err := flags.Parse(args)
	if err == nil && (o.phase <= 0 || o.rate < 1 || o.users < 1000) {
		err = errors.New("give a phase of some seconds, a rate of at least 1, and 1000 users")
	}
	return o, err
}

// soak has one tenant do its worst, one kind of attack after the other, while two others work as on any day. Their requests
// must all succeed. It prints a row for each attack, and its error says what was not as it must be.
func soak(ctx context.Context, args []string, stdout io.Writer) (err error) {
	o, err := parseSoak(args)
	if errors.Is(err, flag.ErrHelp) {
		return nil
	}
	if err != nil {
		return err
	}
	begin := time.Now()
	s, err := startAlone(ctx, options{tenants: 3, users: 500})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, s.stop()) }()
	enemy, err := newHostile(ctx, s, o)
	if err != nil {
		return fmt.Errorf("prepare the hostile tenant: %w", err)
	}
	neighbours := &data{tenants: s.data.tenants[1:]}
	fmt.Fprintf(stdout, "1 hostile tenant of %d users, 2 neighbours of 500 at %d requests/s together, ready in %.0f s\n", o.users, o.rate, time.Since(begin).Seconds())
	warm, err := warmUp(ctx, s, neighbours, enemy, o)
	if err != nil {
		return err
	}
	quiet, err := observePhase(ctx, s, neighbours, o, nil)
	if err != nil {
		return err
	}
	report := &soakReport{quiet: quiet, warm: warm}
	report.add("quiet", "", quiet)
	for _, a := range enemy.attacks() {
		if o.only != "" && o.only != a.name {
			continue
		}
		fmt.Fprintf(stdout, "%s: %s\n", a.name, a.what)
		seen, err := observePhase(ctx, s, neighbours, o, a.run)
		if err != nil {
			return fmt.Errorf("%s: %w", a.name, err)
		}
		seen.waits = a.waits
		report.add(a.name, a.what, seen)
	}
	report.print(stdout)
	if err := report.tables(ctx, s, stdout); err != nil {
		return err
	}
	fmt.Fprintf(stdout, "%.0f s in all\n", time.Since(begin).Seconds())
	return report.verdict()
}

// warmUp has each attack run for a tenth of its phase, and returns the most memory that the server took meanwhile, in bytes.
// What it takes later is compared with that: buffers are lent again, and what grows on is a leak.
func warmUp(ctx context.Context, s *stack, neighbours *data, enemy *hostile, o soakOptions) (peak int64, err error) {
	o.phase /= 10
	for _, a := range enemy.attacks() {
		if o.only != "" && o.only != a.name {
			continue
		}
		seen, err := observePhase(ctx, s, neighbours, o, a.run)
		if err != nil {
			return 0, fmt.Errorf("%s: %w", a.name, err)
		}
		peak = max(peak, seen.resident)
	}
	return peak, nil
}

// startAlone is start without the reference.
func startAlone(ctx context.Context, o options) (s *stack, err error) {
	s = &stack{}
	defer func() {
		if err != nil {
			err = errors.Join(err, s.stop())
		}
	}()
	if s.dir, err = os.MkdirTemp("", "soak-"); err != nil {
		return s, err
	}
	built := make(chan error, 1)
	go func() { built <- build(ctx, filepath.Join(s.dir, "server"), "./cmd/server") }()
	if err := errors.Join(s.startDatabase(ctx, o), <-built); err != nil {
		return s, err
	}
	if err := s.startIssuer(o); err != nil {
		return s, err
	}
	s.ours, err = s.startServer(ctx, soakRate, "server", "serve")
	return s, err
}

// seen is what the neighbours saw while something was done.
type seen struct {
	waits     bool // the attack holds things up rather than burning the processor
	answered  int
	failed    []string // what failed, one text a request
	latencies []time.Duration
	resident  int64          // peak of the server's memory, in bytes
	attack    map[string]int // the attacker's own answers, by status
}

func (s *seen) quantile(q float64) time.Duration {
	if len(s.latencies) == 0 {
		return 0
	}
	return s.latencies[min(len(s.latencies)-1, int(q*float64(len(s.latencies))))]
}

// soakReport is the table.
type soakReport struct {
	quiet *seen
	warm  int64 // bytes of memory
	names []string
	rows  []*seen
}

func (r *soakReport) add(name, _ string, s *seen) {
	r.names, r.rows = append(r.names, name), append(r.rows, s)
}

func (r *soakReport) print(out io.Writer) {
	table := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(table, "attack\tneighbours\tfailed\tp50 ms\tp99 ms\tto quiet\tbound\tmemory MiB\tattacker's answers")
	for i, s := range r.rows {
		fmt.Fprintf(table, "%s\t%d\t%d\t%.1f\t%.1f\t%.1f\t%.0f\t%.0f\t%v\n", r.names[i], s.answered, len(s.failed), milliseconds(s.quantile(0.5)),
			milliseconds(s.quantile(0.99)), r.ratio(s), s.bound(), float64(s.resident)/(1<<20), s.attack)
	}
	_ = table.Flush()
	fmt.Fprintf(out, "memory after warm-up: %.0f MiB\n", float64(r.warm)/(1<<20))
}

// growth is how many times what it took in the warm-up the server's memory may be.
const growth = 1.5

func (r *soakReport) ratio(s *seen) float64 {
	return float64(s.quantile(0.99)) / float64(max(1, r.quiet.quantile(0.99)))
}

// bound is how many times its quiet value the p99 may be.
func (s *seen) bound() float64 {
	if s.waits {
		return 3
	}
	return 10
}

// tables prints how many rows the tables hold that grow by themselves.
func (r *soakReport) tables(ctx context.Context, s *stack, out io.Writer) error {
	for _, table := range []string{"core.idempotency_keys", "core.platform_idempotency_keys"} {
		var rows, expired int
		if err := s.owner.QueryRow(ctx, "SELECT count(*), count(*) FILTER (WHERE created_at < now() - interval '24 hours 10 minutes') FROM "+table).Scan(&rows, &expired); err != nil {
			return err
		}
		fmt.Fprintf(out, "%s: %d rows, %d of them older than 24 h 10 min\n", table, rows, expired)
	}
	return nil
}

// verdict is an error that names what was not as it must be.
func (r *soakReport) verdict() error {
	var errs []error
	for i, s := range r.rows {
		if len(s.failed) > 0 {
			errs = append(errs, fmt.Errorf("%s: %d of the neighbours' requests failed: %s", r.names[i], len(s.failed), s.failed[0]))
		}
		if ratio := r.ratio(s); ratio > s.bound() && s != r.quiet {
			errs = append(errs, fmt.Errorf("%s: the neighbours' p99 is %.1f times its quiet value, more than %.0f", r.names[i], ratio, s.bound()))
		}
	}
	for i, s := range r.rows {
		if float64(s.resident) > growth*float64(r.warm) {
			errs = append(errs, fmt.Errorf("%s: the server's memory was %d MiB, more than %.1f times the %d MiB of the warm-up", r.names[i], s.resident>>20, growth, r.warm>>20))
		}
	}
	return errors.Join(errs...)
}

func sorted(l []time.Duration) []time.Duration {
	slices.Sort(l)
	return l
}
