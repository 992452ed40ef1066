package permcache

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/uuid"
)

// source is a database that counts how often it is asked and answers when it is let to.
type source struct {
	asked  atomic.Int64
	answer func(ctx context.Context, k key, nth int64) ([]string, error)
}

func (s *source) read(ctx context.Context, k key) ([]string, error) {
	return s.answer(ctx, k, s.asked.Add(1))
}

// nth answers how often it was asked, so that an old answer can be told from a new one.
func nth(_ context.Context, _ key, n int64) ([]string, error) { return []string{fmt.Sprint(n)}, nil }

func newTestEntries(t *testing.T, size int, answer func(context.Context, key, int64) ([]string, error)) (*entries, *source) {
	t.Helper()
	s := &source{answer: answer}
	c, err := newEntries(size, s.read)
	if err != nil {
		t.Fatal(err)
	}
	return c, s
}

// got returns the answer, or "error".
func got(t *testing.T, c *entries, k key, age time.Duration) string {
	t.Helper()
	p, err := c.get(t.Context(), k, age)
	if err != nil {
		return "error"
	}
	return p[0]
}

func TestAnswersAreKeptUntilForgotten(t *testing.T) {
	t.Parallel()
	c, _ := newTestEntries(t, 10, nth)
	a, b, other := key{uuid.New(), uuid.New()}, key{}, key{uuid.New(), uuid.New()}
	b.tenant = a.tenant
	for _, k := range []key{a, b, other} {
		got(t, c, k, time.Hour)
	}
	for i, k := range []key{a, b, other} {
		if p := got(t, c, k, time.Hour); p != fmt.Sprint(i+1) {
			t.Errorf("kept answer %d: got %s", i+1, p)
		}
	}
	c.forget(a.tenant)
	for k, want := range map[key]string{other: "3"} {
		if p := got(t, c, k, time.Hour); p != want {
			t.Errorf("another tenant's: got %s, want %s", p, want)
		}
	}
	if p := got(t, c, a, time.Hour); p != "4" {
		t.Errorf("forgotten: got %s, want 4", p)
	}
	if p := got(t, c, b, time.Hour); p != "5" {
		t.Errorf("forgotten: got %s, want 5", p)
	}
	c.forgetAll()
	if p := got(t, c, other, time.Hour); p != "6" {
		t.Errorf("all forgotten: got %s, want 6", p)
	}
	if p := got(t, c, other, 0); p != "7" {
		t.Errorf("too old: got %s, want 7", p)
	}
}

func TestAnswersAreBounded(t *testing.T) {
	t.Parallel()
	c, _ := newTestEntries(t, 10, nth)
	tenant := uuid.New()
	for n := range 1000 {
		k := key{tenant, uuid.New()}
		if n%2 == 0 {
			k.tenant = uuid.New()
		}
		got(t, c, k, time.Hour)
	}
	if n := c.size(); n != 10 {
		t.Errorf("got %d answers, want 10", n)
	}
	keys := 0
	for _, users := range c.byTenant {
		keys += len(users)
	}
	if keys != 10 || len(c.byTenant) > 10 {
		t.Errorf("got %d keys of %d tenants, want 10 of at most 10", keys, len(c.byTenant))
	}
}

// TestOneReadingForAll has many ask while the first reading is under way, and whoever began it leave.
func TestOneReadingForAll(t *testing.T) {
	t.Parallel()
	begun, release := make(chan struct{}), make(chan struct{})
	c, s := newTestEntries(t, 10, func(ctx context.Context, k key, n int64) ([]string, error) {
		close(begun)
		<-release
		return []string{"1"}, ctx.Err()
	})
	k := key{uuid.New(), uuid.New()}
	impatient, leave := context.WithCancel(t.Context())
	left := make(chan error, 1)
	go func() { _, err := c.get(impatient, k, time.Hour); left <- err }()
	<-begun
	leave()
	if err := <-left; !errors.Is(err, context.Canceled) {
		t.Errorf("who leaves: got %v, want context.Canceled", err)
	}
	var wg sync.WaitGroup
	for range 100 {
		wg.Go(func() {
			if p := got(t, c, k, time.Hour); p != "1" {
				t.Errorf("who waits: got %s, want 1", p)
			}
		})
	}
	close(release)
	wg.Wait()
	if n := s.asked.Load(); n != 1 {
		t.Errorf("got %d readings, want 1", n)
	}
}

// TestAReadingThatIsOvertakenIsNotKept changes the grants while they are being read: who asks after the change must not
// get the answer from before it.
func TestAReadingThatIsOvertakenIsNotKept(t *testing.T) {
	t.Parallel()
	for name, forget := range map[string]func(*entries, key){
		"tenant": func(c *entries, k key) { c.forget(k.tenant) },
		"all":    func(c *entries, _ key) { c.forgetAll() },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			begun, release := make(chan struct{}), make(chan struct{})
			c, _ := newTestEntries(t, 10, func(_ context.Context, _ key, n int64) ([]string, error) {
				if n == 1 {
					close(begun)
					<-release
					return []string{"old"}, nil
				}
				return []string{"new"}, nil
			})
			k := key{uuid.New(), uuid.New()}
			early := make(chan string, 1)
			go func() { early <- got(t, c, k, time.Hour) }()
			<-begun
			forget(c, k)
			if p := got(t, c, k, time.Hour); p != "new" {
				t.Errorf("after the change: got %s, want new", p)
			}
			close(release)
			if p := <-early; p != "old" {
				t.Errorf("before the change: got %s, want old", p)
			}
			if p := got(t, c, k, time.Hour); p != "new" {
				t.Errorf("after the overtaken reading: got %s, want new", p)
			}
		})
	}
}

func TestFailuresAreNotKept(t *testing.T) {
	t.Parallel()
	c, s := newTestEntries(t, 10, func(_ context.Context, _ key, n int64) ([]string, error) {
		switch n {
		case 1:
			return nil, errors.New("no database")
		case 2:
			panic("a bug")
		}
		return []string{"good"}, nil
	})
	k := key{uuid.New(), uuid.New()}
	for i, want := range []string{"error", "error", "good", "good"} {
		if p := got(t, c, k, time.Hour); p != want {
			t.Errorf("asked for the %d. time: got %s, want %s", i+1, p, want)
		}
	}
	if n := s.asked.Load(); n != 3 {
		t.Errorf("got %d readings, want 3", n)
	}
}
