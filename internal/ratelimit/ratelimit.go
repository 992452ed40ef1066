// Package ratelimit bounds how often each principal, and all of a tenant together, may call this process. It keeps token
// buckets in memory: replicas do not know of each other, so a caller spread over n of them has n times the quota.
package ratelimit

import (
	"fmt"
	"math"
	"strconv"
	"time"

	"github.com/google/uuid"
	"golang.org/x/time/rate"

	"github.com/lockstep-dev/lockstep/internal/authn"
)

// Policy is a token bucket: Quota requests may come at once, and are given back evenly over Window.
type Policy struct {
	Quota  int
	Window time.Duration
}

// Limits are the policies of a server. A zero policy is no limit.
type Limits struct {
	// Principal bounds each user and each service.
	Principal Policy
	// Tenant bounds all principals of a tenant together. The platform's belong to none.
	Tenant Policy
}

// caller is a principal: a user, or a service by its identity.
type caller struct {
	tenant, user uuid.UUID
	identity     string
}

// Limiter counts requests. It is safe for concurrent use; a nil one lets everything pass.
type Limiter struct {
	principal *table[caller]
	tenant    *table[uuid.UUID]
	policies  string
}

// Verdict says whether a request may go on, and what its answer is to say about that.
type Verdict struct {
	// Exceeded names the policy that the request is over: principal or tenant. Empty when it may go on.
	Exceeded string
	// RetryAfter is after how many whole seconds a refused request will be let through, if no other comes before it.
	RetryAfter int
	// RateLimit is the value of the header of that name; empty without any policy.
	RateLimit string
}

// New returns a limiter, nil when there is nothing to limit.
func New(limits Limits) (*Limiter, error) {
	l := &Limiter{}
	var err error
	if l.principal, err = newTable[caller]("principal", limits.Principal); err != nil {
		return nil, err
	}
	if l.tenant, err = newTable[uuid.UUID]("tenant", limits.Tenant); err != nil {
		return nil, err
	}
	if l.principal == nil && l.tenant == nil {
		return nil, nil
	}
	l.policies = join(l.principal.describe(), l.tenant.describe())
	return l, nil
}

// Policies is the value of the header RateLimit-Policy, which does not change.
func (l *Limiter) Policies() string {
	if l == nil {
		return ""
	}
	return l.policies
}

// Take counts a request of p.
func (l *Limiter) Take(p *authn.Principal, now time.Time) Verdict {
	if l == nil {
		return Verdict{}
	}
	var (
		space   [96]byte
		verdict Verdict
	)
	header := space[:0]
	buckets := l.find(p, now)
	if buckets.principal != nil {
		header = l.principal.take(buckets.principal, now, header, &verdict)
	}
	if buckets.tenant != nil && verdict.Exceeded == "" {
		header = l.tenant.take(buckets.tenant, now, header, &verdict)
	}
	verdict.RateLimit = string(header)
	return verdict
}

// found are the buckets of a principal; nil: there is no such limit.
type found struct {
	by                *Limiter
	at                time.Time
	principal, tenant *rate.Limiter
}

// refound is how long buckets are used without looking them up. The tables keep those that were looked up last, so one that is
// in use is not forgotten unless as many other callers as a table holds come within that time.
const refound = time.Second

// find returns the principal's buckets. To look them up costs more than to count in them.
func (l *Limiter) find(p *authn.Principal, now time.Time) found {
	memo := p.Memo()
	if memo != nil {
		if f, ok := memo.Load().(*found); ok && f.by == l && now.Sub(f.at).Abs() < refound {
			return *f
		}
	}
	f := found{by: l, at: now}
	if l.principal != nil {
		k := caller{tenant: p.TenantID, user: p.UserID}
		if p.IsService() {
			k.identity = p.Identity()
		}
		f.principal = l.principal.bucket(k)
	}
	if l.tenant != nil && p.TenantID != uuid.Nil {
		f.tenant = l.tenant.bucket(p.TenantID)
	}
	if memo != nil {
		kept := f
		memo.Store(&kept)
	}
	return f
}

// take counts a request in the bucket and appends what is left to the header
// (draft-ietf-httpapi-ratelimit-headers-11, field RateLimit).
func (t *table[K]) take(bucket *rate.Limiter, now time.Time, header []byte, verdict *Verdict) []byte {
	ok := bucket.AllowN(now, 1)
	left := max(0, bucket.TokensAt(now))
	if !ok {
		verdict.Exceeded = t.name
		verdict.RetryAfter = max(1, seconds(1-left, bucket.Limit()))
	}
	if len(header) > 0 {
		header = append(header, ", "...)
	}
	header = append(header, '"')
	header = append(header, t.name...)
	header = append(header, `";r=`...)
	header = strconv.AppendInt(header, int64(left), 10)
	header = append(header, ";t="...)
	return strconv.AppendInt(header, int64(seconds(float64(t.policy.Quota)-left, bucket.Limit())), 10)
}

// seconds is how long it takes to gain that many tokens, rounded up.
func seconds(tokens float64, limit rate.Limit) int {
	return int(math.Ceil(tokens / float64(limit)))
}

// describe is the policy's member of the header RateLimit-Policy.
func (t *table[K]) describe() string {
	if t == nil {
		return ""
	}
	return fmt.Sprintf(`"%s";q=%d;w=%d`, t.name, t.policy.Quota, max(1, int(t.policy.Window.Seconds())))
}

func join(a, b string) string {
	if a == "" || b == "" {
		return a + b
	}
	return a + ", " + b
}
