package api

import (
	"net/http"

	"github.com/lockstep-dev/lockstep/internal/journal"
	"github.com/lockstep-dev/lockstep/internal/problem"
)

// hold holds requests to the contract where net/url, net/http and ogen ignore what is wrong. Who calls is found out first:
// the refusal is left to security.HandleBearer.
func (all operations) hold(f *failures, next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		entry := journal.From(r.Context())
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
	var p problem.Error
	readPath(route, r.URL, &p)
	if r.URL.RawQuery != "" {
		o.readQuery(r.URL.RawQuery, &p)
	}
	o.readHeaders(r.Header, &p)
	switch {
	case len(p.Violations) > 1:
		p.Detail = "Several parameters are not as the contract has them. See errors."
	case len(p.Violations) == 0 && o.body != nil:
		return readBodyHeaders(w, r.Header)
	case len(p.Violations) == 0:
		return nil
	case p.Violations[0].Rule == problem.RuleUnknownParameter:
		p.Detail = "The operation has no parameter of this name."
	case p.Violations[0].Header != "":
		p.Detail = "The header " + p.Violations[0].Header + " is malformed."
	default:
		p.Detail = "The parameter " + p.Violations[0].Parameter + " is malformed."
	}
	refusal := p // so that p, of which most requests have no use, need not be allocated
	refusal.Code = problem.InvalidParameter
	return &refusal
}
