// Package admission holds reads back that keep the processor busy, so that one tenant's do not slow down everybody's: while
// others ask as well, so many of them run at a time and the rest wait in a line. What a read is going to cost is known from
// those of its kind that ended lately. Alone a tenant is held back by nothing.
package admission

import (
	"context"
	"errors"
	"sync"
	"time"

	"github.com/google/uuid"
)

// ErrLine says that as many of the tenant's reads wait as may, or that this one has waited for too long. Others are served.
var ErrLine = errors.New("admission: too many costly reads of the tenant")

// Costly is from when on a read's time counts: shorter ones are in nobody's way.
const Costly = 10 * time.Millisecond

// lately is for how long what ended is a sign of what begins, and of who else asks. What it cost counts half as much each
// time that it has passed.
const lately = time.Second

// Limits of a gate.
type Limits struct {
	// Seats is how many costly reads of one tenant run at a time while others ask as well. 0 means any number.
	Seats int
	// Waiting is how many reads of one tenant wait for a seat, and MaxWait for how long.
	Waiting int
	MaxWait time.Duration
	// Now is the clock. Defaults to time.Now.
	Now func() time.Time
}

// Gate admits reads. It is safe for concurrent use.
type Gate struct {
	limits Limits

	mu      sync.Mutex
	tenants map[uuid.UUID]*tenant
	sweep   int // at how many of them those are forgotten that have not read lately
	// latest is who asked last, and other who did of the rest.
	latest, other visit
	waiting       int
	refused       int64
}

type visit struct {
	tenant uuid.UUID
	at     time.Time
}

// tenant is what is known of one that has read lately.
type tenant struct {
	kinds map[string]*kind
	seats int // taken
	line  []*waiter
}

// kind is what is known of a tenant's reads of one kind.
type kind struct {
	running int
	// stirred is when the latest of them ended, or the first of those that run began.
	stirred time.Time
	ended   time.Time // the latest; zero: none has
	cost    time.Duration
	bytes   int64
}

type waiter struct {
	seat    *Seat
	granted chan struct{}
}

// Seat is a read that has been admitted. Its zero value is none. It belongs to one goroutine at a time.
type Seat struct {
	gate   *Gate
	id     uuid.UUID
	of     *tenant
	kind   *kind
	began  time.Time
	costly bool
	// Bytes is how long answers to reads of its kind were lately.
	Bytes int64
}

// New returns a gate.
func New(limits Limits) *Gate {
	if limits.Now == nil {
		limits.Now = time.Now
	}
	return &Gate{limits: limits, tenants: map[uuid.UUID]*tenant{}, sweep: many}
}

// Seen notes that the tenant asks for something that is not held back.
func (g *Gate) Seen(id uuid.UUID) {
	if g == nil || g.limits.Seats == 0 {
		return
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	g.visitedLocked(id, g.limits.Now())
}

// Admit returns when a read of the kind may begin; its kind is the operation, say. Leave has to be called when it has ended.
// The error is ErrLine, or that of ctx.
func (g *Gate) Admit(ctx context.Context, id uuid.UUID, of string, seat *Seat) error {
	if g == nil || g.limits.Seats == 0 {
		return nil
	}
	g.mu.Lock()
	now := g.limits.Now()
	g.visitedLocked(id, now)
	t := g.tenantLocked(id, now)
	k := t.kinds[of]
	if k == nil {
		k = &kind{}
		t.kinds[of] = k
	}
	*seat = Seat{gate: g, id: id, of: t, kind: k}
	if g.grantLocked(seat, now) {
		g.mu.Unlock()
		return nil
	}
	if len(t.line) >= g.limits.Waiting {
		return g.refuseLocked(seat)
	}
	w := &waiter{seat: seat, granted: make(chan struct{})}
	t.line = append(t.line, w)
	g.waiting++
	g.mu.Unlock()
	return g.wait(ctx, t, w)
}

// wait returns when w has its seat, its time is over, or its caller has gone.
func (g *Gate) wait(ctx context.Context, t *tenant, w *waiter) error {
	patience := time.NewTimer(g.limits.MaxWait)
	defer patience.Stop()
	select {
	case <-w.granted:
		return nil
	case <-patience.C:
	case <-ctx.Done():
	}
	g.mu.Lock()
	for i, waits := range t.line {
		if waits != w {
			continue
		}
		t.line = append(t.line[:i], t.line[i+1:]...)
		g.waiting--
		if err := ctx.Err(); errors.Is(err, context.Canceled) {
			*w.seat = Seat{}
			g.mu.Unlock()
			return err
		}
		return g.refuseLocked(w.seat)
	}
	g.mu.Unlock() // granted meanwhile
	return nil
}

func (g *Gate) refuseLocked(seat *Seat) error {
	*seat = Seat{}
	g.refused++
	g.mu.Unlock()
	return ErrLine
}

// grantLocked gives a seat if there is one, or none is needed.
func (g *Gate) grantLocked(s *Seat, now time.Time) bool {
	k := s.kind
	s.costly = !k.cheap(now, g.limits.Seats)
	if s.costly && s.of.seats >= g.limits.Seats && !g.aloneLocked(s.id, now) {
		return false
	}
	if s.costly {
		s.of.seats++
	}
	if k.running++; k.running == 1 {
		k.stirred = now
	}
	s.began, s.Bytes = now, k.bytes
	if !k.ended.IsZero() {
		s.Bytes = faded(k.bytes, now.Sub(k.ended))
	}
	return true
}

// cheap reports whether reads of the kind are known to be in nobody's way: some have ended lately, none took long, and those
// that run now are not stuck.
func (k *kind) cheap(now time.Time, seats int) bool {
	return !k.ended.IsZero() && now.Sub(k.ended) < lately && k.cost < Costly && (k.running < seats || now.Sub(k.stirred) < Costly)
}

// Leave ends what Admit began. Bytes is how long the answer is. It may be called again.
func (s *Seat) Leave(bytes int64) {
	if s.gate == nil {
		return
	}
	g := s.gate
	g.mu.Lock()
	defer g.mu.Unlock()
	now := g.limits.Now()
	k := s.kind
	since := now.Sub(k.ended)
	k.cost = max(now.Sub(s.began), faded(k.cost, since))
	k.bytes = max(bytes, faded(k.bytes, since))
	k.ended, k.stirred = now, now
	g.giveLocked(s, now)
}

// Drop ends what Admit began, of a read that was not done after all: it says nothing about others.
func (s *Seat) Drop() {
	if s.gate == nil {
		return
	}
	s.gate.mu.Lock()
	defer s.gate.mu.Unlock()
	s.gate.giveLocked(s, s.gate.limits.Now())
}

func (g *Gate) giveLocked(s *Seat, now time.Time) {
	s.kind.running--
	if s.costly {
		s.of.seats--
	}
	t := s.of
	*s = Seat{}
	// First come, first served; but for those that have turned out to need no seat.
	kept := t.line[:0]
	for _, w := range t.line {
		if g.grantLocked(w.seat, now) {
			g.waiting--
			close(w.granted)
			continue
		}
		kept = append(kept, w)
	}
	clear(t.line[len(kept):])
	t.line = kept
}

// faded is what counts of a figure so long after.
func faded[N ~int64](n N, after time.Duration) N { return n >> min(int64(after/lately), 62) }

func (g *Gate) visitedLocked(id uuid.UUID, now time.Time) {
	if g.latest.tenant != id {
		g.other = g.latest
	}
	g.latest = visit{id, now}
}

// aloneLocked reports whether nobody else has asked lately.
func (g *Gate) aloneLocked(id uuid.UUID, now time.Time) bool {
	other := g.latest
	if other.tenant == id {
		other = g.other
	}
	return other.at.IsZero() || now.Sub(other.at) >= lately
}

// many is how many tenants are remembered in any case.
const many = 1000

func (g *Gate) tenantLocked(id uuid.UUID, now time.Time) *tenant {
	t := g.tenants[id]
	if t != nil {
		return t
	}
	if len(g.tenants) >= g.sweep {
		for old, known := range g.tenants {
			if known.idle(now) {
				delete(g.tenants, old)
			}
		}
		g.sweep = max(many, 2*len(g.tenants))
	}
	t = &tenant{kinds: map[string]*kind{}}
	g.tenants[id] = t
	return t
}

func (t *tenant) idle(now time.Time) bool {
	for _, k := range t.kinds {
		if k.running > 0 || now.Sub(k.ended) < time.Minute {
			return false
		}
	}
	return len(t.line) == 0
}

// Stats are how many reads wait for a seat, and how many were refused one.
func (g *Gate) Stats() (waiting int, refused int64) {
	if g == nil {
		return 0, 0
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.waiting, g.refused
}
