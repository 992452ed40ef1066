package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"
)

// side is what one server has done for one operation over all rounds.
type side struct {
	samples   []sample
	used      usage
	allocated allocations
}

// compare has both servers take the operation in turns.
func (s *stack) compare(ctx context.Context, o options, op operation, into *result) error {
	sides := map[*server]*side{s.ours: {}, s.reference: {}}
	for v := range sides { // statements are prepared, caches filled
		if _, err := load(ctx, v, op, s.data, o.concurrency, min(o.round, time.Second)); err != nil {
			return fmt.Errorf("%s of the %s: %w", op.name, v.name, err)
		}
	}
	// To ask a server for its allocations takes it longer than a hundred requests: not in the rounds.
	for v, side := range sides {
		before, err := v.allocations(ctx)
		if err != nil {
			return err
		}
		side.allocated = before
	}
	for round := range o.rounds {
		turns := []*server{s.ours, s.reference}
		if round%2 == 1 { // whoever comes second finds the machine warmer
			turns[0], turns[1] = turns[1], turns[0]
		}
		for _, v := range turns {
			before, err := s.usage(v)
			if err != nil {
				return err
			}
			sample, err := load(ctx, v, op, s.data, o.concurrency, o.round)
			if err != nil {
				return fmt.Errorf("%s of the %s: %w", op.name, v.name, err)
			}
			after, err := s.usage(v)
			if err != nil {
				return err
			}
			sides[v].samples = append(sides[v].samples, sample)
			sides[v].used = sides[v].used.plus(after.since(before))
		}
	}
	for v, side := range sides {
		after, err := v.allocations(ctx)
		if err != nil {
			return err
		}
		side.allocated = after.since(side.allocated)
	}
	into.add(op, sides[s.ours], sides[s.reference])
	if o.profile == "" {
		return nil
	}
	return errors.Join(s.profile(ctx, o, op, s.ours), s.profile(ctx, o, op, s.reference))
}

// profile writes profiles of a server under the operation's load.
func (s *stack) profile(ctx context.Context, o options, op operation, v *server) error {
	loading, stop := context.WithCancel(ctx)
	defer stop()
	busy := make(chan struct{})
	go func() {
		defer close(busy)
		_, _ = load(loading, v, op, s.data, o.concurrency, time.Minute) // until the profile is there
	}()
	seconds := max(5, int(o.round.Seconds()))
	text, err := fetch(ctx, fmt.Sprintf("http://%s/debug/pprof/profile?seconds=%d", v.admin, seconds))
	stop()
	<-busy
	if err != nil {
		return fmt.Errorf("profile %s of the %s: %w", op.name, v.name, err)
	}
	// Of all operations so far: profile one at a time, with -only.
	allocations, err := fetch(ctx, fmt.Sprintf("http://%s/debug/pprof/allocs", v.admin))
	if err != nil {
		return fmt.Errorf("profile the allocations of %s of the %s: %w", op.name, v.name, err)
	}
	if err := os.MkdirAll(o.profile, 0o755); err != nil {
		return err
	}
	for name, data := range map[string][]byte{".cpu.pprof": text, ".allocs.pprof": allocations} {
		if err := os.WriteFile(filepath.Join(o.profile, op.name+"."+v.name+name), data, 0o644); err != nil {
			return err
		}
	}
	return nil
}
