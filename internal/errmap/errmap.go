// Package errmap maps the errors of the request path to the problems that callers are answered. It is the one place that knows
// which failure is which problem; what it must know of the schema is passed in.
package errmap

import (
	"cmp"
	"context"
	"errors"
	"strings"

	"github.com/go-faster/jx"
	"github.com/ogen-go/ogen/ogenerrors"
	"github.com/ogen-go/ogen/validate"

	"github.com/lockstep-dev/lockstep/internal/admission"
	"github.com/lockstep-dev/lockstep/internal/authn"
	"github.com/lockstep-dev/lockstep/internal/httpio"
	"github.com/lockstep-dev/lockstep/internal/pg"
	"github.com/lockstep-dev/lockstep/internal/problem"
)

// Mapper maps errors by what the schema says of them. Its zero value knows no schema.
type Mapper struct {
	// Constraints by their name in the database, which is all that Postgres reports of a violation.
	Constraints map[string]Constraint
	// Members leads from a table's columns to the JSON names of the fields that they hold.
	Members map[string]map[string]string
	// Validated leads from the names that Ent's own errors have, User.display_name, to the JSON names of the fields.
	Validated map[string]string
	// Invalid returns the error of a schema's validator that err holds, and the field it is about; nil where there is none.
	Invalid func(err error) (field string, invalid error)
}

// Constraint says which fields of the contract a database constraint is about.
type Constraint struct {
	// Entity is the schema whose table has the constraint.
	Entity string
	// Label is the entity's name in a sentence, Labels its plural, and Target the label of the entity that a foreign key
	// refers to.
	Label, Labels, Target string
	// Fields are the JSON names of the fields involved.
	Fields []string
	// Message says what a CHECK asks for; empty where the schema does not.
	Message string
}

// Problem turns whatever went wrong into what the caller may know of it. Causes it does not recognise become internal,
// whose text says nothing: the cause is for the log.
func (m Mapper) Problem(err error) *problem.Error {
	var known *problem.Error
	if errors.As(err, &known) {
		return known
	}
	var token *authn.TokenError
	if errors.As(err, &token) {
		if token.Result == authn.ResultUnavailable {
			// Whether the token is good nobody knows: a 401 would have the caller sign in again for nothing.
			return Unavailable(problem.New(problem.Unavailable, problem.IssuerUnreachable))
		}
		return problem.Of(problem.Unauthenticated, token.Reason)
	}
	if errors.Is(err, ogenerrors.ErrSecurityRequirementIsNotSatisfied) {
		return problem.New(problem.Unauthenticated, problem.TokenMissing)
	}
	var permission *authn.PermissionError
	if errors.As(err, &permission) {
		return problem.Of(problem.PermissionDenied, permission.Permission)
	}
	var member *httpio.MemberError
	if errors.As(err, &member) {
		p := problem.Of(problem.ValidationFailed)
		p.Violations = violations(member)
		return p
	}
	if m.Invalid != nil {
		if field, invalid := m.Invalid(err); invalid != nil {
			return m.fromValidator(field, invalid)
		}
	}
	var misread *pg.MisreadError
	if errors.As(err, &misread) {
		return fromMisread(misread)
	}
	var violated *pg.ConstraintError
	if errors.As(err, &violated) {
		return m.fromConstraint(violated)
	}
	switch {
	case errors.Is(err, pg.ErrUnavailable):
		return Unavailable(problem.New(problem.Unavailable, problem.DatabaseUnusable))
	case errors.Is(err, pg.ErrShare), errors.Is(err, admission.ErrLine):
		return Unavailable(problem.New(problem.Unavailable, problem.ShareExceeded))
	case errors.Is(err, pg.ErrBusy):
		return Unavailable(problem.Of(problem.Unavailable))
	case errors.Is(err, pg.ErrSerialization):
		return Unavailable(problem.New(problem.Unavailable, problem.ChangedMeanwhile))
	case errors.Is(err, pg.ErrTimeout), errors.Is(err, context.DeadlineExceeded), errors.Is(err, context.Canceled):
		return problem.Of(problem.Timeout)
	}
	if p := fromRequest(err); p != nil {
		return p
	}
	return problem.Of(problem.Internal)
}

// Unavailable is a failure that passes: how soon nobody knows, so the callers are asked for the shortest pause there is.
func Unavailable(p *problem.Error) *problem.Error {
	p.RetryAfter = 1
	return p
}

// fromRequest recognises what ogen found wrong with a request; nil when it is none of that.
func fromRequest(err error) *problem.Error {
	var contentType *validate.InvalidContentTypeError
	if errors.As(err, &contentType) {
		return problem.Of(problem.UnsupportedMediaType)
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
		return problem.New(problem.InvalidJSON, problem.BodyMissing)
	}
	var body *ogenerrors.DecodeBodyError
	if errors.As(err, &body) && !jx.Valid(body.Body) {
		return problem.Of(problem.InvalidJSON)
	}
	if body == nil && !isValidation(err) {
		if strings.Contains(err.Error(), "parse media type") {
			return problem.Of(problem.UnsupportedMediaType)
		}
		return problem.New(problem.InvalidJSON, problem.BodyUnreadable)
	}
	p := problem.Of(problem.ValidationFailed)
	for _, v := range violations(err) {
		p.At(v.Pointer, v.Rule, v.Detail)
	}
	return p
}

// constraintRules are the rules behind constraints that only the database knows.
var constraintRules = map[pg.Kind]problem.Rule{
	pg.Check:      problem.RuleCheck,
	pg.NotNull:    problem.RuleNotNull,
	pg.Exclusion:  problem.RuleExclusion,
	pg.TooLong:    problem.RuleTooLong,
	pg.OutOfRange: problem.RuleOutOfRange,
	pg.Malformed:  problem.RuleMalformed,
	pg.Raised:     problem.RuleCheck,
}

// fromConstraint tells which field a violated constraint is about. Postgres' own text, which quotes values, stays inside; the
// sentence of a RAISE is the schema's.
func (m Mapper) fromConstraint(e *pg.ConstraintError) *problem.Error {
	constraint, known := m.Constraints[e.Constraint]
	pointers := func(p *problem.Error, rule problem.Rule, detail string) *problem.Error {
		var places []string
		for _, field := range constraint.Fields {
			places = append(places, "/"+field)
		}
		if member, ok := m.Members[e.Table][e.Column]; ok && len(places) == 0 {
			places = []string{"/" + member}
		}
		detail = cmp.Or(e.Message, detail)
		switch len(places) {
		case 0:
			if e.Message != "" {
				return p.At("", rule, e.Message) // the body as a whole
			}
			return p
		case 1:
			return p.At(places[0], rule, detail)
		}
		return p.AtAll(places, rule, detail)
	}
	switch {
	case e.Kind == pg.Unique:
		if len(constraint.Fields) > 1 {
			return pointers(problem.New(problem.Conflict, problem.ValuesTaken, cmp.Or(constraint.Label, "row")), problem.RuleUnique, "The combination of values is taken.")
		}
		return pointers(problem.Of(problem.Conflict, cmp.Or(constraint.Label, "row")), problem.RuleUnique, "The value is taken.")
	case e.Kind == pg.ForeignKey && e.Deleting:
		if !known {
			return problem.New(problem.StillReferenced, problem.RowReferenced)
		}
		return problem.Of(problem.StillReferenced,
			capital(constraint.Labels), constraint.Target, strings.Join(constraint.Fields, ", "))
	case e.Kind == pg.ForeignKey && known && len(constraint.Fields) == 0: // of the tenant
		return problem.New(problem.TenantSuspended, problem.TenantDeleted)
	case e.Kind == pg.ForeignKey:
		what := cmp.Or(constraint.Target, "row")
		return pointers(problem.Of(problem.ReferenceNotFound, what), problem.RuleReferenceNotFound, "There is no such "+what+".")
	}
	rule := constraintRules[e.Kind]
	said := "The value is not allowed."
	if len(constraint.Fields) == 0 {
		said = capital(rule.Meaning()) + "."
	}
	p := pointers(problem.New(problem.ValidationFailed, problem.ValueRefused), rule, cmp.Or(constraint.Message, said))
	if len(p.Violations) > 0 {
		return p
	}
	return p.At("", rule, capital(rule.Meaning())+".")
}

// fromMisread names the members whose columns do not take their texts.
func fromMisread(e *pg.MisreadError) *problem.Error {
	p := problem.New(problem.ValidationFailed, problem.ValueRefused)
	for _, fault := range e.Faults {
		rule := constraintRules[fault.Kind]
		p.At("/"+fault.Name, rule, capital(rule.Meaning())+".")
	}
	return p
}

// capital begins a sentence.
func capital(words string) string { return strings.ToUpper(words[:1]) + words[1:] }
