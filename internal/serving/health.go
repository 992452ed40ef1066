package serving

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"sync"
	"time"

	"github.com/lockstep-dev/lockstep/internal/migrate"
	"github.com/lockstep-dev/lockstep/internal/pg"
	"github.com/lockstep-dev/lockstep/internal/requestlog"
)

const (
	// readyTimeout bounds one readiness check: a probe must answer before Kubernetes gives up on it.
	readyTimeout = 2 * time.Second
	// readyAge is how old an answer may be. Probes need no token: however many come, the database is asked once a second.
	readyAge = time.Second
)

// health answers the probes. Liveness never asks the database: a server that cannot reach it must not be restarted.
type health struct {
	db       *pg.DB
	revision string // newest migration that this binary embeds
	draining func() bool
	logger   *slog.Logger

	mu      sync.Mutex
	last    *readiness
	decided finding // the last that was found
	// told is the kind of failure that was last logged; empty: there is none.
	told string
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
	reason   string // why requests cannot be served, and what to do; empty: they can
	kind     string // the same as a stable word
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

// The kinds of not being ready that are not a pg.Cause.
const (
	kindDraining      = "draining"
	kindUnknown       = "not_asked_yet"
	kindOlderRevision = "revision_missing"
	kindHalfApplied   = "revision_incomplete"
)

func newHealth(db *pg.DB, revision string, draining func() bool, logger *slog.Logger) *health {
	return &health{db: db, revision: revision, draining: draining, logger: logger, decided: finding{reason: "the database has not been asked yet", kind: kindUnknown}}
}

// live answers 200 as long as the process serves HTTP.
func (h *health) live(w http.ResponseWriter, _ *http.Request) {
	writeStatus(w, http.StatusOK, map[string]string{"status": "live"})
}

// ready answers 200 when requests can be served: not shutting down, the database reachable and writable, and the revision
// this binary embeds completely applied. Otherwise 503 with the reason, and its kind, which
// programs read and the line of the request has as its cause.
func (h *health) ready(w http.ResponseWriter, r *http.Request) {
	if found := h.notReady(r.Context()); found.reason != "" {
		requestlog.From(r.Context()).Cause = found.kind
		writeStatus(w, http.StatusServiceUnavailable, map[string]string{"status": "not ready", "kind": found.kind, "reason": found.reason})
		return
	}
	writeStatus(w, http.StatusOK, map[string]string{"status": "ready", "revision": h.revision})
}

func (h *health) notReady(ctx context.Context) finding {
	if h.draining() {
		return finding{reason: "shutting down", kind: kindDraining}
	}
	return h.find(ctx)
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
		return finding{reason: "the database has not answered yet", kind: string(pg.CauseTimeout)}
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

// What a server is not ready with whose database takes no writes, or shows it too little.
var (
	errReadOnly   = errors.New("the database is read-only")
	errNotGranted = errors.New("the role may not read every table of the schema core")
)

// ask asks the database.
func (h *health) ask(ctx context.Context) finding {
	var standing migrate.Standing
	err := h.db.Unscoped(ctx, func(q pg.Querier) error {
		if err := usable(ctx, q); err != nil {
			return err
		}
		var err error
		standing, err = migrate.Stand(ctx, q, h.revision)
		return err
	})
	if errors.Is(err, errReadOnly) {
		// The address may lead to another server by now, which only new connections find.
		h.db.Replace()
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	if works := h.works(); !works || !errors.Is(err, pg.ErrBusy) && !errors.Is(err, context.DeadlineExceeded) {
		h.decided = h.judge(standing, err)
	}
	h.tell(ctx, err)
	return h.decided
}

const usableSQL = `SELECT current_setting('transaction_read_only') = 'on',
  coalesce(has_schema_privilege(to_regnamespace('core'), 'usage'), true)
  AND coalesce((SELECT bool_and(has_table_privilege(oid, 'select')) FROM pg_class WHERE relnamespace = to_regnamespace('core') AND relkind IN ('r', 'p')), true)`

// usable returns errReadOnly for a standby, and for a server or database that is switched to read-only; errNotGranted where
// grants are missing, as after a restore without them.
func usable(ctx context.Context, q pg.Querier) error {
	rows, err := q.Query(ctx, usableSQL)
	if err != nil {
		return err
	}
	defer rows.Close()
	readOnly, granted := false, true
	for rows.Next() {
		if err := rows.Scan(&readOnly, &granted); err != nil {
			return err
		}
	}
	switch {
	case rows.Err() != nil:
		return rows.Err()
	case readOnly:
		return errReadOnly
	case !granted:
		return errNotGranted
	}
	return nil
}

// tell logs once per change why the server is not ready, and that it is again.
func (h *health) tell(ctx context.Context, err error) {
	if h.decided.kind == h.told {
		return
	}
	h.told = h.decided.kind
	if h.told == "" {
		h.logger.InfoContext(ctx, "ready", "revision", h.decided.revision)
		return
	}
	attrs := []any{"kind", h.decided.kind, "reason", h.decided.reason}
	if err != nil {
		attrs = append(attrs, "error", err)
	}
	if _, state := pg.CauseOf(err); state != "" {
		attrs = append(attrs, "sqlstate", state)
	}
	h.logger.WarnContext(ctx, "not ready", attrs...)
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
func (h *health) judge(standing migrate.Standing, err error) finding {
	found := finding{revision: standing.Applied}
	switch {
	case errors.Is(err, errReadOnly):
		found.kind = string(pg.CauseReadOnly)
	case errors.Is(err, errNotGranted):
		found.kind = string(pg.CausePermission)
	case err != nil:
		cause, _ := pg.CauseOf(err)
		found.kind = string(cause)
	case standing.Newest == "":
		found.kind, found.reason = string(pg.CauseNotMigrated), "the database holds no revision: run `server migrate up`"
	case !standing.Holds:
		found.kind = kindOlderRevision
		found.reason = fmt.Sprintf("the database is at revision %s and this server needs %s: run this release's `server migrate up`", standing.Newest, h.revision)
	case !standing.Complete:
		found.kind, found.reason = kindHalfApplied, fmt.Sprintf("revision %s is not completely applied: see `server migrate status`", h.revision)
	}
	if err != nil {
		found.reason = cmp.Or(remedies[pg.Cause(found.kind)], "the database cannot be asked for its revision: the log says why")
	}
	return found
}

// remedies say of each cause what it means for readiness, and what to do. Nothing of them is secret: probes need no token.
var remedies = map[pg.Cause]string{
	pg.CauseUnreachable:    "the database cannot be reached: is it up, and is its address right?",
	pg.CauseConnectionLost: "the connection to the database broke",
	pg.CauseStarting:       "the database is starting or shutting down",
	pg.CauseLoginRefused:   "the database refuses the login: check role and password of LOCKSTEP_DATABASE_URL, and pg_hba.conf",
	pg.CauseNoDatabase:     "the server has no database of the name in LOCKSTEP_DATABASE_URL",
	pg.CauseTooManyConns:   "the database takes no more connections: raise max_connections or the role's CONNECTION LIMIT, or lower LOCKSTEP_DATABASE_MAX_CONNS",
	pg.CauseReadOnly:       "the database is read-only: a standby, or switched to read-only",
	pg.CauseDiskFull:       "the database's disk is full",
	pg.CauseOutOfResources: "the database is out of resources: its log says of which",
	pg.CausePermission:     "the role may not read the revision, or a table: run this release's `server migrate up`, which grants it, or grant what a restore has left out",
	pg.CauseNotMigrated:    "the database is not migrated: run `server migrate up`",
	pg.CauseUnsafeRole:     "the role bypasses row-level security: connect as core_app",
	pg.CauseBusy:           "all connections to the database are in use",
	pg.CauseTimeout:        "the database does not answer in time",
}

func writeStatus(w http.ResponseWriter, status int, body map[string]string) {
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(body)
}
