package admission_test

import (
	"context"
	"errors"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/lockstep-dev/lockstep/internal/admission"
)

var busy, quiet = uuid.MustParse("00000000-0000-7000-8000-000000000001"), uuid.MustParse("00000000-0000-7000-8000-000000000002")

// clock stands still until it is moved.
type clock struct {
	mu sync.Mutex
	at time.Time
}

func (c *clock) now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.at
}

func (c *clock) move(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.at = c.at.Add(d)
}

func newGate(seats, waiting int) (*admission.Gate, *clock) {
	c := &clock{at: time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)}
	return admission.New(admission.Limits{Seats: seats, Waiting: waiting, MaxWait: time.Hour, Now: c.now}), c
}

// enter admits a read that is not to wait.
func enter(t *testing.T, g *admission.Gate, tenant uuid.UUID, kind string) *admission.Seat {
	t.Helper()
	var s admission.Seat
	ctx, cancel := context.WithCancel(t.Context())
	cancel() // one that waits is told so
	if err := g.Admit(ctx, tenant, kind, &s); err != nil {
		t.Fatalf("a read of %s: %v, want a seat", kind, err)
	}
	return &s
}

// held reports whether a read would have to wait.
func held(t *testing.T, g *admission.Gate, tenant uuid.UUID, kind string) bool {
	t.Helper()
	var s admission.Seat
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	err := g.Admit(ctx, tenant, kind, &s)
	if err != nil && !errors.Is(err, context.Canceled) {
		t.Fatal(err)
	}
	s.Drop()
	return err != nil
}

// inLine returns when so many reads wait. None of those that are to wait may begin, which would say so in begun.
func inLine[T any](t *testing.T, g *admission.Gate, want int, begun <-chan T) {
	t.Helper()
	for waiting, _ := g.Stats(); waiting != want; waiting, _ = g.Stats() {
		if len(begun) > 0 {
			t.Fatalf("%d reads wait and another has begun, want %d in the line", waiting, want)
		}
		time.Sleep(time.Millisecond)
	}
}

func TestTenantAloneIsNotHeldBack(t *testing.T) {
	g, c := newGate(2, 10)
	for range 100 {
		enter(t, g, busy, "list")
		c.move(time.Minute)
	}
	g.Seen(quiet)
	c.move(time.Second)
	enter(t, g, busy, "list") // the other has fallen silent
	g.Seen(quiet)
	if !held(t, g, busy, "list") {
		t.Error("a read begins beside 101 others, while another tenant asks")
	}
}

func TestCostlyReadsWaitInTurn(t *testing.T) {
	g, c := newGate(2, 3)
	g.Seen(quiet)
	first, second := enter(t, g, busy, "list"), enter(t, g, busy, "list")
	begun := make(chan int, 3)
	seats := make([]admission.Seat, 3)
	for i := range seats {
		go func() {
			if err := g.Admit(context.Background(), busy, "list", &seats[i]); err != nil {
				t.Error(err)
			}
			begun <- i
		}()
		inLine(t, g, i+1, begun)
	}
	var s admission.Seat
	if err := g.Admit(t.Context(), busy, "list", &s); !errors.Is(err, admission.ErrLine) {
		t.Errorf("got %v for one more than may wait, want ErrLine", err)
	}
	if _, refused := g.Stats(); refused != 1 {
		t.Errorf("got %d refused, want 1", refused)
	}
	enter(t, g, quiet, "list").Leave(0)

	c.move(admission.Costly)
	for i, ends := range []*admission.Seat{first, second, &seats[0]} {
		ends.Leave(0)
		ends.Leave(0) // once is enough
		if got := <-begun; got != i {
			t.Fatalf("number %d begins, want %d: who came first", got, i)
		}
	}
	if !held(t, g, busy, "list") {
		t.Error("a third costly read begins")
	}
}

// The first reads of a kind show what it costs.
func TestCheapReadsAreNotHeldBack(t *testing.T) {
	g, c := newGate(2, 10)
	g.Seen(quiet)
	costly := []*admission.Seat{enter(t, g, busy, "search"), enter(t, g, busy, "search")}
	c.move(admission.Costly)
	if !held(t, g, busy, "get") {
		t.Error("a read begins that nothing is known of, with no seat left")
	}
	costly[0].Leave(0)
	first, waits := enter(t, g, busy, "get"), make(chan error, 1)
	go func() {
		var s admission.Seat
		waits <- g.Admit(context.Background(), busy, "get", &s)
	}()
	inLine(t, g, 1, waits)
	first.Leave(0)
	if err := <-waits; err != nil {
		t.Error(err)
	}
	g.Seen(quiet)
	for range 50 {
		enter(t, g, busy, "get")
	}
	enter(t, g, busy, "search")
	if !held(t, g, busy, "search") {
		t.Error("a third search begins")
	}
	// Those that run are stuck: none has ended for long.
	c.move(admission.Costly)
	if !held(t, g, busy, "get") {
		t.Error("a read begins beside 51 of its kind that do not end")
	}
}

func TestCostsFade(t *testing.T) {
	g, c := newGate(1, 10)
	slow := enter(t, g, busy, "list")
	c.move(8 * admission.Costly)
	slow.Leave(8 << 20)
	for second, want := range []int64{8 << 20, 4 << 20, 2 << 20, 1 << 20} {
		g.Seen(quiet)
		s := enter(t, g, busy, "list")
		if s.Bytes != want {
			t.Errorf("after %d s an answer is expected to have %d bytes, want %d", second, s.Bytes, want)
		}
		if !held(t, g, busy, "list") {
			t.Errorf("after %d s a read that took %v is taken to be cheap", second, 8*admission.Costly)
		}
		s.Drop()
		c.move(time.Second)
	}
	for range 8 { // each that ends is as much of a sign as the last
		enter(t, g, busy, "list").Leave(100)
		c.move(time.Second - 1)
	}
	g.Seen(quiet)
	enter(t, g, busy, "list")
	if held(t, g, busy, "list") {
		t.Error("a kind whose reads have been short for 8 s is taken to be costly")
	}
}

func TestWaitingEnds(t *testing.T) {
	now := time.Now()
	g := admission.New(admission.Limits{Seats: 1, Waiting: 1, MaxWait: time.Millisecond, Now: func() time.Time { return now }})
	g.Seen(quiet)
	enter(t, g, busy, "list")
	var s admission.Seat
	if err := g.Admit(t.Context(), busy, "list", &s); !errors.Is(err, admission.ErrLine) {
		t.Errorf("got %v after the longest wait, want ErrLine", err)
	}
	s.Leave(0) // has none
	if !held(t, g, busy, "list") {
		t.Error("one that gave up has taken a seat")
	}
	if waiting, _ := g.Stats(); waiting != 0 {
		t.Errorf("%d wait, want none", waiting)
	}
}

func TestNoLimits(t *testing.T) {
	for _, g := range []*admission.Gate{nil, admission.New(admission.Limits{})} {
		g.Seen(quiet)
		for range 10 {
			enter(t, g, busy, "list").Leave(1)
		}
	}
}

// TestManyTenants has the gate forget those that have gone, and no one that reads.
func TestManyTenants(t *testing.T) {
	g, c := newGate(1, 10)
	reads := enter(t, g, busy, "list")
	for range 100_000 {
		enter(t, g, uuid.New(), "list").Leave(0)
		c.move(time.Second)
	}
	if known := g.Tenants(); known > 2000 {
		t.Errorf("the gate remembers %d tenants", known)
	}
	g.Seen(quiet)
	if !held(t, g, busy, "list") {
		t.Error("the gate has forgotten a tenant that reads")
	}
	reads.Leave(0)
}
