package pg_test

import (
	"context"
	"io"
	"log/slog"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/lockstep-dev/lockstep/internal/pg"
	"github.com/lockstep-dev/lockstep/internal/pgproxy"
)

// ear is a running listener on the channel "news" and what it has heard.
type ear struct {
	*pg.Listener
	mu        sync.Mutex
	heard     []string
	connected int
}

// listen runs a listener until the test ends and returns once it is healthy.
func listen(t *testing.T, url string) *ear {
	t.Helper()
	e := newEar(t, url, t.Output())
	eventually(t, "the listener is healthy", e.Healthy)
	return e
}

// newEar is listen without waiting.
func newEar(t *testing.T, url string, log io.Writer) *ear {
	t.Helper()
	e := &ear{}
	l, err := pg.NewListener(pg.ListenerConfig{
		URL: url, Channel: "news", Logger: slog.New(slog.NewTextHandler(log, nil)),
		Heard:     func(payload string) { e.mu.Lock(); defer e.mu.Unlock(); e.heard = append(e.heard, payload) },
		Connected: func() { e.mu.Lock(); defer e.mu.Unlock(); e.connected++ },
	})
	if err != nil {
		t.Fatal(err)
	}
	e.Listener = l
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan struct{})
	go func() { defer close(done); l.Run(ctx) }()
	t.Cleanup(func() { cancel(); <-done })
	return e
}

func (e *ear) has(payloads ...string) func() bool {
	return func() bool {
		e.mu.Lock()
		defer e.mu.Unlock()
		for _, p := range payloads {
			if !slices.Contains(e.heard, p) {
				return false
			}
		}
		return true
	}
}

func (e *ear) connections() int {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.connected
}

// patience is how long a test waits for what must happen, however slow the machine.
const patience = 3 * time.Minute

// eventually fails the test unless what is said becomes true.
func eventually(t *testing.T, what string, is func() bool) {
	t.Helper()
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	timeout := time.After(patience)
	for !is() {
		select {
		case <-tick.C:
		case <-timeout:
			t.Fatalf("waited in vain until %s", what)
		}
	}
}

// TestNotificationsBelongToTheirTransaction sends one in each way; the last one, which is heard last, tells that those
// before were never sent.
func TestNotificationsBelongToTheirTransaction(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	e := listen(t, w.appURL)
	saying := func(payload string) context.Context {
		return pg.WithNotification(w.as(t, w.a), pg.Notification{Channel: "news", Payload: payload})
	}
	insert := func(name string) []any { return []any{w.a, uuid.New(), name} }

	tx := begin(t, w.as(t, w.a), w.driver)
	mustExec(t, saying("rolled back"), tx, insertThing, insert("one")...)
	if err := tx.Rollback(); err != nil {
		t.Fatal(err)
	}
	tx = begin(t, w.as(t, w.a), w.driver)
	mustExec(t, saying("failed"), tx, insertThing, insert("one")...)
	wantError(t, tx.Exec(w.as(t, w.a), "selec 1", []any{}, nil))
	wantError(t, tx.Commit())
	wantError(t, w.driver.Exec(saying("refused"), insertThing, insert("same"), nil))

	tx = begin(t, w.as(t, w.a), w.driver)
	mustExec(t, saying("first"), tx, insertThing, insert("one")...)
	mustExec(t, saying("second"), tx, insertThing, insert("two")...)
	mustExec(t, saying("second"), tx, "delete from core.things where name = 'two'")
	if n := count(t, w.as(t, w.a), w.driver, "name = 'one'"); n != 0 {
		t.Errorf("before the commit: got %d rows, want 0", n)
	}
	if err := tx.Commit(); err != nil {
		t.Fatal(err)
	}
	mustExec(t, saying("single"), w.driver, insertThing, insert("three")...)
	if err := w.db.Pipelined(saying("pipelined"), func(ctx context.Context) error {
		_, err := tryCount(ctx, w.driver, "true")
		return err
	}); err != nil {
		t.Fatal(err)
	}
	eventually(t, "the last one is heard", e.has("pipelined"))
	e.mu.Lock()
	defer e.mu.Unlock()
	if want := []string{"first", "second", "single", "pipelined"}; !slices.Equal(e.heard, want) {
		t.Errorf("got %q, want %q", e.heard, want)
	}
}

func TestNotificationsCostNoRoundTrip(t *testing.T) {
	t.Parallel()
	w, wire := overWire(t)
	ctx := pg.WithNotification(w.as(t, w.a), pg.Notification{Channel: "news", Payload: "x"})
	if n := wire.Counted(func() { count(t, ctx, w.driver, "true") }); n != 1 {
		t.Errorf("a statement: got %d round trips, want 1", n)
	}
	if n := wire.Counted(func() {
		tx := begin(t, ctx, w.driver)
		count(t, ctx, tx, "true")
		if err := tx.Commit(); err != nil {
			t.Fatal(err)
		}
	}); n != 2 {
		t.Errorf("a transaction of one: got %d round trips, want 2", n)
	}
}

func TestAListenerThatIsCutOffListensAgain(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	e := listen(t, w.appURL)
	mustOwner(t, w.owner, "notify news, 'before'")
	eventually(t, "the first is heard", e.has("before"))
	if _, err := w.db.Pool().Exec(t.Context(), `select pg_terminate_backend(pid) from pg_stat_activity
		where datname = current_database() and application_name = 'lockstep-listener'`); err != nil {
		t.Fatal(err)
	}
	eventually(t, "it has connected again", func() bool { return e.connections() >= 2 && e.Healthy() })
	eventually(t, "the next is heard", func() bool {
		mustOwner(t, w.owner, "notify news, 'after'") // again and again: on a slow machine the connection may be given up once more
		return e.has("after")()
	})
}

// TestAListenerThatHangsIsNotHealthy swallows all bytes: nothing tells the client that its connection leads nowhere.
func TestAListenerThatHangsIsNotHealthy(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	wire := pgproxy.New(t, w.appURL)
	e := listen(t, wire.URL)
	wire.Hang()
	hung := time.Now()
	mustOwner(t, w.owner, "notify news, 'lost'")
	eventually(t, "it is not healthy", func() bool {
		// Whenever it is asked: a busy machine asks late, which proves less and not something else.
		since := time.Since(hung)
		healthy := e.Healthy()
		if healthy && since > 1500*time.Millisecond {
			t.Fatalf("healthy %s after the last answer, want not after 1.5 s", since)
		}
		return !healthy
	})
	wire.Resume()
	eventually(t, "it has connected again", func() bool { return e.connections() >= 2 && e.Healthy() })
	eventually(t, "the next is heard", func() bool {
		mustOwner(t, w.owner, "notify news, 'after'") // again and again: on a slow machine the connection may be given up once more
		return e.has("after")()
	})
	if e.has("lost")() {
		t.Error("the lost one was heard: the test proves nothing")
	}
}

func TestListenerConfig(t *testing.T) {
	t.Parallel()
	good := pg.ListenerConfig{URL: "postgres://h/d", Channel: "news", Heard: func(string) {}, Connected: func() {}, Logger: slog.New(slog.DiscardHandler)}
	noChannel, badURL := good, good
	noChannel.Channel, badURL.URL = "", "postgres://%zz"
	for name, c := range map[string]pg.ListenerConfig{"no channel": noChannel, "a malformed URL": badURL} {
		if _, err := pg.NewListener(c); err == nil {
			t.Errorf("%s: got no error, want one", name)
		}
	}
	if _, err := pg.NewListener(good); err != nil {
		t.Errorf("got %v, want nil", err)
	}
	if l, _ := pg.NewListener(good); l.Healthy() {
		t.Error("healthy before it has run")
	}
}
