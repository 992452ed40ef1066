package api

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"

	"github.com/go-faster/jx"
	"github.com/ogen-go/ogen/ogenerrors"
	"github.com/ogen-go/ogen/validate"

	"github.com/lockstep-dev/lockstep/ent"
	"github.com/lockstep-dev/lockstep/internal/auth"
	"github.com/lockstep-dev/lockstep/internal/crud"
	"github.com/lockstep-dev/lockstep/internal/postgres"
	"github.com/lockstep-dev/lockstep/internal/problem"
)

// statuses is the one place that knows the HTTP status of a problem code.
var statuses = map[problem.Code]int{
	problem.Unauthenticated:      http.StatusUnauthorized,
	problem.PermissionDenied:     http.StatusForbidden,
	problem.TenantSuspended:      http.StatusForbidden,
	problem.UserInactive:         http.StatusForbidden,
	problem.NotFound:             http.StatusNotFound,
	problem.RouteNotFound:        http.StatusNotFound,
	problem.MethodNotAllowed:     http.StatusMethodNotAllowed,
	problem.InvalidJSON:          http.StatusBadRequest,
	problem.InvalidParameter:     http.StatusBadRequest,
	problem.InvalidCursor:        http.StatusBadRequest,
	problem.ValidationFailed:     http.StatusUnprocessableEntity,
	problem.Conflict:             http.StatusConflict,
	problem.ReferenceNotFound:    http.StatusUnprocessableEntity,
	problem.StillReferenced:      http.StatusConflict,
	problem.PreconditionFailed:   http.StatusPreconditionFailed,
	problem.IdempotencyKeyReused: http.StatusUnprocessableEntity,
	problem.LastAdministrator:    http.StatusConflict,
	problem.UnsupportedMediaType: http.StatusUnsupportedMediaType,
	problem.PayloadTooLarge:      http.StatusRequestEntityTooLarge,
	problem.URLTooLong:           http.StatusRequestURITooLong,
	problem.HeadersTooLarge:      http.StatusRequestHeaderFieldsTooLarge,
	problem.RequestTimeout:       http.StatusRequestTimeout,
	problem.RateLimited:          http.StatusTooManyRequests,
	problem.Unavailable:          http.StatusServiceUnavailable,
	problem.Timeout:              http.StatusGatewayTimeout,
	problem.Internal:             http.StatusInternalServerError,
}

// titles summarise the codes for people.
var titles = map[problem.Code]string{
	problem.Unauthenticated:      "Not signed in",
	problem.PermissionDenied:     "Not allowed",
	problem.TenantSuspended:      "Tenant suspended",
	problem.UserInactive:         "User inactive",
	problem.NotFound:             "Not found",
	problem.RouteNotFound:        "No such path",
	problem.MethodNotAllowed:     "Method not allowed",
	problem.InvalidJSON:          "Not JSON",
	problem.InvalidParameter:     "Invalid parameter",
	problem.InvalidCursor:        "Invalid cursor",
	problem.ValidationFailed:     "Validation failed",
	problem.Conflict:             "Conflict",
	problem.ReferenceNotFound:    "Reference not found",
	problem.StillReferenced:      "Still referenced",
	problem.PreconditionFailed:   "Precondition failed",
	problem.IdempotencyKeyReused: "Idempotency key reused",
	problem.LastAdministrator:    "Last administrator",
	problem.UnsupportedMediaType: "Unsupported media type",
	problem.PayloadTooLarge:      "Body too large",
	problem.URLTooLong:           "URL too long",
	problem.HeadersTooLarge:      "Headers too large",
	problem.RequestTimeout:       "Body too slow",
	problem.RateLimited:          "Too many requests",
	problem.Unavailable:          "Temporarily unavailable",
	problem.Timeout:              "Took too long",
	problem.Internal:             "Server error",
}

// asProblem turns whatever went wrong into what the caller may know of it. Causes it does not recognise become internal,
// whose text says nothing: the cause is logged with the request's id.
func asProblem(err error) *problem.Error {
	var known *problem.Error
	if errors.As(err, &known) {
		return known
	}
	var token *auth.TokenError
	if errors.As(err, &token) {
		return problem.New(problem.Unauthenticated, "The access token is refused: %s.", token.Reason)
	}
	if errors.Is(err, ogenerrors.ErrSecurityRequirementIsNotSatisfied) {
		return problem.New(problem.Unauthenticated, "Send an access token: Authorization: Bearer <token>.")
	}
	var permission *auth.PermissionError
	if errors.As(err, &permission) {
		return problem.New(problem.PermissionDenied, "This needs the permission %s.", permission.Permission)
	}
	var invalid *ent.ValidationError
	if errors.As(err, &invalid) {
		return fromValidator(invalid)
	}
	var violated *postgres.ConstraintError
	if errors.As(err, &violated) {
		return fromConstraint(violated)
	}
	switch {
	case errors.Is(err, postgres.ErrUnavailable):
		return unavailable("The database cannot be reached right now. Try again shortly.")
	case errors.Is(err, postgres.ErrShare):
		return unavailable("Your tenant has as many requests at work as one may have. Send fewer at once, and try again shortly.")
	case errors.Is(err, postgres.ErrBusy):
		return unavailable("The server has more to do than it can. Try again shortly.")
	case errors.Is(err, postgres.ErrSerialization):
		return unavailable("Another change got in the way. Try again.")
	case errors.Is(err, postgres.ErrTimeout), errors.Is(err, context.DeadlineExceeded), errors.Is(err, context.Canceled):
		return problem.New(problem.Timeout, "The request took too long and was given up.")
	}
	if p := fromRequest(err); p != nil {
		return p
	}
	return problem.New(problem.Internal, "The server failed. Quote the request id when you report this.")
}

// unavailable is a failure that passes: how soon nobody knows, so the callers are asked for the shortest pause there is.
func unavailable(detail string) *problem.Error {
	p := problem.New(problem.Unavailable, "%s", detail)
	p.RetryAfter = 1
	return p
}

// fromRequest recognises what ogen found wrong with a request; nil when it is none of that.
func fromRequest(err error) *problem.Error {
	var contentType *validate.InvalidContentTypeError
	if errors.As(err, &contentType) {
		return problem.New(problem.UnsupportedMediaType, "Send the body as application/json.")
	}
	var params *ogenerrors.DecodeParamsError
	if errors.As(err, &params) {
		return fromParams(params)
	}
	var request *ogenerrors.DecodeRequestError
	if !errors.As(err, &request) {
		return nil
	}
	if errors.Is(err, validate.ErrBodyRequired) {
		return problem.New(problem.InvalidJSON, "Send a body.")
	}
	var body *ogenerrors.DecodeBodyError
	if errors.As(err, &body) && !jx.Valid(body.Body) {
		return problem.New(problem.InvalidJSON, "The body is not JSON.")
	}
	if body == nil && !isValidation(err) {
		if strings.Contains(err.Error(), "parse media type") {
			return problem.New(problem.UnsupportedMediaType, "Send the body as application/json.")
		}
		return problem.New(problem.InvalidJSON, "The body could not be read to its end.")
	}
	p := problem.New(problem.ValidationFailed, "The body breaks a rule of the contract.")
	for _, v := range violations(err) {
		p.At(v.Pointer, v.Rule, v.Detail)
	}
	return p
}

// constraintRules are the rules behind constraints that only the database knows.
var constraintRules = map[postgres.Kind]problem.Rule{
	postgres.Check:      problem.RuleCheck,
	postgres.NotNull:    problem.RuleNotNull,
	postgres.Exclusion:  problem.RuleExclusion,
	postgres.TooLong:    problem.RuleTooLong,
	postgres.OutOfRange: problem.RuleOutOfRange,
	postgres.Malformed:  problem.RuleMalformed,
}

// fromConstraint tells which field a violated constraint is about. Postgres' own text, which quotes values, stays inside.
func fromConstraint(e *postgres.ConstraintError) *problem.Error {
	constraint, known := crud.Constraints[e.Constraint]
	pointers := func(p *problem.Error, rule problem.Rule, detail string) *problem.Error {
		for _, field := range constraint.Fields {
			p.At("/"+field, rule, detail)
		}
		return p
	}
	switch {
	case e.Kind == postgres.Unique:
		return pointers(problem.New(problem.Conflict, "%s", taken(constraint)), problem.RuleUnique, "The value is taken.")
	case e.Kind == postgres.ForeignKey && e.Deleting:
		if !known {
			return problem.New(problem.StillReferenced, "Other rows still refer to this one.")
		}
		if len(constraint.Fields) == 0 { // of the tenant
			return problem.New(problem.StillReferenced, "The tenant still has %s. Delete those first.", constraint.Labels)
		}
		return problem.New(problem.StillReferenced, "%s still refer to this %s by %s. Change or delete them first.",
			capital(constraint.Labels), constraint.Target, strings.Join(constraint.Fields, ", "))
	case e.Kind == postgres.ForeignKey:
		what := cmp.Or(constraint.Target, "row")
		return pointers(problem.New(problem.ReferenceNotFound, "A field refers to a %s that does not exist.", what), problem.RuleReferenceNotFound, "There is no such "+what+".")
	}
	p := pointers(problem.New(problem.ValidationFailed, "A value breaks a rule of the contract."), constraintRules[e.Kind], "The value is not allowed.")
	if len(p.Violations) == 0 && e.Column != "" {
		p.At("", constraintRules[e.Kind], fmt.Sprintf("A value is %s.", strings.ReplaceAll(string(e.Kind), "_", " ")))
	}
	return p
}

// taken says what else has the value of a unique field, or the values of several.
func taken(c crud.Constraint) string {
	what := cmp.Or(c.Label, "row")
	if len(c.Fields) > 1 {
		return "Another " + what + " has these values already."
	}
	return "Another " + what + " has this value already."
}

// capital begins a sentence.
func capital(words string) string { return strings.ToUpper(words[:1]) + words[1:] }
