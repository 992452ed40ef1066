package api

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"sync"
	"time"

	"github.com/lockstep-dev/lockstep/internal/migrate"
	"github.com/lockstep-dev/lockstep/internal/postgres"
)

const (
	// readyTimeout bounds one readiness check: a probe must answer before Kubernetes gives up on it.
	readyTimeout = 2 * time.Second
	// readyAge is how old an answer may be. Probes need no token: however many come, the database is asked once a second.
	readyAge = time.Second
)

// health answers the probes. Liveness never asks the database: a server that cannot reach it must not be restarted.
type health struct {
	db       *postgres.DB
	revision string // newest migration that this binary embeds
	draining func() bool

	mu      sync.Mutex
	last    *readiness
	decided finding // the last that was found
	// answered is the pool's count at the last check.
	answered int64
}

// readiness is one check, which all who ask meanwhile wait for.
type readiness struct {
	asked time.Time
	done  chan struct{} // closed when found is set
	found finding
}

// finding is what the database was found to be.
type finding struct {
	reason   string // why requests cannot be served; empty: they can
	revision string // newest migration that is completely applied; empty where it could not be read
}

// State is what readiness is made of.
type State struct {
	// Ready says that requests can be served.
	Ready bool
	// Draining says that the process is about to stop.
	Draining bool
	// Revision is the newest schema revision that the database has completely, and empty when it could not be read.
	Revision string
}

func newHealth(db *postgres.DB, revision string, draining func() bool) *health {
	return &health{db: db, revision: revision, draining: draining, decided: finding{reason: "the database has not been asked yet"}}
}

// live answers 200 as long as the process serves HTTP.
func (h *health) live(w http.ResponseWriter, _ *http.Request) {
	writeStatus(w, http.StatusOK, map[string]string{"status": "live"})
}

// ready answers 200 when requests can be served: not shutting down, the database reachable, and the revision this binary
// embeds completely applied. Otherwise 503 with the reason.
func (h *health) ready(w http.ResponseWriter, r *http.Request) {
	if reason := h.notReady(r.Context()); reason != "" {
		writeStatus(w, http.StatusServiceUnavailable, map[string]string{"status": "not ready", "reason": reason})
		return
	}
	writeStatus(w, http.StatusOK, map[string]string{"status": "ready", "revision": h.revision})
}

func (h *health) notReady(ctx context.Context) string {
	if h.draining() {
		return "shutting down"
	}
	return h.find(ctx).reason
}

// state is what ready answers by, for those who want more than its yes or no.
func (h *health) state(ctx context.Context) State {
	found, draining := h.find(ctx), h.draining()
	return State{Ready: found.reason == "" && !draining, Draining: draining, Revision: found.revision}
}

func (h *health) find(ctx context.Context) finding {
	check := h.check(ctx)
	select {
	case <-check.done:
		return check.found
	case <-ctx.Done():
		return finding{reason: "the database has not answered yet"}
	}
}

// check returns the running check or a recent one, or begins one.
func (h *health) check(ctx context.Context) *readiness {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.last != nil && time.Since(h.last.asked) < readyAge {
		return h.last
	}
	if h.last != nil {
		select {
		case <-h.last.done:
		default:
			return h.last // it takes long, and a second one would not be faster
		}
	}
	check := &readiness{asked: time.Now(), done: make(chan struct{})}
	h.last = check
	go func() {
		defer close(check.done)
		// Others wait for it as well: it does not end with the probe that began it.
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), readyTimeout)
		defer cancel()
		check.found = h.ask(ctx)
	}()
	return check
}

// ask asks the database.
func (h *health) ask(ctx context.Context) finding {
	var standing migrate.Standing
	err := h.db.Unscoped(ctx, func(q postgres.Querier) (err error) {
		standing, err = migrate.Stand(ctx, q, h.revision)
		return err
	})
	h.mu.Lock()
	defer h.mu.Unlock()
	if works := h.works(); !works || !errors.Is(err, postgres.ErrBusy) && !errors.Is(err, context.DeadlineExceeded) {
		h.decided = finding{h.judge(standing, err), standing.Applied}
	}
	return h.decided
}

// works reports whether the database is merely busy when it has no time for a probe: it has answered somebody since the
// last one, or all connections run statements, which end with their requests. What does not fit is refused meanwhile. Were
// the server taken out of service for that, its load would go to the others and take them out as well. A database that has
// died keeps no connection, so that this holds for no longer than a request may take.
func (h *health) works() bool {
	stats := h.db.Stats()
	answered := stats.Answered > h.answered
	h.answered = stats.Answered
	return answered || stats.InUse == stats.Max
}

// judge decides by the revision this binary embeds, not by the newest: the next release's migrations are made so that this
// one runs on them (docs/decisions/0003-migrations.md), and it has to while they roll out.
func (h *health) judge(standing migrate.Standing, err error) string {
	switch {
	case err != nil:
		return "the database cannot be asked for its revision: is it up, and migrated by `server migrate up`?"
	case standing.Newest == "":
		return "the database holds no revision: run `server migrate up`"
	case !standing.Holds:
		return fmt.Sprintf("the database is at revision %s and this server needs %s: run this release's `server migrate up`", standing.Newest, h.revision)
	case !standing.Complete:
		return fmt.Sprintf("revision %s is not completely applied: see `server migrate status`", h.revision)
	}
	return ""
}

func writeStatus(w http.ResponseWriter, status int, body map[string]string) {
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(body)
}
