package permcache

import (
	"context"
	"fmt"
	"sync"
	"time"

	"github.com/google/uuid"
	"github.com/hashicorp/golang-lru/v2/simplelru"
)

// readTimeout bounds one reading, which does not end with the request that began it.
const readTimeout = 10 * time.Second

// key is a caller; the zero user stands for all services of the tenant.
type key struct{ tenant, user uuid.UUID }

// entry is an answer, or one that is being read.
type entry struct {
	asked time.Time     // before the reading: it may have missed what has changed since
	done  chan struct{} // closed when the rest is set
	// permissions are shared by all who ask.
	permissions []string
	err         error
}

// entries keep the answers of those who asked last.
type entries struct {
	read func(context.Context, key) ([]string, error)

	mu       sync.Mutex
	entries  *simplelru.LRU[key, *entry]
	byTenant map[uuid.UUID]map[key]struct{} // the keys of entries
}

func newEntries(size int, read func(context.Context, key) ([]string, error)) (*entries, error) {
	c := &entries{read: read, byTenant: make(map[uuid.UUID]map[key]struct{})}
	var err error
	c.entries, err = simplelru.NewLRU(size, func(k key, _ *entry) {
		delete(c.byTenant[k.tenant], k)
		if len(c.byTenant[k.tenant]) == 0 {
			delete(c.byTenant, k.tenant)
		}
	})
	return c, err
}

// get returns the answer for k, read at most age ago. Those who ask for the same at the same time wait for one reading.
func (c *entries) get(ctx context.Context, k key, age time.Duration) ([]string, error) {
	now := time.Now()
	c.mu.Lock()
	// Peek leaves the order as it is: who asks is moved to the front whenever the answer is read anew, which is soon enough.
	e, ok := c.entries.Peek(k)
	if !ok || now.Sub(e.asked) >= age {
		e = &entry{asked: now, done: make(chan struct{})}
		c.entries.Add(k, e)
		if c.byTenant[k.tenant] == nil {
			c.byTenant[k.tenant] = make(map[key]struct{})
		}
		c.byTenant[k.tenant][k] = struct{}{}
		go c.fill(context.WithoutCancel(ctx), k, e)
	}
	c.mu.Unlock()
	select { // of one case and a default, which costs a look
	case <-e.done:
		return e.permissions, e.err
	default:
	}
	select {
	case <-e.done:
		return e.permissions, e.err
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

// fill reads the answer. One that was forgotten meanwhile is for those who already wait; a failure or refusal as well.
func (c *entries) fill(ctx context.Context, k key, e *entry) {
	ctx, cancel := context.WithTimeout(ctx, readTimeout)
	defer cancel()
	defer close(e.done)
	defer func() {
		if cause := recover(); cause != nil {
			e.err = fmt.Errorf("permcache: read: panic: %v", cause)
		}
		if e.err == nil {
			return
		}
		c.mu.Lock()
		defer c.mu.Unlock()
		if current, ok := c.entries.Peek(k); ok && current == e {
			c.entries.Remove(k)
		}
	}()
	e.permissions, e.err = c.read(ctx, k)
}

// forget drops the answers about a tenant's callers, and those being read.
func (c *entries) forget(tenant uuid.UUID) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for k := range c.byTenant[tenant] {
		c.entries.Remove(k)
	}
}

// forgetAll drops every answer, and those being read.
func (c *entries) forgetAll() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.entries.Purge()
}

// size is how many answers are kept.
func (c *entries) size() int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.entries.Len()
}
