package inflight_test

import (
	"errors"
	"sync"
	"testing"
	"time"

	"github.com/lockstep-dev/lockstep/internal/inflight"
)

type hold = inflight.Hold[string, string]

// TestLimitsHold takes what a caller, a tenant and all together may have, and a byte more of each.
func TestLimitsHold(t *testing.T) {
	t.Parallel()
	b := inflight.New[string, string](inflight.Limits{Process: 100, Caller: 30})
	var ada, max, eve, bob, gus, operator hold
	steps := []struct {
		hold           *hold
		tenant, caller string
		n              int64
		want           error
		held           int64
	}{
		{&ada, "acme", "ada", 30, nil, 30},
		{&ada, "acme", "ada", 1, inflight.ErrCaller, 30},
		{&max, "acme", "max", 20, nil, 50},
		{&eve, "acme", "eve", 1, inflight.ErrTenant, 50},
		{&ada, "acme", "ada", 1, inflight.ErrCaller, 50}, // the caller's own fault is named first
		{&bob, "globex", "bob", 30, nil, 80},
		{&gus, "globex", "gus", 20, nil, 100},
		{&eve, "acme", "eve", 1, inflight.ErrTenant, 100},
		{&operator, "", "operator", 1, inflight.ErrProcess, 100},
		{&operator, "", "operator", 0, nil, 100},
	}
	for i, step := range steps {
		if err := step.hold.Take(b, step.tenant, step.caller, step.n); !errors.Is(err, step.want) {
			t.Errorf("step %d: got %v, want %v", i, err, step.want)
		}
		if got := b.Held(); got != step.held {
			t.Errorf("step %d: got %d bytes held, want %d", i, got, step.held)
		}
	}
	gus.Force(b, "globex", "gus", 500)
	if got := b.Held(); got != 600 {
		t.Errorf("got %d bytes held, want what is forced to count", got)
	}
	ada.Release()
	ada.Release() // has nothing any more
	gus.Release()
	if err := eve.Take(b, "acme", "eve", 30); err != nil {
		t.Errorf("got %v when there is room again, want nil", err)
	}
	max.Release()
	eve.Release()
	bob.Release()
	if got := b.Held(); got != 0 {
		t.Errorf("got %d bytes held by nobody", got)
	}
}

func TestNoLimits(t *testing.T) {
	t.Parallel()
	var hold hold
	if err := hold.Take(nil, "a", "a", 1<<40); err != nil {
		t.Errorf("without a budget: got %v", err)
	}
	hold.Release()
	b := inflight.New[string, string](inflight.Limits{})
	if err := hold.Take(b, "a", "a", 1<<40); err != nil {
		t.Errorf("without limits: got %v", err)
	}
	hold.Release()
}

func TestManyAtOnce(t *testing.T) {
	t.Parallel()
	b := inflight.New[int, int](inflight.Limits{Process: 50, Caller: 10})
	var wg sync.WaitGroup
	for caller := range 20 {
		wg.Go(func() {
			for range 1000 {
				var hold inflight.Hold[int, int]
				for hold.Take(b, caller%3, caller, 7) == nil {
				}
				if got := b.Held(); got > 50 {
					t.Errorf("got %d bytes held, want 50 at most", got)
				}
				hold.Release()
			}
		})
	}
	wg.Wait()
	if got := b.Held(); got != 0 {
		t.Errorf("got %d bytes held by nobody", got)
	}
}

func TestCountingAllocatesNothing(t *testing.T) {
	b := inflight.New[string, string](inflight.Limits{Process: 50, Caller: 10})
	if n := testing.AllocsPerRun(1000, func() {
		var hold hold
		if err := hold.Take(b, "a", "a", 7); err != nil {
			t.Fatal(err)
		}
		hold.Release()
	}); n != 0 {
		t.Errorf("got %v allocations, want none", n)
	}
}

// TestPace measures callers on a clock of its own.
func TestPace(t *testing.T) {
	t.Parallel()
	clock := time.Unix(1000, 0)
	now := func() time.Time { return clock }
	p := inflight.Pace{Window: 5 * time.Second}
	first := p.Due(now)
	if want := clock.Add(5 * time.Second); first != want {
		t.Errorf("got %v, want the window to begin with the first question: %v", first, want)
	}
	clock = clock.Add(3 * time.Second)
	if p.Moved(5*inflight.Rate-1, now) || p.Due(now) != first {
		t.Error("got another window for a byte less than it needs")
	}
	clock = clock.Add(time.Second)
	if !p.Moved(1, now) || p.Due(now) != clock.Add(5*time.Second) {
		t.Errorf("got %v, want the next window to begin as soon as there is enough", p.Due(now))
	}
	var none inflight.Pace
	if none.Moved(1<<20, now) || !none.Due(now).IsZero() {
		t.Error("without a window nobody is too slow")
	}
}
