package main

import (
	"context"
	"fmt"
	"math/rand/v2"
	"strings"
	"sync"
	"time"
)

// neighbourConns is how many connections the neighbours have; a request that finds none free waits, which counts.
const neighbourConns = 32

// daily is what neighbours do: gets, lists and creates as the benchmark's.
var daily = []operation{operations[0], operations[0], operations[0], operations[0], operations[1], operations[1], operations[1], operations[2], operations[2]}

// observePhase has the neighbours work at their rate for a phase, while the attack runs. Requests begin when their time has
// come, whether or not earlier ones are answered: a server that is stuck is not spared requests.
func observePhase(ctx context.Context, s *stack, neighbours *data, o soakOptions, attack func(context.Context) map[string]int) (*seen, error) {
	ctx, cancel := context.WithTimeout(ctx, o.phase)
	defer cancel()
	out := &seen{}
	var attacking sync.WaitGroup
	if attack != nil {
		attacking.Go(func() { out.attack = attack(ctx) })
	}
	attacking.Go(func() { out.resident = s.peakMemory(ctx) })

	var mu sync.Mutex
	due := make(chan time.Time, o.rate*int(o.phase/time.Second+1))
	var working sync.WaitGroup
	for range neighbourConns {
		working.Go(func() {
			var c *client
			for at := range due {
				op := daily[rand.IntN(len(daily))]
				err := s.once(&c, op, neighbours)
				took := time.Since(at)
				mu.Lock()
				out.latencies = append(out.latencies, took)
				if out.answered++; err != nil {
					out.failed = append(out.failed, op.name+": "+err.Error())
				}
				mu.Unlock()
			}
			if c != nil {
				_ = c.conn.Close()
			}
		})
	}
	ticks := time.NewTicker(time.Second / time.Duration(o.rate))
	for open := true; open; {
		select {
		case at := <-ticks.C:
			due <- at
		case <-ctx.Done():
			open = false
		}
	}
	ticks.Stop()
	close(due)
	working.Wait()
	attacking.Wait()
	sorted(out.latencies)
	return out, nil
}

// once does a request on c, which it opens when it is nil and closes when it fails.
func (s *stack) once(c **client, op operation, d *data) error {
	if *c == nil {
		fresh, err := dial(context.Background(), s.ours.addr)
		if err != nil {
			return fmt.Errorf("connect: %w", err)
		}
		*c = fresh
	}
	err := (*c).do(op, d)
	if err != nil {
		_ = (*c).conn.Close()
		*c = nil
		err = fmt.Errorf("%s", strings.TrimSpace(err.Error()))
	}
	return err
}

// peakMemory is the most resident memory of the server until ctx ends, in bytes.
func (s *stack) peakMemory(ctx context.Context) (peak int64) {
	tick := time.NewTicker(100 * time.Millisecond)
	defer tick.Stop()
	for {
		if now, err := resident(s.ours.process.Pid()); err == nil {
			peak = max(peak, now)
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			return peak
		}
	}
}
