package pg

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/google/uuid"
)

// ErrShare says that a tenant, or the platform, has as many connections as one may hold and as many statements waiting as
// one may have, or that this one has waited for too long for one of these connections. It is an ErrBusy: others are served.
// Nothing was sent to the server.
var ErrShare = fmt.Errorf("%w: all that one tenant may hold", ErrBusy)

// party is who connections are shared out to: a tenant, the platform, or the server itself.
type party struct {
	tenant uuid.UUID // of a tenant
	kind   partyKind
}

type partyKind uint8

const (
	ofTenant partyKind = iota
	ofPlatform
	ofServer // what belongs to nobody, such as the readiness check
)

// partyOf is who a statement in the scope is sent for. The platform is one, whichever tenant it looks into.
func partyOf(s Scope) party {
	if s.Platform {
		return party{kind: ofPlatform}
	}
	return party{tenant: s.TenantID}
}

// quota is what each party may have of the connections and of the waiting room.
type quota struct {
	conns int // all of them
	// share is the most connections one party holds: all but max(2, 20 %), and at least one.
	share int
	// tenants is the most connections all tenants hold together: one is left to the platform and the server where there are
	// four or more. With fewer it would cost the tenants too much.
	tenants int
	// waiting is the most statements of tenants that wait, and line the most of one party: half of that.
	waiting, line int
}

// Reserve is how many of so many connections no tenant may take all the others of: 20 % of them, and at least two.
func Reserve(conns int) int { return max(2, (conns+4)/5) }

func quotaOf(conns, waiting int) quota {
	q := quota{conns: conns, share: max(1, conns-Reserve(conns)), tenants: conns, waiting: waiting, line: (waiting + 1) / 2}
	if conns >= 4 {
		q.tenants--
	}
	return q
}

// shares hands out the right to take a connection from the pool. As long as a party is below its share and a connection is
// free, it waits for nobody. Of those that wait, parties get what becomes free in turn, whatever the length of their lines.
type shares struct {
	quota
	maxWait time.Duration

	mu      sync.Mutex
	free    int // connections that nobody has
	tenants int // connections that tenants hold
	waiting int // statements of tenants that wait
	all     int // statements that wait, all in all
	parties map[party]*share
	turn    ring     // parties with waiters, who is next first
	spare   []*share // that nobody needs; so that a request allocates none
	waits   waits
}

// waits counts what has waited.
type waits struct {
	begun, cancelled int64
	took             time.Duration
}

// share is what a party has now. Those that have nothing are forgotten.
type share struct {
	party
	held           int
	first, last    *waiter
	length         int
	previous, next *share // in the ring
}

// waiter is a statement that waits.
type waiter struct {
	granted        chan struct{} // gets one when it has its turn
	patience       *time.Timer
	previous, next *waiter
	served         bool
}

// waiters lends what waiting takes, which is more than all else that a request of a busy server allocates here.
var waiters = sync.Pool{New: func() any {
	w := &waiter{granted: make(chan struct{}, 1), patience: time.NewTimer(time.Hour)}
	w.patience.Stop()
	return w
}}

// ring is a list of shares.
type ring struct{ first, last *share }

func newShares(c Config) *shares {
	q := quotaOf(int(c.MaxConns), int(c.MaxWaiting))
	return &shares{quota: q, maxWait: c.MaxWait, free: q.conns, parties: map[party]*share{}}
}

// take returns when p may take a connection, which give ends. Its error is ErrBusy, ErrShare, or that of a caller who has
// gone. queued says that p had to wait, and since when it did.
func (s *shares) take(ctx context.Context, p party) (since time.Time, queued bool, err error) {
	s.mu.Lock()
	mine := s.shareLocked(p)
	if mine.length == 0 && s.grantableLocked(mine) {
		s.grantLocked(mine)
		s.mu.Unlock()
		return time.Time{}, false, nil
	}
	if err := s.refusalLocked(mine); err != nil {
		s.forgetLocked(mine)
		s.mu.Unlock()
		return time.Time{}, false, err
	}
	w := waiters.Get().(*waiter)
	s.enqueueLocked(mine, w)
	s.mu.Unlock()
	since = time.Now()
	return since, true, s.wait(ctx, mine, w, since)
}

// wait returns when w has its turn, its time is over, or its caller has gone.
func (s *shares) wait(ctx context.Context, mine *share, w *waiter, start time.Time) error {
	w.patience.Reset(s.maxWait)
	defer func() {
		w.patience.Stop()
		w.served = false
		waiters.Put(w)
	}()
	var err error
	select {
	case <-w.granted:
	case <-w.patience.C:
		err = ErrBusy
	case <-ctx.Done():
		err = ctx.Err()
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.waits.took += time.Since(start)
	if err == nil {
		return nil
	}
	s.waits.cancelled++
	if w.served { // meanwhile
		<-w.granted
		s.giveLocked(mine)
	} else {
		if s.atShareLocked(mine) && !errors.Is(err, context.Canceled) {
			err = ErrShare
		}
		s.dequeueLocked(mine, w)
		s.forgetLocked(mine)
	}
	if errors.Is(err, context.DeadlineExceeded) {
		return ErrBusy
	}
	return err
}

// give ends what take began. The connection must be back in the pool.
func (s *shares) give(p party) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.giveLocked(s.parties[p])
}

func (s *shares) giveLocked(mine *share) {
	mine.held--
	s.free++
	if mine.kind == ofTenant {
		s.tenants--
	}
	s.forgetLocked(mine)
	s.serveLocked()
}

// serveLocked gives connections that are free to those that wait: one to each party in turn.
func (s *shares) serveLocked() {
	for next := s.turn.first; next != nil && s.free > 0; {
		if !s.grantableLocked(next) {
			next = next.next
			continue
		}
		w := next.first
		s.dequeueLocked(next, w)
		if next.length > 0 {
			s.turn.remove(next)
			s.turn.add(next)
		}
		s.grantLocked(next)
		w.served = true
		w.granted <- struct{}{}
		next = s.turn.first
	}
}

func (s *shares) atShareLocked(mine *share) bool { return mine.held >= s.share }

// grantableLocked reports whether a connection is free that the party may have.
func (s *shares) grantableLocked(mine *share) bool {
	return s.free > 0 && !s.atShareLocked(mine) && (mine.kind != ofTenant || s.tenants < s.quota.tenants)
}

func (s *shares) grantLocked(mine *share) {
	mine.held++
	s.free--
	if mine.kind == ofTenant {
		s.tenants++
	}
}

// refusalLocked is why the party's next statement may not wait; nil: it may. What is no tenant's waits in lines of its own.
func (s *shares) refusalLocked(mine *share) error {
	switch {
	case mine.length >= s.line:
		return ErrShare
	case mine.kind == ofTenant && s.waiting >= s.quota.waiting:
		return ErrBusy
	}
	return nil
}

func (s *shares) enqueueLocked(mine *share, w *waiter) {
	if w.previous = mine.last; w.previous == nil {
		mine.first = w
		s.turn.add(mine)
	} else {
		w.previous.next = w
	}
	mine.last = w
	s.countLocked(mine, 1)
	s.waits.begun++
}

func (s *shares) dequeueLocked(mine *share, w *waiter) {
	if w.previous == nil {
		mine.first = w.next
	} else {
		w.previous.next = w.next
	}
	if w.next == nil {
		mine.last = w.previous
	} else {
		w.next.previous = w.previous
	}
	w.previous, w.next = nil, nil
	s.countLocked(mine, -1)
	if mine.length == 0 {
		s.turn.remove(mine)
	}
}

func (s *shares) countLocked(mine *share, n int) {
	mine.length += n
	s.all += n
	if mine.kind == ofTenant {
		s.waiting += n
	}
}

func (s *shares) shareLocked(p party) *share {
	if mine := s.parties[p]; mine != nil {
		return mine
	}
	var mine *share
	if last := len(s.spare) - 1; last >= 0 {
		mine, s.spare = s.spare[last], s.spare[:last]
	} else {
		mine = new(share)
	}
	*mine = share{party: p}
	s.parties[p] = mine
	return mine
}

func (s *shares) forgetLocked(mine *share) {
	if mine.held > 0 || mine.length > 0 {
		return
	}
	delete(s.parties, mine.party)
	if len(s.spare) < s.conns {
		s.spare = append(s.spare, mine)
	}
}

// waited is what has waited so far, and how many do now.
func (s *shares) waited() (now int, so waits) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.all, s.waits
}

func (r *ring) add(s *share) {
	if s.previous = r.last; s.previous == nil {
		r.first = s
	} else {
		s.previous.next = s
	}
	r.last = s
}

func (r *ring) remove(s *share) {
	if s.previous == nil {
		r.first = s.next
	} else {
		s.previous.next = s.next
	}
	if s.next == nil {
		r.last = s.previous
	} else {
		s.next.previous = s.previous
	}
	s.previous, s.next = nil, nil
}
