// Package problem is the one error type of the API's operations: a stable code, a sentence, and the fields at fault. It
// knows nothing of HTTP; internal/api turns it into an RFC 9457 answer.
package problem

import "fmt"

// Code says what kind of failure happened. Codes are part of the contract: they never change their meaning.
type Code string

// The codes. internal/api maps each to an HTTP status.
const (
	Unauthenticated      Code = "unauthenticated"        // no valid token
	PermissionDenied     Code = "permission_denied"      // valid token, not allowed
	TenantSuspended      Code = "tenant_suspended"       // the caller's tenant is switched off
	UserInactive         Code = "user_inactive"          // the caller's user is switched off
	NotFound             Code = "not_found"              // no such row, or one the caller must not know of
	RouteNotFound        Code = "route_not_found"        // no such path
	MethodNotAllowed     Code = "method_not_allowed"     // the path exists, the method does not
	InvalidJSON          Code = "invalid_json"           // the body is no JSON
	InvalidParameter     Code = "invalid_parameter"      // a path or query parameter is malformed
	InvalidCursor        Code = "invalid_cursor"         // the cursor is not one this list gave out
	ValidationFailed     Code = "validation_failed"      // a field breaks a rule of the contract
	Conflict             Code = "conflict"               // a unique value is taken
	ReferenceNotFound    Code = "reference_not_found"    // a field points to a row that does not exist
	StillReferenced      Code = "still_referenced"       // other rows point to the one to delete
	PreconditionFailed   Code = "precondition_failed"    // If-Match names another version than the row has
	IdempotencyKeyReused Code = "idempotency_key_reused" // the key was used with another request
	LastAdministrator    Code = "last_administrator"     // the change would leave the tenant without an administrator
	UnsupportedMediaType Code = "unsupported_media_type" // the body's media type is not the operation's
	PayloadTooLarge      Code = "payload_too_large"      // the body is over the limit
	URLTooLong           Code = "url_too_long"           // the URL is over the limit
	HeadersTooLarge      Code = "headers_too_large"      // the request's headers are over the limit
	RequestTimeout       Code = "request_timeout"        // the body comes too slowly
	RateLimited          Code = "rate_limited"           // the caller or its tenant asks too often, or for too much at a time
	Unavailable          Code = "unavailable"            // the database cannot be reached right now, or there is too much to do
	Timeout              Code = "timeout"                // the request took longer than allowed
	Internal             Code = "internal"               // a fault of the server
)

// Violation is one thing wrong with the request.
type Violation struct {
	// Pointer is a JSON Pointer (RFC 6901) into the body; "" is the whole body, unless it is about one of the next two.
	Pointer string
	// Parameter is the name of a parameter of path or query: limit, createdAt[gte].
	Parameter string
	// Header is the name of a header.
	Header string
	// Rule is what is broken; its code is the violation's.
	Rule Rule
	// Detail is a sentence for people.
	Detail string
}

// Error is a failure that may be shown to the caller: nothing in it is secret.
type Error struct {
	Code       Code
	Detail     string
	Violations []Violation
	// CurrentVersion is the row's version, for a failed precondition; 0 otherwise.
	CurrentVersion int
	// RetryAfter is after how many seconds the request may succeed; 0 when nobody knows.
	RetryAfter int
}

// New returns an Error without violations.
func New(code Code, format string, args ...any) *Error {
	return &Error{Code: code, Detail: fmt.Sprintf(format, args...)}
}

// At adds a violation of the body.
func (e *Error) At(pointer string, rule Rule, detail string) *Error {
	e.Violations = append(e.Violations, Violation{Pointer: pointer, Rule: rule, Detail: detail})
	return e
}

// AtParameter adds a violation of a parameter of path or query.
func (e *Error) AtParameter(name string, rule Rule, detail string) *Error {
	e.Violations = append(e.Violations, Violation{Parameter: name, Rule: rule, Detail: detail})
	return e
}

// AtHeader adds a violation of a header.
func (e *Error) AtHeader(name string, rule Rule, detail string) *Error {
	e.Violations = append(e.Violations, Violation{Header: name, Rule: rule, Detail: detail})
	return e
}

func (e *Error) Error() string { return string(e.Code) + ": " + e.Detail }
