package authn

import "errors"

// Meter is told what a verifier does. Its methods must be quick and safe for concurrent use.
type Meter interface {
	// TokenVerified is called for each token with one of Results.
	TokenVerified(result string)
	// KeysFetched is called for each attempt to fetch an issuer's keys; err is nil if they are known now.
	KeysFetched(issuer string, err error)
}

// The results of a verification.
const (
	ResultOK          = "ok"
	ResultMissing     = "missing"            // no token
	ResultMalformed   = "malformed"          // not a JWT, or too large
	ResultType        = "type"               // signed for another purpose
	ResultAlgorithm   = "algorithm"          // signed with an algorithm that is not accepted
	ResultIssuer      = "issuer"             // of an issuer that is not accepted
	ResultUnavailable = "issuer_unavailable" // the issuer's keys could not be had
	ResultKey         = "key"                // signed with a key the issuer does not have
	ResultSignature   = "signature"          // the signature is wrong
	ResultAudience    = "audience"           // for another audience
	ResultExpired     = "expired"            // too late
	ResultNotYet      = "not_yet_valid"      // too early
	ResultTrust       = "trust"              // for a tenant, or the platform, that its issuer may not speak for
	ResultClaims      = "claims"             // a claim is missing or malformed
)

// Results lists all results of a verification.
func Results() []string {
	return []string{ResultOK, ResultMissing, ResultMalformed, ResultType, ResultAlgorithm, ResultIssuer, ResultUnavailable, ResultKey,
		ResultSignature, ResultAudience, ResultExpired, ResultNotYet, ResultTrust, ResultClaims}
}

func resultOf(err error) string {
	if err == nil {
		return ResultOK
	}
	var refused *TokenError
	if errors.As(err, &refused) && refused.Result != "" {
		return refused.Result
	}
	return ResultClaims
}

// unmetered is the meter of those who want none.
type unmetered struct{}

func (unmetered) TokenVerified(string)      {}
func (unmetered) KeysFetched(string, error) {}
