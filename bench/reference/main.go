// Command reference is what the production server is measured against: three of its operations, written by hand for speed
// on pgx and net/http. It verifies tokens, knows permissions and sets the tenant for row-level security like the server,
// and does nothing else: no request log, no deadline, no ETag, no rules.
package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/http/pprof"
	"os"
	"os/signal"
	"runtime/debug"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/lockstep-dev/lockstep/internal/authn"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := run(ctx, os.Getenv); err != nil {
		fmt.Fprintf(os.Stderr, "reference: %v\n", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, getenv func(string) string) error {
	debug.SetGCPercent(400) // like the server
	config, err := pgxpool.ParseConfig(getenv("LOCKSTEP_DATABASE_URL"))
	if err != nil {
		return err
	}
	size, err := strconv.ParseInt(getenv("LOCKSTEP_DATABASE_MAX_CONNS"), 10, 32)
	if err != nil {
		return err
	}
	config.MaxConns = int32(size)
	h := &handler{}
	if h.pool, err = pgxpool.NewWithConfig(ctx, config); err != nil {
		return err
	}
	defer h.pool.Close()
	if h.verifier, err = authn.New(authn.Config{Issuers: strings.Split(getenv("LOCKSTEP_OIDC_ISSUERS"), ",")}); err != nil {
		return err
	}
	h.verifier.Warm(ctx)

	api := http.NewServeMux()
	api.HandleFunc("GET /readyz", h.ready)
	api.HandleFunc("GET /v1/users/{id}", h.get)
	api.HandleFunc("GET /v1/users", h.list)
	api.HandleFunc("POST /v1/users", h.create)
	admin := http.NewServeMux()
	admin.HandleFunc("/debug/pprof/", pprof.Index)
	admin.HandleFunc("/debug/pprof/profile", pprof.Profile)
	failed := make(chan error, 2)
	for addr, mux := range map[string]*http.ServeMux{getenv("LOCKSTEP_ADDR"): api, getenv("LOCKSTEP_ADMIN_ADDR"): admin} {
		l, err := net.Listen("tcp", addr)
		if err != nil {
			return err
		}
		server := &http.Server{Handler: mux, ReadHeaderTimeout: 5 * time.Second}
		go func() { failed <- server.Serve(l) }()
	}
	select {
	case err := <-failed:
		return err
	case <-ctx.Done():
		return nil
	}
}

type handler struct {
	pool     *pgxpool.Pool
	verifier *authn.Verifier
	granted  sync.Map // of user ids to their permissions
}

func (h *handler) ready(w http.ResponseWriter, r *http.Request) {
	if err := h.pool.Ping(r.Context()); err != nil {
		http.Error(w, err.Error(), http.StatusServiceUnavailable)
	}
}

// caller returns who calls, or answers that nobody may.
func (h *handler) caller(w http.ResponseWriter, r *http.Request, permission string) (*authn.Principal, bool) {
	token, err := authn.BearerToken(r.Header.Get("Authorization"))
	if err == nil {
		var p *authn.Principal
		if p, err = h.verifier.Verify(r.Context(), token); err == nil {
			if p.Permissions, err = h.permissions(r.Context(), p); err == nil {
				if p.Has(permission) {
					return p, true
				}
				http.Error(w, "forbidden", http.StatusForbidden)
				return nil, false
			}
		}
	}
	http.Error(w, "unauthorized", http.StatusUnauthorized)
	return nil, false
}

const permissionsSQL = `SELECT coalesce(array_agg(DISTINCT p), '{}') FROM core.user_roles g
	JOIN core.roles r ON r.tenant_id = g.tenant_id AND r.id = g.role_id CROSS JOIN LATERAL unnest(r.permissions) p
	WHERE g.tenant_id = $1 AND g.user_id = $2`

func (h *handler) permissions(ctx context.Context, p *authn.Principal) ([]string, error) {
	if known, ok := h.granted.Load(p.UserID); ok {
		return known.([]string), nil
	}
	var out []string
	err := h.batch(ctx, p, func(rows pgx.Rows) error {
		if rows.Next() {
			return rows.Scan(&out)
		}
		return nil
	}, statement{permissionsSQL, []any{p.TenantID, p.UserID}})
	if err == nil {
		h.granted.Store(p.UserID, out)
	}
	return out, err
}

type statement struct {
	sql  string
	args []any
}

const scopeSQL = `SELECT set_config('app.tenant_id', $1, true)`

// batch sends the tenant and the statements as one implicit transaction in one round trip, and each result to read.
func (h *handler) batch(ctx context.Context, p *authn.Principal, read func(pgx.Rows) error, statements ...statement) error {
	var b pgx.Batch
	b.Queue(scopeSQL, p.TenantID.String())
	for _, s := range statements {
		b.Queue(s.sql, s.args...)
	}
	results := h.pool.SendBatch(ctx, &b)
	err := func() error {
		if _, err := results.Exec(); err != nil {
			return err
		}
		for range statements {
			rows, err := results.Query()
			if err != nil {
				return err
			}
			err = read(rows)
			rows.Close()
			if err := errors.Join(err, rows.Err()); err != nil {
				return err
			}
		}
		return nil
	}()
	return errors.Join(err, results.Close())
}

func (h *handler) fail(w http.ResponseWriter, err error) {
	http.Error(w, err.Error(), http.StatusInternalServerError)
}

func id(r *http.Request) (uuid.UUID, bool) {
	id, err := uuid.Parse(r.PathValue("id"))
	return id, err == nil
}
