package serving

import (
	"context"
	"fmt"
	"time"

	"github.com/lockstep-dev/lockstep/internal/admission"
	"github.com/lockstep-dev/lockstep/internal/authn"
	"github.com/lockstep-dev/lockstep/internal/authz"
	"github.com/lockstep-dev/lockstep/internal/permcache"
	"github.com/lockstep-dev/lockstep/internal/pg"
	"github.com/lockstep-dev/lockstep/internal/problem"
	"github.com/lockstep-dev/lockstep/internal/ratelimit"
	"github.com/lockstep-dev/lockstep/internal/requestlog"
)

// TokenVerifier turns an access token into a principal. *authn.Verifier is the one; its error is an *authn.TokenError.
type TokenVerifier interface {
	Verify(ctx context.Context, token string) (*authn.Principal, error)
}

// security is what stands between a request and its operation: who calls, inside which tenant, with which permissions.
type security struct {
	needs    map[string]authz.Need // by operation name
	verifier TokenVerifier
	grants   *permcache.Cache
	limiter  *ratelimit.Limiter
	gate     *admission.Gate
	answers  *budget
}

// authorize verifies the token, binds the context to the caller's tenant, loads the caller's
// permissions and asks for the one that the operation needs.
func (s *security) authorize(ctx context.Context, name, token string) (context.Context, error) {
	principal, err := s.verifier.Verify(ctx, token)
	if err != nil {
		return ctx, err
	}
	request := requestlog.From(ctx)
	request.Principal = principal
	// Before anything is asked of the database, which is what the limits protect.
	if err := s.limit(request, principal); err != nil {
		return ctx, err
	}
	ctx = pg.WithScope(ctx, pg.Scope{TenantID: principal.TenantID, Platform: principal.Platform})
	principal.Permissions, err = s.grants.Of(ctx, principal)
	if err != nil {
		return ctx, err
	}
	if request.Refusal != nil {
		return ctx, request.Refusal
	}
	ctx = authn.With(ctx, principal)
	// Before anything of the body is read, which may be long in coming.
	need, known := s.needs[name]
	if !known {
		return ctx, fmt.Errorf("nothing says what %s needs: run `make generate`", name)
	}
	if err := need.Check(ctx); err != nil {
		return ctx, err
	}
	return ctx, s.admit(ctx, request, name)
}

// admit waits for a read's seat. What answers of its kind were lately must have room before one more is read. A change has to be
// answered once it is made, so none is made for somebody who has no room left.
func (s *security) admit(ctx context.Context, request *requestlog.Entry, name string) error {
	by := callerOf(request.Principal)
	if !request.Asks {
		s.gate.Seen(by.tenant)
		if err := s.answers.Room(by.tenant, by, 1); err != nil {
			return overloaded(err, "answers")
		}
		return nil
	}
	if err := s.gate.Admit(ctx, by.tenant, name, &request.Seat); err != nil {
		return err
	}
	if n := request.Seat.Bytes; n > smallAnswer {
		if err := s.answers.Room(by.tenant, by, n); err != nil {
			request.Seat.Drop()
			return overloaded(err, "answers")
		}
	}
	return nil
}

// limit counts the request and notes for its answer how many the caller has left. Its error is rate_limited.
func (s *security) limit(request *requestlog.Entry, principal *authn.Principal) error {
	if s.limiter == nil {
		return nil
	}
	verdict := s.limiter.Take(principal, time.Now())
	request.RatePolicies, request.RateLimit = s.limiter.Policies(), verdict.RateLimit
	if verdict.Exceeded == "" {
		return nil
	}
	who := "You have"
	if verdict.Exceeded == "tenant" {
		who = "Your tenant has"
	}
	p := problem.Of(problem.RateLimited, who, verdict.RetryAfter)
	p.RetryAfter = verdict.RetryAfter
	return p
}
