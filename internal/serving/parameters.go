package serving

import (
	"net/http"

	"github.com/lockstep-dev/lockstep/internal/problem"
	"github.com/lockstep-dev/lockstep/internal/requestlog"
)

// hold holds requests to the contract where net/url, net/http and ogen ignore what is wrong. Who calls is found out first:
// the refusal is left to security.authorize.
func (all operations) hold(f *failures, next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		entry := requestlog.From(r.Context())
		if o, ok := all[entry.Operation]; ok {
			if len(r.Header["Authorization"]) > 1 {
				f.write(r.Context(), w, errTwoTokens)
				return
			}
			if p := o.read(w, r, entry.Route); p != nil {
				entry.Refusal = p
			}
		}
		next.ServeHTTP(w, r)
	})
}

// read returns what is wrong with a request; nil: nothing so far.
func (o *operation) read(w http.ResponseWriter, r *http.Request, route string) *problem.Error {
	var p problem.Error // of which most requests have no use: it stays on the stack
	readPath(route, r.URL, &p)
	if r.URL.RawQuery != "" {
		o.readQuery(r.URL.RawQuery, &p)
	}
	o.readHeaders(r.Header, &p)
	if len(p.Violations) == 0 {
		if o.body != nil {
			return readBodyHeaders(w, r.Header)
		}
		return nil
	}
	refusal := malformed(p.Violations)
	refusal.Violations = p.Violations
	return refusal
}

// malformed says in one sentence what is wrong.
func malformed(violations []problem.Violation) *problem.Error {
	first := violations[0]
	switch {
	case len(violations) > 1:
		return problem.New(problem.InvalidParameter, problem.SeveralMalformed)
	case first.Rule == problem.RuleUnknownParameter:
		return problem.New(problem.InvalidParameter, problem.ParameterUnknown)
	case first.Header != "":
		return problem.New(problem.InvalidParameter, problem.HeaderMalformed, first.Header)
	}
	return problem.Of(problem.InvalidParameter, first.Parameter)
}
