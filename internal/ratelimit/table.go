package ratelimit

import (
	"fmt"
	"hash/maphash"
	"sync"
	"time"

	"github.com/hashicorp/golang-lru/v2/simplelru"
	"golang.org/x/time/rate"
)

const (
	// shards keep requests of different callers from waiting for each other.
	shards = 16
	// perShard bounds the memory: 16,384 buckets, about 5 MB, however many callers there are. A caller that was forgotten
	// to make room begins with a full bucket.
	perShard = 1024
)

// table holds the buckets of one policy.
type table[K comparable] struct {
	name   string
	policy Policy
	limit  rate.Limit
	seed   maphash.Seed
	shards [shards]shard[K]
}

type shard[K comparable] struct {
	mu      sync.Mutex
	buckets *simplelru.LRU[K, *rate.Limiter]
	_       [48]byte // on a cache line of its own
}

// newTable returns nil for a zero policy.
func newTable[K comparable](name string, p Policy) (*table[K], error) {
	if p == (Policy{}) {
		return nil, nil
	}
	if p.Quota < 1 || p.Window < time.Millisecond {
		return nil, fmt.Errorf("rate limit of a %s: %d requests in %s: at least 1 in 1ms is needed", name, p.Quota, p.Window)
	}
	t := &table[K]{name: name, policy: p, limit: rate.Limit(float64(p.Quota) / p.Window.Seconds()), seed: maphash.MakeSeed()}
	for i := range t.shards {
		var err error
		if t.shards[i].buckets, err = simplelru.NewLRU[K, *rate.Limiter](perShard, nil); err != nil {
			return nil, err
		}
	}
	return t, nil
}

func (t *table[K]) bucket(k K) *rate.Limiter {
	s := &t.shards[maphash.Comparable(t.seed, k)%shards]
	s.mu.Lock()
	defer s.mu.Unlock()
	bucket, ok := s.buckets.Get(k)
	if !ok {
		bucket = rate.NewLimiter(t.limit, t.policy.Quota)
		s.buckets.Add(k, bucket)
	}
	return bucket
}

// size is how many buckets are kept.
func (t *table[K]) size() int {
	n := 0
	for i := range t.shards {
		s := &t.shards[i]
		s.mu.Lock()
		n += s.buckets.Len()
		s.mu.Unlock()
	}
	return n
}
