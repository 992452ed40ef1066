// Package api puts this service's operations, generated and custom, behind one HTTP handler.
package api

import (
	"context"
	"log/slog"
	"net/url"
	"time"

	"github.com/google/uuid"

	"github.com/lockstep-dev/lockstep/ent"
	"github.com/lockstep-dev/lockstep/internal/crud"
	"github.com/lockstep-dev/lockstep/internal/idempotency"
	"github.com/lockstep-dev/lockstep/internal/oas"
	"github.com/lockstep-dev/lockstep/internal/pg"
	"github.com/lockstep-dev/lockstep/internal/retention"
	"github.com/lockstep-dev/lockstep/internal/rules"
	"github.com/lockstep-dev/lockstep/internal/serving"
)

// Config is what the HTTP handler is made of.
type Config struct {
	serving.Config
	// Retention deletes tenants; the caller runs it. Defaults to one that does only what requests ask for.
	Retention *retention.Worker
	// DeletionWindow is how long a request that deletes a tenant deletes rows. Defaults to 5 s, or a third of RequestTimeout if
	// that is less.
	DeletionWindow time.Duration
}

// New returns what serves the API.
func New(c Config) (*serving.Server, error) {
	if c.DeletionWindow == 0 {
		c.DeletionWindow = deletionWindow
		if c.RequestTimeout > 0 {
			c.DeletionWindow = min(deletionWindow, c.RequestTimeout/3)
		}
	}
	return serving.New(c.Config, serving.Service{
		Needs: crud.Needs, Errors: crud.Errors,
		Body: func(p serving.Problem) serving.Body { return problemBody(p) },
		Operations: func(runtime *serving.Runtime) (serving.Router, error) {
			client := ent.NewClient(ent.Driver(c.DB.Driver()))
			rules.Apply(client, crud.Facts, crud.Permissions)
			c.Grants.Watch(client)
			if c.Retention == nil {
				c.Retention = NewRetention(c.DB, c.Logger, nil)
			}
			served, err := oas.NewServer(
				&Handler{Handler: crud.NewHandler(client, c.DB.Driver(), c.DB), client: client, runtime: runtime, retention: c.Retention, deletionWindow: c.DeletionWindow},
				security{runtime},
				oas.WithErrorHandler(runtime.HandleError),
				oas.WithNotFound(runtime.NotFound),
				oas.WithMethodNotAllowed(runtime.MethodNotAllowed),
			)
			return router{served}, err
		},
	})
}

// NewRetention returns what removes the rows that the schema does not keep, and deletes tenants. The meter may be nil.
func NewRetention(db *pg.DB, logger *slog.Logger, meter retention.Meter) *retention.Worker {
	return retention.New(retention.Options{
		Driver: db.Driver(), Expiring: crud.Expiring, OfTenants: crud.OfTenants, Logger: logger, Meter: meter,
		Erase: func(ctx context.Context, tenant uuid.UUID) error { return idempotency.Erase(ctx, db.Driver(), tenant) },
	})
}

// security gives the runtime the token of a request.
type security struct{ runtime *serving.Runtime }

// HandleBearer implements oas.SecurityHandler.
func (s security) HandleBearer(ctx context.Context, operation oas.OperationName, bearer oas.Bearer) (context.Context, error) {
	return s.runtime.Authorize(ctx, operation, bearer.Token)
}

// router is the generated server.
type router struct{ *oas.Server }

// Find implements serving.Router.
func (r router) Find(method string, u *url.URL) (operation, pattern string, ok bool) {
	route, ok := r.FindPath(method, u)
	return route.OperationID(), route.PathPattern(), ok
}

// problemBody is a problem in the type of the contract.
func problemBody(p serving.Problem) *oas.Problem {
	body := &oas.Problem{Type: p.Type, Title: p.Title, Status: p.Status, Detail: p.Detail, Code: p.Code, RequestId: p.RequestID}
	if p.CurrentVersion > 0 {
		body.CurrentVersion.SetTo(p.CurrentVersion)
	}
	for _, v := range p.Violations {
		body.Errors = append(body.Errors, violationBody(v))
	}
	return body
}

// violationBody says in one of four members what the violation is about.
func violationBody(v serving.Violation) oas.Violation {
	body := oas.Violation{Code: v.Code, Detail: v.Detail}
	switch {
	case v.Parameter != "":
		body.Parameter.SetTo(v.Parameter)
	case v.Header != "":
		body.Header.SetTo(v.Header)
	case len(v.Pointers) > 0:
		body.Pointers = v.Pointers
	default:
		body.Pointer.SetTo(v.Pointer)
	}
	return body
}
