// Package serving puts the operations of a generated server behind one HTTP handler, with identity, problems, limits, health and
// documentation. It knows no schema: what is generated is passed in as a Service.
package serving

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"net/http"
	"net/url"
	"time"

	"github.com/google/uuid"
	"go.opentelemetry.io/otel/trace"

	"github.com/lockstep-dev/lockstep/internal/admission"
	"github.com/lockstep-dev/lockstep/internal/authz"
	"github.com/lockstep-dev/lockstep/internal/errmap"
	"github.com/lockstep-dev/lockstep/internal/inflight"
	"github.com/lockstep-dev/lockstep/internal/migrate"
	"github.com/lockstep-dev/lockstep/internal/permcache"
	"github.com/lockstep-dev/lockstep/internal/pg"
	"github.com/lockstep-dev/lockstep/internal/ratelimit"
	"github.com/lockstep-dev/lockstep/internal/requestlog"
)

// Config is what the HTTP handler is made of.
type Config struct {
	// DB is the pool, connected as core_app.
	DB *pg.DB
	// Verifier checks access tokens.
	Verifier TokenVerifier
	// Grants knows what callers may do; the caller runs it. Required.
	Grants *permcache.Cache
	// Migrations is the embedded directory; its newest file is the revision the database must have.
	Migrations fs.FS
	// Contract is the OpenAPI document that is served.
	Contract []byte
	// Documentation serves the interactive documentation at /docs. Defaults to no such page.
	Documentation bool
	// Logger gets one line per request.
	Logger *slog.Logger
	// Meter is told of each request. Defaults to none.
	Meter Meter
	// Tracer makes a span of each request. Defaults to none.
	Tracer trace.Tracer
	// MaxBody is the most bytes a request body may have. Defaults to 1 MiB.
	MaxBody int64
	// Bodies and Answers bound the bytes of request bodies, and of answers that have not been taken, which are held at a time.
	// Default to unlimited.
	Bodies, Answers inflight.Limits
	// Admission bounds the costly reads of one tenant while others ask as well. Defaults to unlimited.
	Admission admission.Limits
	// SlowWindow is over how long a body must come at 1 KiB a second. Defaults to unlimited.
	SlowWindow time.Duration
	// RequestTimeout bounds the work for one request. Defaults to 30 s.
	RequestTimeout time.Duration
	// Origins may call the API from a browser, such as https://app.example.com. Defaults to none.
	Origins []string
	// RateLimits bound how often callers may ask. Defaults to none.
	RateLimits ratelimit.Limits
	// Draining reports that the process is about to stop: readiness says no, and connections are closed after their answer.
	// Defaults to never.
	Draining func() bool
}

// Service is what a service serves: what is generated from its schema, and its own.
type Service struct {
	// Needs are what operations ask of their callers, by operation name as in Runtime.Authorize.
	Needs map[string]authz.Need
	// Errors maps errors to problems by what the schema says of them.
	Errors errmap.Mapper
	// Body is a problem in the type of the contract.
	Body func(Problem) Body
	// Operations makes the generated server, which calls the runtime back.
	Operations func(*Runtime) (Router, error)
}

// Router is a generated server.
type Router interface {
	http.Handler
	// Find returns the operation id that a request is for, and its path in the contract.
	Find(method string, u *url.URL) (operation, pattern string, ok bool)
}

// Server is the handler that the process serves and that tests call.
type Server struct {
	http.Handler
	health  *health
	traffic *traffic
}

// traffic is what goes in and out.
type traffic struct {
	bodies  *bodies
	answers *budget
	gate    *admission.Gate
}

// InFlight is how many bytes of bodies and answers are held.
func (s *Server) InFlight() (bodies, answers int64) {
	return s.traffic.bodies.budget.Held(), s.traffic.answers.Held()
}

// Held is how many costly reads wait for a seat, and how many were refused one.
func (s *Server) Held() (waiting int, refused int64) { return s.traffic.gate.Stats() }

// State is what /readyz answers by. The database is asked once a second, and for 2 s at most, by however many want to know.
func (s *Server) State(ctx context.Context) State { return s.health.state(ctx) }

// New returns what serves the API.
func New(c Config, service Service) (*Server, error) {
	if c.DB == nil || c.Verifier == nil || c.Grants == nil || c.Logger == nil {
		return nil, errors.New("serving: a handler needs a database, a verifier, grants and a logger")
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
	contract, components, err := readOperations(c.Contract)
	if err != nil {
		return nil, err
	}
	endings, err := readEndings(c.Contract)
	if err != nil {
		return nil, err
	}
	limiter, err := ratelimit.New(c.RateLimits)
	if err != nil {
		return nil, err
	}
	c.Logger = slog.New(requestlog.NewHandler(c.Logger.Handler()))
	failures := &failures{logger: c.Logger, errors: service.Errors, allows: allowances{contract, components}, body: service.Body}
	t := &traffic{
		bodies:  &bodies{limit: c.MaxBody, budget: inflight.New[uuid.UUID, caller](c.Bodies), window: c.SlowWindow},
		answers: inflight.New[uuid.UUID, caller](c.Answers),
		gate:    admission.New(c.Admission),
	}
	operations, err := service.Operations(&Runtime{
		failures: failures,
		security: &security{needs: service.Needs, verifier: c.Verifier, grants: c.Grants, limiter: limiter, gate: t.gate, answers: t.answers},
	})
	if err != nil {
		return nil, fmt.Errorf("assemble operations: %w", err)
	}
	health := newHealth(c.DB, revision, c.Draining, c.Logger)

	mux := http.NewServeMux()
	mux.HandleFunc("GET /livez", health.live)
	mux.HandleFunc("GET /readyz", health.ready)
	mux.Handle("GET "+contractPath, serveContract(c.Contract))
	if c.Documentation {
		page, err := serveDocumentation(title)
		if err != nil {
			return nil, err
		}
		mux.Handle("GET "+docsPath, page)
		mux.Handle("GET "+docsPath+"/", page)
	}
	served := recoverPanics(failures, limitHead(failures, pagesOr(mux, asGet(announceEndings(endings, operations, contract.hold(failures, mergePatch(operations)))))))
	allowed, err := allowOrigins(c.Origins, served)
	if err != nil {
		return nil, err
	}
	observer, err := newObserver(c, operations)
	if err != nil {
		return nil, err
	}
	return &Server{track(observer, c.RequestTimeout, t, hangUp(c.Draining, allowed)), health, t}, nil
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
