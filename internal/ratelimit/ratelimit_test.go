package ratelimit

import (
	"net/http"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/lockstep-dev/lockstep/internal/authn"
	"github.com/lockstep-dev/lockstep/internal/devissuer"
)

var noon = time.Date(2026, 1, 1, 12, 0, 0, 0, time.UTC)

func mustNew(t testing.TB, limits Limits) *Limiter {
	t.Helper()
	l, err := New(limits)
	if err != nil {
		t.Fatal(err)
	}
	return l
}

func user(tenant uuid.UUID) *authn.Principal {
	return &authn.Principal{TenantID: tenant, UserID: uuid.New(), Subject: "somebody"}
}

func TestPrincipalIsLimited(t *testing.T) {
	t.Parallel()
	l := mustNew(t, Limits{Principal: Policy{Quota: 3, Window: 6 * time.Second}})
	if got := l.Policies(); got != `"principal";q=3;w=6` {
		t.Errorf("got policies %s", got)
	}
	p := user(uuid.New())
	for _, step := range []struct {
		after time.Duration
		want  Verdict
	}{
		{0, Verdict{RateLimit: `"principal";r=2;t=2`}},
		{0, Verdict{RateLimit: `"principal";r=1;t=4`}},
		{0, Verdict{RateLimit: `"principal";r=0;t=6`}},
		{0, Verdict{Exceeded: "principal", RetryAfter: 2, RateLimit: `"principal";r=0;t=6`}},
		{time.Second, Verdict{Exceeded: "principal", RetryAfter: 1, RateLimit: `"principal";r=0;t=5`}},
		{2 * time.Second, Verdict{RateLimit: `"principal";r=0;t=6`}},
		{8 * time.Second, Verdict{RateLimit: `"principal";r=2;t=2`}},
	} {
		if got := l.Take(p, noon.Add(step.after)); got != step.want {
			t.Errorf("after %s: got %+v, want %+v", step.after, got, step.want)
		}
	}
	if got := l.Take(user(p.TenantID), noon); got.Exceeded != "" {
		t.Errorf("another principal of the tenant: got %+v", got)
	}
}

// TestAfterRetryAfter holds the promise: who waits that long is let through.
func TestAfterRetryAfter(t *testing.T) {
	t.Parallel()
	for _, policy := range []Policy{{1, 10 * time.Second}, {7, 3 * time.Second}, {100, time.Minute}, {1000, 10 * time.Second}} {
		l := mustNew(t, Limits{Principal: policy})
		p, now := user(uuid.New()), noon
		for l.Take(p, now).Exceeded == "" {
		}
		for range 20 {
			v := l.Take(p, now)
			if v.Exceeded == "" {
				continue
			}
			now = now.Add(time.Duration(v.RetryAfter) * time.Second)
			if again := l.Take(p, now); again.Exceeded != "" {
				t.Errorf("%+v: refused %d s later: %+v", policy, v.RetryAfter, again)
			}
		}
	}
}

func TestTenantIsLimited(t *testing.T) {
	t.Parallel()
	l := mustNew(t, Limits{Principal: Policy{10, time.Second}, Tenant: Policy{4, 4 * time.Second}})
	if got := l.Policies(); got != `"principal";q=10;w=1, "tenant";q=4;w=4` {
		t.Errorf("got policies %s", got)
	}
	tenant := uuid.New()
	for range 4 {
		if got := l.Take(user(tenant), noon); got.Exceeded != "" {
			t.Fatalf("got %+v", got)
		}
	}
	want := Verdict{Exceeded: "tenant", RetryAfter: 1, RateLimit: `"principal";r=9;t=1, "tenant";r=0;t=4`}
	if got := l.Take(user(tenant), noon); got != want {
		t.Errorf("a fifth user: got %+v, want %+v", got, want)
	}
	if got := l.Take(user(uuid.New()), noon); got.Exceeded != "" {
		t.Errorf("another tenant: got %+v", got)
	}
	if got := l.Take(&authn.Principal{Platform: true, Subject: "operator"}, noon); got.RateLimit != `"principal";r=9;t=1` {
		t.Errorf("the platform: got %+v, want no tenant's limit", got)
	}
}

func TestServicesAreToldApart(t *testing.T) {
	t.Parallel()
	l := mustNew(t, Limits{Principal: Policy{1, time.Minute}})
	tenant := uuid.New()
	for _, subject := range []string{"billing", "mailer"} {
		if got := l.Take(&authn.Principal{TenantID: tenant, Subject: subject}, noon); got.Exceeded != "" {
			t.Errorf("%s: got %+v", subject, got)
		}
	}
	if got := l.Take(&authn.Principal{TenantID: tenant, Subject: "mailer"}, noon); got.Exceeded == "" {
		t.Error("a service is not limited")
	}
}

func TestNoLimits(t *testing.T) {
	t.Parallel()
	l := mustNew(t, Limits{})
	if got := l.Take(user(uuid.New()), noon); got != (Verdict{}) || l.Policies() != "" {
		t.Errorf("got %+v and policies %q, want nothing", got, l.Policies())
	}
	if _, err := New(Limits{Tenant: Policy{Quota: 0, Window: time.Second}}); err == nil {
		t.Error("a quota of 0 is taken")
	}
}

func TestMemoryIsBounded(t *testing.T) {
	t.Parallel()
	l := mustNew(t, Limits{Principal: Policy{1, time.Minute}, Tenant: Policy{1, time.Minute}})
	for range 3 * shards * perShard {
		l.Take(user(uuid.New()), noon)
	}
	if n, m := l.principal.size(), l.tenant.size(); n > shards*perShard || m > shards*perShard {
		t.Errorf("got %d and %d buckets, want %d at most", n, m, shards*perShard)
	}
}

// TestTokensOfACallerShareTheQuota takes turns with three tokens of one user, at two limiters that see the same tokens.
func TestTokensOfACallerShareTheQuota(t *testing.T) {
	t.Parallel()
	tenant, person := uuid.New(), uuid.New()
	tokens := verified(t, tenant, person, 3)
	limits := Limits{Principal: Policy{30, time.Hour}, Tenant: Policy{50, time.Hour}}
	limiters := []*Limiter{mustNew(t, limits), mustNew(t, limits)}
	passed := make([]int, len(limiters))
	for n := range 120 { // over a minute: buckets are looked up anew, and used without that
		for i, l := range limiters {
			if l.Take(tokens[n%len(tokens)], noon.Add(time.Duration(n)*400*time.Millisecond)).Exceeded == "" {
				passed[i]++
			}
		}
	}
	for i, l := range limiters {
		if passed[i] != 30 {
			t.Errorf("%d requests passed, want 30", passed[i])
		}
		for range 20 {
			if v := l.Take(user(tenant), noon.Add(time.Minute)); v.Exceeded != "" {
				t.Fatalf("another of the tenant: got %+v", v)
			}
		}
		if v := l.Take(user(tenant), noon.Add(time.Minute)); v.Exceeded != "tenant" {
			t.Errorf("after 50 of the tenant: got %+v", v)
		}
	}
}

// verified are the principals of that many tokens of a user.
func verified(t testing.TB, tenant, person uuid.UUID, tokens int) []*authn.Principal {
	t.Helper()
	listener, url, err := devissuer.Listen("127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	issuer, err := devissuer.New(devissuer.Options{IssuerURL: url})
	if err != nil {
		t.Fatal(err)
	}
	server := &http.Server{Handler: issuer, ReadHeaderTimeout: time.Minute}
	go func() { _ = server.Serve(listener) }() // ends with the test
	t.Cleanup(func() { _ = server.Close() })
	verifier, err := authn.New(authn.Config{Issuers: []string{url}})
	if err != nil {
		t.Fatal(err)
	}
	var out []*authn.Principal
	for n := range tokens {
		token, err := issuer.Token(devissuer.TokenRequest{TenantID: tenant, UserID: person, Claims: map[string]any{"n": n}})
		if err != nil {
			t.Fatal(err)
		}
		p, err := verifier.Verify(t.Context(), token)
		if err != nil {
			t.Fatal(err)
		}
		if p.Memo() == nil {
			t.Fatal("the token keeps nothing")
		}
		out = append(out, p)
	}
	return out
}

// TestThoseWhoAskAreKept has one caller go on while so many others come that a shard forgets whom it has not seen for long.
func TestThoseWhoAskAreKept(t *testing.T) {
	t.Parallel()
	l := mustNew(t, Limits{Principal: Policy{1, 24 * time.Hour}})
	tokens := verified(t, uuid.New(), uuid.New(), 2)
	busy, gone := tokens[0], user(uuid.New())
	l.Take(gone, noon)
	for n := range 8 * shards * perShard {
		now := noon.Add(time.Duration(n) * time.Millisecond)
		if verdict := l.Take(busy, now); (verdict.Exceeded == "") != (n == 0) {
			t.Fatalf("request %d: got %+v, want the first to pass and no other", n, verdict)
		}
		l.Take(user(uuid.New()), now)
	}
	if verdict := l.Take(tokens[1], noon); verdict.Exceeded == "" {
		t.Errorf("another token of the one who goes on: got %+v, want the same bucket", verdict)
	}
	if verdict := l.Take(gone, noon); verdict.Exceeded != "" {
		t.Errorf("forgotten: got %+v, want a full bucket", verdict)
	}
}

// TestConcurrentCallersGetTheQuota would fail if a token were given twice, or lost.
func TestConcurrentCallersGetTheQuota(t *testing.T) {
	t.Parallel()
	l := mustNew(t, Limits{Principal: Policy{500, time.Hour}})
	p := user(uuid.New())
	var passed atomic.Int64
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			for range 200 {
				if l.Take(p, noon).Exceeded == "" {
					passed.Add(1)
				}
			}
		})
	}
	wg.Wait()
	if passed.Load() != 500 {
		t.Errorf("%d requests passed, want 500", passed.Load())
	}
}

func TestTakeIsCheap(t *testing.T) {
	l := mustNew(t, Limits{Principal: Policy{1000, time.Second}, Tenant: Policy{1000, time.Second}})
	p := user(uuid.New())
	l.Take(p, noon)
	if n := testing.AllocsPerRun(100, func() { l.Take(p, noon) }); n > 1 {
		t.Errorf("got %.0f allocations, want the header's only", n)
	}
}

func BenchmarkTake(b *testing.B) {
	l := mustNew(b, Limits{Principal: Policy{1000, time.Second}, Tenant: Policy{1000, time.Second}})
	tenant := uuid.New()
	b.ReportAllocs()
	b.RunParallel(func(pb *testing.PB) {
		p := user(tenant)
		for pb.Next() {
			l.Take(p, time.Now())
		}
	})
}
