package main

import (
	"bytes"
	"context"
	"fmt"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/lockstep-dev/lockstep/internal/config"
	"github.com/lockstep-dev/lockstep/internal/dbtest"
	"github.com/lockstep-dev/lockstep/internal/devdb"
	"github.com/lockstep-dev/lockstep/internal/migrate"
	"github.com/lockstep-dev/lockstep/migrations"
)

// durable is a Postgres that keeps what it has committed, unlike the one other tests share.
type durable struct {
	*devdb.Cluster
	dir  string
	port int
}

func (d *durable) start(t *testing.T) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 3*time.Minute)
	defer cancel()
	var log bytes.Buffer
	var err error
	if d.Cluster, err = devdb.Start(ctx, devdb.Options{Dir: d.dir, Port: d.port, Log: &log}); err != nil {
		t.Fatalf("start Postgres: %v\n%s", err, log.Bytes())
	}
	d.port = d.Port()
}

// postmaster returns Postgres' first process, the parent of all others.
func (d *durable) postmaster(t *testing.T) int {
	t.Helper()
	pid, err := devdb.Postmaster(d.dir)
	if err != nil {
		t.Fatal(err)
	}
	return pid
}

// crash ends Postgres without letting it write anything out: immediate shutdown (pg_ctl -m immediate).
func (d *durable) crash(t *testing.T) {
	t.Helper()
	if err := syscall.Kill(d.postmaster(t), syscall.SIGQUIT); err != nil {
		t.Fatal(err)
	}
	<-d.Done()
	_ = d.Stop() // gives the folder free; that it had ended is no news
}

// newDurableWorld returns a world in a database on a Postgres of its own.
func newDurableWorld(t *testing.T) (*world, *durable) {
	t.Helper()
	d := &durable{dir: t.TempDir()}
	d.start(t)
	t.Cleanup(func() { _ = d.Stop() })
	if err := d.CreateDatabase(t.Context(), "app"); err != nil {
		t.Fatal(err)
	}
	database := dbtest.Database{OwnerURL: d.OwnerURL("app"), AppURL: d.AppURL("app")}
	if _, err := migrate.Up(t.Context(), migrate.Options{Dir: migrations.FS, URL: database.OwnerURL}); err != nil {
		t.Fatal(err)
	}
	return newWorld(t, database), d
}

// writer creates users, each until it is acknowledged: a failed request is repeated with the same key.
type writer struct {
	server *server
	token  string

	acknowledged sync.Map // email → id
	created      atomic.Int64
	refused      atomic.Int64 // answers with 503
	late         atomic.Int64 // answers with 504
}

// write creates one user. It returns an error for any answer but 201, a proper 503 and 504.
func (w *writer) write(ctx context.Context, email string) error {
	for {
		a := w.server.do(ctx, "POST", "/v1/users", w.token, fmt.Sprintf(`{"email":%q,"displayName":"Written"}`, email), "Idempotency-Key", "key-"+email)
		switch {
		case a.status == 201:
			w.acknowledged.Store(email, a.body["id"])
			w.created.Add(1)
			return nil
		case a.status == 503 && a.code() == "unavailable" && a.header.Get("Retry-After") == "1":
			w.refused.Add(1)
		case a.status == 504 && a.code() == "timeout":
			w.late.Add(1)
		case ctx.Err() != nil:
			return ctx.Err()
		default:
			return fmt.Errorf("%s: got %v", email, a)
		}
		time.Sleep(5 * time.Millisecond) // sooner than asked for, to be a nuisance
	}
}

// TestPostgresStopsUnderLoad stops Postgres twice while users are written, once at once and once in order. Whatever was
// acknowledged is there, once, and nobody waited for a timeout.
func TestPostgresStopsUnderLoad(t *testing.T) {
	t.Parallel()
	world, postgres := newDurableWorld(t)
	s := world.start(t, config.Environment{"LOCKSTEP_RATE_LIMIT_PRINCIPAL": "none", "LOCKSTEP_RATE_LIMIT_TENANT": "none", "LOCKSTEP_DATABASE_MAX_CONNS": "5"})
	s.ready(t)

	w := &writer{server: s, token: world.acme.token}
	progress, stop := w.load(t)
	for name, end := range map[string]func(){
		"immediate": func() { postgres.crash(t) },
		"fast":      func() { _ = postgres.Stop() },
	} {
		progress(name+": users are written", &w.created, 50)
		end()
		progress(name+": requests are refused", &w.refused, 20)
		eventually(t, name+": not ready", func() bool { return s.do(t.Context(), "GET", "/readyz", "", "").status == 503 })
		if a := s.do(t.Context(), "GET", "/livez", "", ""); a.status != 200 {
			t.Errorf("%s: got %v, want live without a database", name, a)
		}
		postgres.start(t)
		s.ready(t)
	}
	progress("users are written again", &w.created, 50)
	stop()
	world.connect(t)
	w.count(t, world)
	if late := w.late.Load(); late > 0 {
		t.Errorf("%d requests waited for their timeout", late)
	}
	t.Logf("%d users acknowledged, %d requests refused with 503", w.created.Load(), w.refused.Load())
}

// TestPostgresFreezesUnderLoad has Postgres hang, instead of hanging up, while users are written: a failover that is not
// clean. Requests are answered all the same, and when Postgres goes on the server does, with nothing lost or done twice.
func TestPostgresFreezesUnderLoad(t *testing.T) {
	t.Parallel()
	world, postgres := newDurableWorld(t)
	s := world.start(t, config.Environment{
		"LOCKSTEP_RATE_LIMIT_PRINCIPAL": "none", "LOCKSTEP_RATE_LIMIT_TENANT": "none", "LOCKSTEP_DATABASE_MAX_CONNS": "5",
		"LOCKSTEP_DATABASE_CONNECT_TIMEOUT": "1s", "LOCKSTEP_REQUEST_TIMEOUT": "2s",
	})
	s.ready(t)
	w := &writer{server: s, token: world.acme.token}
	progress, stop := w.load(t)
	progress("users are written", &w.created, 50)
	thaw, err := freeze(t.Context(), postgres.postmaster(t), world.owner)
	if thaw != nil {
		t.Cleanup(func() { _ = thaw() })
	}
	if err != nil {
		t.Fatal(err)
	}
	written := w.created.Load()
	progress("requests that were sent end with their timeout", &w.late, 1)
	progress("requests are refused", &w.refused, 20)
	eventually(t, "not ready", func() bool { return s.do(t.Context(), "GET", "/readyz", "", "").status == 503 })
	if a := s.do(t.Context(), "GET", "/livez", "", ""); a.status != 200 {
		t.Errorf("got %v, want live without a database", a)
	}
	if a := s.do(t.Context(), "GET", "/v1/users", world.acme.token, ""); a.status != 503 && a.status != 504 {
		t.Errorf("got %v for a read, want 503 or 504", a)
	}
	if now := w.created.Load(); now > written+writers {
		t.Errorf("%d users were written into a database that stands still", now-written)
	}
	if err := thaw(); err != nil {
		t.Fatal(err)
	}
	s.ready(t)
	progress("users are written again", &w.created, 50)
	stop()
	w.count(t, world)
	t.Logf("%d users acknowledged, %d requests refused with 503, %d with 504", w.created.Load(), w.refused.Load(), w.late.Load())
}

// writers is how many users are written at a time.
const writers = 8

// load writes users until stop is called. progress returns when a counter has grown by so much.
func (w *writer) load(t *testing.T) (progress func(what string, counter *atomic.Int64, by int64), stop func()) {
	t.Helper()
	ended := make(chan struct{})
	mistakes := make(chan error, writers)
	for n := range writers {
		go func() {
			for i := 0; ; i++ {
				if err := w.write(t.Context(), fmt.Sprintf("writer%d-%d@example.com", n, i)); err != nil {
					mistakes <- err
					return
				}
				select {
				case <-ended:
					mistakes <- nil
					return
				default:
				}
			}
		}()
	}
	progress = func(what string, counter *atomic.Int64, by int64) {
		t.Helper()
		from := counter.Load()
		eventually(t, what, func() bool {
			if len(mistakes) > 0 {
				t.Fatal(<-mistakes)
			}
			return counter.Load() >= from+by
		})
	}
	return progress, func() {
		t.Helper()
		close(ended)
		for range writers {
			if err := <-mistakes; err != nil {
				t.Error(err)
			}
		}
	}
}

// count compares what was acknowledged with what is in the table.
func (w *writer) count(t *testing.T, world *world) {
	t.Helper()
	rows, err := world.owner.Query(t.Context(), `SELECT email, id::text FROM core.users WHERE email LIKE 'writer%'`)
	if err != nil {
		t.Fatal(err)
	}
	found := map[string]string{}
	for rows.Next() {
		var email, id string
		if err := rows.Scan(&email, &id); err != nil {
			t.Fatal(err)
		}
		if found[email] != "" {
			t.Errorf("%s is there twice", email)
		}
		found[email] = id
	}
	if err := rows.Err(); err != nil {
		t.Fatal(err)
	}
	w.acknowledged.Range(func(email, id any) bool {
		if found[email.(string)] != id {
			t.Errorf("%s was acknowledged as %v, and is %q", email, id, found[email.(string)])
		}
		return true
	})
	if int64(len(found)) != w.created.Load() {
		t.Errorf("got %d rows for %d acknowledged users", len(found), w.created.Load())
	}
}
