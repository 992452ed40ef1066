package pg

import (
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/google/uuid"
)

func TestQuota(t *testing.T) {
	t.Parallel()
	for _, test := range []struct{ conns, share, tenants int }{
		{1, 1, 1}, // nothing can be kept back
		{2, 1, 2},
		{3, 1, 3},
		{4, 2, 3},
		{5, 3, 4},
		{10, 8, 9},
		{11, 8, 10},
		{20, 16, 19},
		{1000, 800, 999},
	} {
		got := quotaOf(test.conns, 256)
		if got.share != test.share || got.tenants != test.tenants || got.line != 128 || got.waiting != 256 {
			t.Errorf("%d connections: got %+v, want %d for one tenant, %d for all, and half of the waiting room", test.conns, got, test.share, test.tenants)
		}
	}
}

// tenants are parties of a test, by a letter.
func tenants(letters string) map[string]party {
	out := map[string]party{"server": {kind: ofServer}, "platform": {kind: ofPlatform}}
	for _, l := range letters {
		out[string(l)] = party{tenant: uuid.New()}
	}
	return out
}

// mustTake takes without waiting.
func mustTake(t *testing.T, s *shares, p party) {
	t.Helper()
	if _, queued, err := s.take(t.Context(), p); err != nil || queued {
		t.Fatalf("got queued %v and %v, want a connection at once", queued, err)
	}
}

// queue has p wait, and says so on got when it has its turn.
func queue(t *testing.T, s *shares, p party, name string, got chan<- string) {
	t.Helper()
	before, _ := s.waited()
	go func() {
		if _, _, err := s.take(t.Context(), p); err != nil {
			name = fmt.Sprintf("%s: %v", name, err)
		}
		got <- name
	}()
	for now := before; now == before; now, _ = s.waited() {
		time.Sleep(time.Microsecond)
	}
}

// TestConnectionsGoToThePartiesInTurn has one tenant wait with many statements, and others with one each: what is given back
// does not go to the many first.
func TestConnectionsGoToThePartiesInTurn(t *testing.T) {
	t.Parallel()
	s := newShares(Config{MaxConns: 10, MaxWaiting: 256, MaxWait: time.Hour})
	p := tenants("abcd")
	for range 8 {
		mustTake(t, s, p["a"])
	}
	mustTake(t, s, p["b"])
	got := make(chan string, 256)
	for range 100 {
		queue(t, s, p["a"], "a", got) // has its share
	}
	mustTake(t, s, p["server"]) // the last one, which tenants leave
	for _, name := range []string{"b", "c", "c", "d", "server"} {
		queue(t, s, p[name], name, got)
	}
	for _, step := range []struct{ back, want string }{
		{"b", "b"},           // a has its share: the next in turn
		{"server", "server"}, // the tenants' nine are taken
		{"a", "a"},           // a's turn, and its share has room
		{"a", "c"},
		{"a", "d"},
		{"b", "a"},
		{"c", "c"},
	} {
		s.give(p[step.back])
		if next := <-got; next != step.want {
			t.Fatalf("%s gave one back: got it in the hands of %s, want %s", step.back, next, step.want)
		}
	}
	if waiting, _ := s.waited(); waiting != 100-2 {
		t.Errorf("got %d that wait, want all of a's but two", waiting)
	}
}

// TestPlatformAndServerAreNotStarved has two tenants take all that tenants may.
func TestPlatformAndServerAreNotStarved(t *testing.T) {
	t.Parallel()
	s := newShares(Config{MaxConns: 10, MaxWaiting: 4, MaxWait: time.Hour})
	p := tenants("abc")
	for range 8 {
		mustTake(t, s, p["a"])
	}
	mustTake(t, s, p["b"])
	got := make(chan string, 10)
	for _, name := range []string{"a", "a", "b", "b"} {
		queue(t, s, p[name], name, got)
	}
	if _, _, err := s.take(t.Context(), p["c"]); !errors.Is(err, ErrBusy) || errors.Is(err, ErrShare) {
		t.Errorf("got %v, want the waiting room to be full", err)
	}
	mustTake(t, s, p["server"])
	queue(t, s, p["platform"], "platform", got) // though the waiting room is full
	s.give(p["server"])
	if next := <-got; next != "platform" {
		t.Errorf("got %s, want the platform", next)
	}
}

// TestWaiterThatGoesLeavesNothingBehind cancels a statement in the middle of a line.
func TestWaiterThatGoesLeavesNothingBehind(t *testing.T) {
	t.Parallel()
	s := newShares(Config{MaxConns: 1, MaxWaiting: 10, MaxWait: time.Nanosecond})
	p := tenants("ab")
	mustTake(t, s, p["a"])
	if _, _, err := s.take(t.Context(), p["a"]); !errors.Is(err, ErrShare) {
		t.Errorf("got %v, want ErrShare after waiting for one's own connections", err)
	}
	if _, _, err := s.take(t.Context(), p["b"]); !errors.Is(err, ErrBusy) || errors.Is(err, ErrShare) {
		t.Errorf("got %v, want ErrBusy after waiting for another's connection", err)
	}
	s.maxWait = time.Hour
	got := make(chan string, 1)
	queue(t, s, p["b"], "b", got)
	s.give(p["a"])
	if next := <-got; next != "b" {
		t.Errorf("got %s, want b", next)
	}
	s.give(p["b"])
	if len(s.parties) != 0 || s.free != 1 || s.tenants != 0 || s.waiting != 0 || s.all != 0 || s.turn != (ring{}) {
		t.Errorf("got %+v when nobody has or wants anything", s)
	}
}

// TestTakingAConnectionAllocatesNothing is about the way that nearly all requests go.
func TestTakingAConnectionAllocatesNothing(t *testing.T) {
	s := newShares(Config{MaxConns: 10, MaxWaiting: 10, MaxWait: time.Hour})
	p := tenants("abc")
	ctx := t.Context()
	if n := testing.AllocsPerRun(1000, func() {
		for _, party := range p {
			if _, _, err := s.take(ctx, party); err != nil {
				t.Fatal(err)
			}
			s.give(party)
		}
	}); n != 0 {
		t.Errorf("got %v allocations, want none", n)
	}
}
