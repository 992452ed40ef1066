package api

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"mime"
	"net/http"
	"time"

	"github.com/lockstep-dev/lockstep/ent"
	"github.com/lockstep-dev/lockstep/internal/crud"
	"github.com/lockstep-dev/lockstep/internal/grants"
	"github.com/lockstep-dev/lockstep/internal/migrate"
	"github.com/lockstep-dev/lockstep/internal/oas"
	"github.com/lockstep-dev/lockstep/internal/postgres"
	"github.com/lockstep-dev/lockstep/internal/rules"
)

// Config is what the HTTP handler is made of.
type Config struct {
	// DB is the pool, connected as core_app.
	DB *postgres.DB
	// Verifier checks access tokens.
	Verifier TokenVerifier
	// Grants knows what callers may do; the caller runs it. Required.
	Grants *grants.Grants
	// Migrations is the embedded directory; its newest file is the revision the database must have.
	Migrations fs.FS
	// Contract is the OpenAPI document that is served.
	Contract []byte
	// Logger gets one line per request.
	Logger *slog.Logger
	// MaxBody is the most bytes a request body may have. Defaults to 1 MiB.
	MaxBody int64
	// RequestTimeout bounds the work for one request. Defaults to 30 s.
	RequestTimeout time.Duration
	// Draining reports that the process is about to stop, so that readiness says no. Defaults to never.
	Draining func() bool
}

// New returns the handler that the process serves and that tests call.
func New(c Config) (http.Handler, error) {
	if c.DB == nil || c.Verifier == nil || c.Grants == nil || c.Logger == nil {
		return nil, errors.New("api: a handler needs a database, a verifier, grants and a logger")
	}
	if c.MaxBody == 0 {
		c.MaxBody = 1 << 20
	}
	if c.RequestTimeout == 0 {
		c.RequestTimeout = 30 * time.Second
	}
	if c.Draining == nil {
		c.Draining = func() bool { return false }
	}
	revision, err := migrate.Latest(c.Migrations)
	if err != nil {
		return nil, fmt.Errorf("read embedded migrations: %w", err)
	}
	title, err := titleOf(c.Contract)
	if err != nil {
		return nil, err
	}
	parameters, err := readParameters(c.Contract)
	if err != nil {
		return nil, err
	}
	client := ent.NewClient(ent.Driver(c.DB.Driver()))
	rules.Apply(client, rules.Facts{TenantOwned: crud.TenantOwned, Permissions: crud.Permissions})
	c.Grants.Watch(client)

	failures := &failures{logger: c.Logger}
	operations, err := oas.NewServer(
		&Handler{Handler: crud.NewHandler(client, c.DB.Driver(), c.DB), client: client, failures: failures},
		&security{verifier: c.Verifier, grants: c.Grants},
		oas.WithMiddleware(parameters.refuseUnknown),
		oas.WithErrorHandler(failures.handleError),
		oas.WithNotFound(failures.notFound),
		oas.WithMethodNotAllowed(failures.methodNotAllowed),
	)
	if err != nil {
		return nil, fmt.Errorf("assemble operations: %w", err)
	}
	health := &health{db: c.DB, revision: revision, draining: c.Draining}

	mux := http.NewServeMux()
	mux.HandleFunc("GET /livez", health.live)
	mux.HandleFunc("GET /readyz", health.ready)
	mux.Handle("GET "+contractPath, serveContract(c.Contract))
	mux.Handle("GET "+docsPath, serveDocumentation(title))
	mux.Handle("GET "+docsPath+"/", serveDocumentation(title))
	rest := withDeadline(c.RequestTimeout, limitBody(c.MaxBody, mergePatch(operations)))
	return track(c.Logger, secureHeaders(recoverPanics(failures, pagesOr(mux, rest)))), nil
}

func titleOf(contract []byte) (string, error) {
	var document struct {
		Info struct{ Title string }
	}
	if err := json.Unmarshal(contract, &document); err != nil {
		return "", fmt.Errorf("read embedded contract: %w", err)
	}
	return document.Info.Title, nil
}

// pagesOr serves what the mux has a pattern for and leaves the rest to next. As a pattern of the mux, next would lose the
// paths that the mux finds untidy (//v1/users): it redirects them, which is no answer of the contract.
func pagesOr(mux *http.ServeMux, next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if _, pattern := mux.Handler(r); pattern != "" {
			mux.ServeHTTP(w, r)
			return
		}
		next.ServeHTTP(w, r)
	})
}

// secureHeaders sets what every answer carries: an API is not a page, so nothing may be loaded, framed or guessed from it,
// and answers to a token must not be kept by shared caches.
func secureHeaders(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h := w.Header()
		h.Set("X-Content-Type-Options", "nosniff")
		h.Set("X-Frame-Options", "DENY")
		h.Set("Referrer-Policy", "no-referrer")
		h.Set("Content-Security-Policy", "default-src 'none'; frame-ancestors 'none'")
		h.Set("Cache-Control", "no-store")
		next.ServeHTTP(w, r)
	})
}

func limitBody(limit int64, next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Body != nil {
			r.Body = http.MaxBytesReader(w, r.Body, limit)
		}
		next.ServeHTTP(w, r)
	})
}

// withDeadline bounds the context of a request: statements and lock waits end with it.
func withDeadline(limit time.Duration, next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		ctx, cancel := context.WithTimeout(r.Context(), limit)
		defer cancel()
		next.ServeHTTP(w, r.WithContext(ctx))
	})
}

// mergePatch lets callers send a merge patch as plain application/json, which many clients do.
func mergePatch(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method == http.MethodPatch {
			if mediaType, _, err := mime.ParseMediaType(r.Header.Get("Content-Type")); err == nil && mediaType == "application/json" {
				r.Header.Set("Content-Type", "application/merge-patch+json")
			}
		}
		next.ServeHTTP(w, r)
	})
}
