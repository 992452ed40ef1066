// Command bench measures get, list and create of the production server against a hand-written one, on the same data, under
// row-level security, in one run: rounds of the two alternate, and what counts is their ratio. See README.md for what is
// equal and what is not. `bench soak` has one tenant attack the server while others work, and measures those.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"runtime"
	"syscall"
	"time"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	work, args := run, os.Args[1:]
	if len(args) > 0 && args[0] == "soak" {
		work, args = soak, args[1:]
	}
	if err := work(ctx, args, os.Stdout); err != nil {
		fmt.Fprintf(os.Stderr, "bench: %v\n", err)
		os.Exit(1)
	}
}

// options are the flags.
type options struct {
	rounds      int
	round       time.Duration
	concurrency int
	tenants     int
	users       int
	out         string
	profile     string
	only        string
}

func parse(args []string) (options, error) {
	var o options
	flags := flag.NewFlagSet("bench", flag.ContinueOnError)
	flags.IntVar(&o.rounds, "rounds", 21, "rounds of each operation and server: many short ones, so that what else runs falls on both alike")
	flags.DurationVar(&o.round, "round", 700*time.Millisecond, "length of a round")
	flags.IntVar(&o.concurrency, "concurrency", 16, "connections, each with one request at a time")
	flags.IntVar(&o.tenants, "tenants", 200, "tenants in the database")
	flags.IntVar(&o.users, "users", 500, "users of each tenant")
	flags.StringVar(&o.out, "out", "bench/latest.json", "file for the result")
	flags.StringVar(&o.profile, "profile", "", "folder for CPU and allocation profiles of both servers; takes some rounds more")
	flags.StringVar(&o.only, "only", "", "one comparison: get, list, create or pages")
	if err := flags.Parse(args); err != nil {
		return o, err
	}
	if o.rounds < 1 || o.concurrency < 1 || o.tenants < 1 || o.users < fanOut+1 {
		return o, fmt.Errorf("give at least one round, connection and tenant, and %d users", fanOut+1)
	}
	return o, nil
}

// run is the story of a measurement: database, data, two servers, proof that they answer the same, rounds, result.
func run(ctx context.Context, args []string, stdout io.Writer) (err error) {
	o, err := parse(args)
	if errors.Is(err, flag.ErrHelp) {
		return nil
	}
	if err != nil {
		return err
	}
	begin := time.Now()
	s, err := start(ctx, o)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, s.stop()) }()
	fmt.Fprintf(stdout, "%d tenants of %d users, Postgres %s, %d cores, %s, ready in %.0f s\n",
		o.tenants, o.users, s.cluster.Version(), runtime.NumCPU(), runtime.Version(), time.Since(begin).Seconds())
	if err := s.same(ctx); err != nil {
		return err
	}
	result := newResult(o, s)
	for _, op := range operations {
		if o.only != "" && o.only != op.name {
			continue
		}
		if err := s.compare(ctx, o, op, result); err != nil {
			return err
		}
	}
	if err := result.memory(s); err != nil {
		return err
	}
	if o.only == "" || o.only == "pages" {
		if err := s.pages(ctx, o, result); err != nil {
			return fmt.Errorf("compare pages: %w", err)
		}
	}
	result.print(stdout)
	if err := result.write(o.out); err != nil {
		return err
	}
	_, err = fmt.Fprintf(stdout, "\n%s written; %.0f s in all\n", o.out, time.Since(begin).Seconds())
	return err
}
