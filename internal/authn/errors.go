package authn

import "strings"

// TokenError says why a token is refused.
type TokenError struct {
	// Reason is a sentence without a capital for the caller. It never contains the token or a claim's
	// value.
	Reason string
	// Result is the kind of reason, for counting: one of Results.
	Result string

	missing   bool
	ambiguous bool
	err       error // for the log
}

// ErrNoToken is what a request without a bearer token is refused with.
var ErrNoToken = &TokenError{Reason: "a bearer token is required", Result: ResultMissing, missing: true}

func (e *TokenError) Error() string { return "auth: " + e.Reason }

// Unwrap returns the cause, which is for the log and not for the caller; it may be nil.
func (e *TokenError) Unwrap() error { return e.err }

// WWWAuthenticate returns the value of the WWW-Authenticate header of the 401 (RFC 6750, section 3). A
// request without a token is told no error code (section 3.1).
func (e *TokenError) WWWAuthenticate() string {
	code := "invalid_token"
	switch {
	case e.missing:
		return "Bearer"
	case e.ambiguous:
		code = "invalid_request"
	}
	return `Bearer error="` + code + `", error_description="` + strings.Map(descriptionRune, e.Reason) + `"`
}

// Ambiguous is what a request is refused with that says in two ways who calls (RFC 6750, section 3.1: invalid_request).
func Ambiguous(reason string) *TokenError {
	return &TokenError{Reason: reason, Result: ResultMalformed, ambiguous: true}
}

// descriptionRune replaces what error_description must not contain (RFC 6750, section 3).
func descriptionRune(r rune) rune {
	if r < 0x20 || r > 0x7e || r == '"' || r == '\\' {
		return '?'
	}
	return r
}

func refuse(result, reason string, err error) *TokenError {
	return &TokenError{Reason: reason, Result: result, err: err}
}

// BearerToken returns the token of an Authorization header (RFC 6750, section 2.1), or a *TokenError.
func BearerToken(header string) (string, error) {
	scheme, token, _ := strings.Cut(header, " ")
	token = strings.TrimLeft(token, " ")
	if !strings.EqualFold(scheme, "Bearer") || token == "" {
		return "", ErrNoToken
	}
	return token, nil
}
