package api

import (
	"errors"
	"strings"

	"github.com/lockstep-dev/lockstep/ent"
	"github.com/lockstep-dev/lockstep/internal/problem"
)

// validatorRules are the rules behind Ent's own validators, by their messages; they have no types.
var validatorRules = map[string]problem.Rule{
	"value is less than the required length":    problem.RuleMinLength,
	"value is greater than the required length": problem.RuleMaxLength,
	"value does not match validation":           problem.RulePattern,
	"value out of range":                        problem.RuleRange,
}

// fromValidator is what a validator of the schema has refused that the contract could not: functions of a team's own, and
// limits that Ent counts in another way. Their messages are written for whoever sends the value.
func fromValidator(e *ent.ValidationError) *problem.Error {
	cause := error(e)
	for inner := errors.Unwrap(cause); inner != nil; inner = errors.Unwrap(inner) {
		cause = inner
	}
	rule, known := validatorRules[cause.Error()]
	detail := ""
	if !known {
		rule, detail = problem.RuleInvalid, cause.Error()
	} else {
		detail = strings.ToUpper(cause.Error()[:1]) + cause.Error()[1:] + "."
	}
	return problem.New(problem.ValidationFailed, problem.ValueRefused).At("/"+camel(e.Name), rule, detail)
}

// camel is the wire's name of a field: display_name → displayName.
func camel(name string) string {
	words := strings.Split(name, "_")
	for i, word := range words[1:] {
		if word != "" {
			words[i+1] = strings.ToUpper(word[:1]) + word[1:]
		}
	}
	return strings.Join(words, "")
}
