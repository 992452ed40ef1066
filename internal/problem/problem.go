// Package problem is the one error type of the API's operations: a stable code, a sentence, and the fields at fault.
// Its table (table.go) is the only place that knows a problem's HTTP status and texts. docs/problems.md, the contract and
// the SDK are generated from it; internal/serving writes an Error as an RFC 9457 answer.
package problem

import "fmt"

// Violation is one thing wrong with the request.
type Violation struct {
	// Pointer is a JSON Pointer (RFC 6901) into the body; "" is the whole body, unless it is about one of the next two.
	Pointer string
	// Pointers are the members of the body that it is about together, in place of Pointer: none of them is wrong by itself.
	Pointers []string
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

// Of returns an Error with its code's own sentence, which args complete.
func Of(code Code, args ...any) *Error { return New(code, code.Kind().Detail, args...) }

// New returns an Error with another sentence, one of the table's.
func New(code Code, format string, args ...any) *Error {
	return &Error{Code: code, Detail: fmt.Sprintf(format, args...)}
}

// At adds a violation of the body.
func (e *Error) At(pointer string, rule Rule, detail string) *Error {
	e.Violations = append(e.Violations, Violation{Pointer: pointer, Rule: rule, Detail: detail})
	return e
}

// AtAll adds a violation of members of the body together, such as a combination that is taken.
func (e *Error) AtAll(pointers []string, rule Rule, detail string) *Error {
	e.Violations = append(e.Violations, Violation{Pointers: pointers, Rule: rule, Detail: detail})
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

// Error is the code and the sentence, for logs.
func (e *Error) Error() string { return string(e.Code) + ": " + e.Detail }
