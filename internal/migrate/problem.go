package migrate

import "fmt"

// Problem is something wrong with a migrations directory or with a database that a person has to act on. Its message names
// the thing and says what to do next.
type Problem struct {
	// Code is stable: sum, unhashed, duplicate, orphan_down, statement, edited, out_of_order, dirty, unknown, pending,
	// missing_down, empty_down, irreversible, fence, role, exists, version, locked, drift, fingerprint or checkpoint.
	Code string `json:"code"`
	// Version is the migration concerned, where there is one.
	Version string `json:"version,omitempty"`
	Message string `json:"message"`
	// Repair is SQL that puts it right, for drift.
	Repair []string `json:"repair,omitempty"`
}

// Error returns the message.
func (p *Problem) Error() string { return p.Message }

func problem(code, version, format string, args ...any) *Problem {
	return &Problem{Code: code, Version: version, Message: fmt.Sprintf(format, args...)}
}
