// Package inflight counts the bytes of bodies and answers that are held in memory on their way, for the process, for each
// tenant and for each caller, and refuses those beyond a limit.
package inflight

import (
	"errors"
	"sync"
)

// Errors of Take.
var (
	// ErrCaller says that the caller has as many bytes on their way as one may have.
	ErrCaller = errors.New("inflight: the caller has too many bytes on their way")
	// ErrTenant says that the callers of its tenant together have as many as one tenant may have. Others are served.
	ErrTenant = errors.New("inflight: the tenant has too many bytes on their way")
	// ErrProcess says that all callers together have.
	ErrProcess = errors.New("inflight: the process has too many bytes on their way")
)

// Limits are in bytes; zero means unlimited.
type Limits struct {
	// Process is for all callers together, Caller for each. The callers of one tenant may have half of Process, so that no
	// tenant fills it alone.
	Process, Caller int64
}

func (l Limits) tenant() int64 { return l.Process / 2 }

// Budget counts for callers who are told apart by C, of tenants who are told apart by T. A nil one counts nothing. It is safe
// for concurrent use.
type Budget[T, C comparable] struct {
	limits Limits

	mu      sync.Mutex
	held    int64
	tenants map[T]int64 // without those that have nothing
	callers map[C]int64 // likewise
}

// New returns a budget.
func New[T, C comparable](limits Limits) *Budget[T, C] {
	return &Budget[T, C]{limits: limits, tenants: map[T]int64{}, callers: map[C]int64{}}
}

// Hold is what one request has of a budget. Its zero value has nothing. It belongs to one goroutine at a time.
type Hold[T, C comparable] struct {
	of     *Budget[T, C]
	tenant T
	caller C
	bytes  int64
}

// Take adds n bytes of the caller to the hold, or none: its error is ErrCaller, ErrTenant or ErrProcess. A hold is of one
// caller and one budget until it is released.
func (h *Hold[T, C]) Take(of *Budget[T, C], tenant T, caller C, n int64) error {
	return h.take(of, tenant, caller, n, false)
}

// Room is Take's error, of what is not taken yet.
func (b *Budget[T, C]) Room(tenant T, caller C, n int64) error {
	if b == nil {
		return nil
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.roomLocked(b.tenants[tenant]+n, b.callers[caller]+n, n)
}

func (b *Budget[T, C]) roomLocked(ofTenant, ofCaller, n int64) error {
	switch {
	case beyond(ofCaller, b.limits.Caller):
		return ErrCaller
	case beyond(ofTenant, b.limits.tenant()):
		return ErrTenant
	case beyond(b.held+n, b.limits.Process):
		return ErrProcess
	}
	return nil
}

// Force adds n bytes even beyond the limits, for what can be refused no longer. Others are refused instead.
func (h *Hold[T, C]) Force(of *Budget[T, C], tenant T, caller C, n int64) {
	_ = h.take(of, tenant, caller, n, true)
}

func (h *Hold[T, C]) take(of *Budget[T, C], tenant T, caller C, n int64, force bool) error {
	if of == nil || n == 0 {
		return nil
	}
	of.mu.Lock()
	defer of.mu.Unlock()
	ofCaller, ofTenant := of.callers[caller]+n, of.tenants[tenant]+n
	if err := of.roomLocked(ofTenant, ofCaller, n); err != nil && !force {
		return err
	}
	of.callers[caller], of.tenants[tenant] = ofCaller, ofTenant
	of.held += n
	h.of, h.tenant, h.caller, h.bytes = of, tenant, caller, h.bytes+n
	return nil
}

func beyond(n, limit int64) bool { return limit > 0 && n > limit }

// Release gives back what the hold has.
func (h *Hold[T, C]) Release() {
	if h.bytes == 0 {
		return
	}
	of := h.of
	of.mu.Lock()
	defer of.mu.Unlock()
	of.held -= h.bytes
	giveBack(of.tenants, h.tenant, h.bytes)
	giveBack(of.callers, h.caller, h.bytes)
	h.bytes = 0
}

func giveBack[K comparable](held map[K]int64, by K, n int64) {
	if held[by] -= n; held[by] == 0 {
		delete(held, by)
	}
}

// Held is how many bytes all callers have on their way.
func (b *Budget[T, C]) Held() int64 {
	if b == nil {
		return 0
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.held
}
