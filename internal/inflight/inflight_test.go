package inflight_test

import (
	"errors"
	"sync"
	"testing"
	"time"

	"github.com/lockstep-dev/lockstep/internal/inflight"
)

func TestLimitsHold(t *testing.T) {
	t.Parallel()
	b := inflight.New[string](inflight.Limits{Process: 100, Caller: 60})
	var first, second, third inflight.Hold[string]
	steps := []struct {
		hold *inflight.Hold[string]
		by   string
		n    int64
		want error
		held int64
	}{
		{&first, "a", 50, nil, 50},
		{&second, "a", 10, nil, 60},
		{&second, "a", 1, inflight.ErrCaller, 60},
		{&third, "b", 40, nil, 100},
		{&third, "b", 1, inflight.ErrProcess, 100},
	}
	for i, step := range steps {
		if err := step.hold.Take(b, step.by, step.n); !errors.Is(err, step.want) {
			t.Errorf("step %d: got %v, want %v", i, err, step.want)
		}
		if got := b.Held(); got != step.held {
			t.Errorf("step %d: got %d bytes held, want %d", i, got, step.held)
		}
	}
	third.Force(b, "b", 500)
	if got := b.Held(); got != 600 {
		t.Errorf("got %d bytes held, want what is forced to count", got)
	}
	first.Release()
	first.Release() // has nothing any more
	third.Release()
	if err := second.Take(b, "a", 50); err != nil {
		t.Errorf("got %v when there is room again, want nil", err)
	}
	second.Release()
	if got := b.Held(); got != 0 {
		t.Errorf("got %d bytes held by nobody", got)
	}
}

func TestNoLimits(t *testing.T) {
	t.Parallel()
	var hold inflight.Hold[string]
	if err := hold.Take(nil, "a", 1<<40); err != nil {
		t.Errorf("without a budget: got %v", err)
	}
	hold.Release()
	b := inflight.New[string](inflight.Limits{})
	if err := hold.Take(b, "a", 1<<40); err != nil {
		t.Errorf("without limits: got %v", err)
	}
	hold.Release()
}

func TestManyAtOnce(t *testing.T) {
	t.Parallel()
	b := inflight.New[int](inflight.Limits{Process: 50, Caller: 10})
	var wg sync.WaitGroup
	for caller := range 20 {
		wg.Go(func() {
			for range 1000 {
				var hold inflight.Hold[int]
				for hold.Take(b, caller, 7) == nil {
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
	b := inflight.New[string](inflight.Limits{Process: 50, Caller: 10})
	if n := testing.AllocsPerRun(1000, func() {
		var hold inflight.Hold[string]
		if err := hold.Take(b, "a", 7); err != nil {
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
