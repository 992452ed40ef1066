// Package inflight counts the bytes of bodies and answers that are held in memory on their way, for the process and for each
// caller, and refuses those beyond a limit.
package inflight

import (
	"errors"
	"sync"
)

// Errors of Take.
var (
	// ErrCaller says that the caller has as many bytes on their way as one may have.
	ErrCaller = errors.New("inflight: the caller has too many bytes on their way")
	// ErrProcess says that all callers together have.
	ErrProcess = errors.New("inflight: the process has too many bytes on their way")
)

// Limits are in bytes; zero means unlimited.
type Limits struct {
	// Process is for all callers together, Caller for each.
	Process, Caller int64
}

// Budget counts for callers who are told apart by K. A nil one counts nothing. It is safe for concurrent use.
type Budget[K comparable] struct {
	limits Limits

	mu      sync.Mutex
	held    int64
	callers map[K]int64 // without those that have nothing
}

// New returns a budget.
func New[K comparable](limits Limits) *Budget[K] {
	return &Budget[K]{limits: limits, callers: map[K]int64{}}
}

// Hold is what one request has of a budget. Its zero value has nothing. It belongs to one goroutine at a time.
type Hold[K comparable] struct {
	of    *Budget[K]
	by    K
	bytes int64
}

// Take adds n bytes of the caller to the hold, or none: its error is ErrCaller or ErrProcess. A hold is of one caller and one
// budget until it is released.
func (h *Hold[K]) Take(of *Budget[K], by K, n int64) error { return h.take(of, by, n, false) }

// Force adds n bytes even beyond the limits, for what can be refused no longer. Others are refused instead.
func (h *Hold[K]) Force(of *Budget[K], by K, n int64) { _ = h.take(of, by, n, true) }

func (h *Hold[K]) take(of *Budget[K], by K, n int64, force bool) error {
	if of == nil {
		return nil
	}
	of.mu.Lock()
	defer of.mu.Unlock()
	held := of.callers[by] + n
	switch {
	case force:
	case beyond(held, of.limits.Caller):
		return ErrCaller
	case beyond(of.held+n, of.limits.Process):
		return ErrProcess
	}
	of.callers[by] = held
	of.held += n
	h.of, h.by, h.bytes = of, by, h.bytes+n
	return nil
}

func beyond(n, limit int64) bool { return limit > 0 && n > limit }

// Release gives back what the hold has.
func (h *Hold[K]) Release() {
	if h.bytes == 0 {
		return
	}
	of := h.of
	of.mu.Lock()
	defer of.mu.Unlock()
	of.held -= h.bytes
	if of.callers[h.by] -= h.bytes; of.callers[h.by] == 0 {
		delete(of.callers, h.by)
	}
	h.bytes = 0
}

// Held is how many bytes all callers have on their way.
func (b *Budget[K]) Held() int64 {
	if b == nil {
		return 0
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.held
}
