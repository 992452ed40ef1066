package stmtcache_test

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/google/uuid"

	"github.com/lockstep-dev/lockstep/internal/authn"
	"github.com/lockstep-dev/lockstep/internal/authz"
	"github.com/lockstep-dev/lockstep/internal/pg"
	"github.com/lockstep-dev/lockstep/internal/stmtcache"
)

// recorder counts what is recorded and keeps the principal it was recorded for. It sends nothing.
type recorder struct {
	recorded atomic.Int64
	mu       sync.Mutex
	as       []*authn.Principal
}

func (r *recorder) Record(ctx context.Context, read func(context.Context) error) (*pg.Recorded, error) {
	r.recorded.Add(1)
	p, _ := authn.From(ctx)
	r.mu.Lock()
	r.as = append(r.as, p)
	r.mu.Unlock()
	return &pg.Recorded{}, read(ctx)
}

func (r *recorder) Fetch(context.Context, *pg.Budget, func(context.Context) error) (pg.Result, error) {
	return pg.Result{}, errors.New("nothing is sent here")
}

func (r *recorder) Send(context.Context, pg.Ids, *pg.Budget, ...*pg.Recorded) ([]pg.Result, error) {
	return nil, errors.New("nothing is sent here")
}

var rule = authz.Rule{Permission: "users:read", Self: []string{"id"}}

// caller is a user with the permissions.
func caller(ctx context.Context, permissions ...string) context.Context {
	return authn.With(ctx, &authn.Principal{TenantID: uuid.New(), UserID: uuid.New(), Permissions: permissions})
}

func TestAReadIsWrittenOncePerReach(t *testing.T) {
	t.Parallel()
	db := &recorder{}
	var filtered atomic.Int64
	read := &stmtcache.Read{Rule: rule, Write: func(_ context.Context, reach stmtcache.Reaches) error {
		if reach.Rows != nil {
			filtered.Add(1)
		}
		return nil
	}}
	all, err := read.Statement(caller(t.Context(), "users:read"), db)
	if err != nil {
		t.Fatal(err)
	}
	own, err := read.Statement(caller(t.Context()), db)
	if err != nil {
		t.Fatal(err)
	}
	if all == own || filtered.Load() != 1 {
		t.Errorf("got %d reads with a condition and equal %t, want one of the two", filtered.Load(), all == own)
	}
	var wg sync.WaitGroup
	for range 50 {
		wg.Go(func() {
			for permission, want := range map[string]*pg.Recorded{"users:read": all, authn.Every: all, "roles:read": own} {
				if got, err := read.Statement(caller(t.Context(), permission), db); got != want || err != nil {
					t.Errorf("with %s: got another statement, or %v", permission, err)
				}
			}
		})
	}
	wg.Wait()
	if n := db.recorded.Load(); n != 2 {
		t.Errorf("got %d recorded, want 2", n)
	}
	for _, p := range db.as {
		if p.TenantID != pg.AnyTenant || p.UserID != pg.AnyUser {
			t.Errorf("recorded as %v, want as nobody in particular", p)
		}
	}
}

func TestAReadNobodyMayHaveIsNotWritten(t *testing.T) {
	t.Parallel()
	db := &recorder{}
	read := &stmtcache.Read{Rule: authz.Rule{Permission: "users:read"}, Write: func(context.Context, stmtcache.Reaches) error { return nil }}
	var refused *authn.PermissionError
	if _, err := read.Statement(caller(t.Context(), "roles:read"), db); !errors.As(err, &refused) {
		t.Errorf("got %v, want a PermissionError", err)
	}
	if s, err := read.Optional(caller(t.Context(), "roles:read"), db); s != nil || err != nil {
		t.Errorf("optional: got %v and %v, want nothing", s, err)
	}
	if n := db.recorded.Load(); n != 0 {
		t.Errorf("got %d recorded, want 0", n)
	}
}

func TestPagesAreWrittenPerSize(t *testing.T) {
	t.Parallel()
	db := &recorder{}
	var limits []int
	pages := &stmtcache.Pages{Rule: rule, Write: func(_ context.Context, _ *authz.Reach, limit int) error {
		limits = append(limits, limit)
		return nil
	}}
	for _, limit := range []int{10, 20, 10} {
		if _, err := pages.Of(limit).Statement(caller(t.Context(), "users:read"), db); err != nil {
			t.Fatal(err)
		}
	}
	if len(limits) != 2 || limits[0] != 10 || limits[1] != 20 {
		t.Errorf("got pages of %v written, want 10 and 20", limits)
	}
}
