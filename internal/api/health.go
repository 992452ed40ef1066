package api

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"time"

	"github.com/lockstep-dev/lockstep/internal/migrate"
	"github.com/lockstep-dev/lockstep/internal/postgres"
)

// readyTimeout bounds one readiness check: a probe must answer before Kubernetes gives up on it.
const readyTimeout = 2 * time.Second

// health answers the probes. Liveness never asks the database: a server that cannot reach it must not be restarted.
type health struct {
	db       *postgres.DB
	revision string // newest migration that this binary embeds
	draining func() bool
}

// live answers 200 as long as the process serves HTTP.
func (h *health) live(w http.ResponseWriter, _ *http.Request) {
	writeStatus(w, http.StatusOK, map[string]string{"status": "live"})
}

// ready answers 200 when requests can be served: not shutting down, database reachable, and its schema at exactly the
// revision this binary embeds. Otherwise 503 with the reason.
func (h *health) ready(w http.ResponseWriter, r *http.Request) {
	ctx, cancel := context.WithTimeout(r.Context(), readyTimeout)
	defer cancel()
	if reason := h.notReady(ctx); reason != "" {
		writeStatus(w, http.StatusServiceUnavailable, map[string]string{"status": "not ready", "reason": reason})
		return
	}
	writeStatus(w, http.StatusOK, map[string]string{"status": "ready", "revision": h.revision})
}

func (h *health) notReady(ctx context.Context) string {
	if h.draining() {
		return "shutting down"
	}
	revision, complete, err := migrate.Current(ctx, h.db.Pool())
	switch {
	case err != nil:
		return "the database cannot be asked for its revision: is it up, and migrated by `server migrate up`?"
	case revision == "":
		return "the database holds no revision: run `server migrate up`"
	case revision != h.revision:
		return fmt.Sprintf("the database is at revision %s and this server needs %s: run `server migrate up` or `server migrate down` of the matching release", revision, h.revision)
	case !complete:
		return fmt.Sprintf("revision %s is not completely applied: see `server migrate status`", revision)
	}
	return ""
}

func writeStatus(w http.ResponseWriter, status int, body map[string]string) {
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(body)
}
