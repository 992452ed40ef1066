package errmap

import (
	"errors"
	"regexp"
	"strings"

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
func (m Mapper) fromValidator(field string, invalid error) *problem.Error {
	cause := invalid
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
	member := field
	if match := refusedField.FindStringSubmatch(invalid.Error()); match != nil {
		if name, ok := m.Validated[match[1]]; ok {
			member = name
		}
	}
	return problem.New(problem.ValidationFailed, problem.ValueRefused).At("/"+pointerEscape.Replace(member), rule, detail)
}

// refusedField finds the entity and the field in a message of Ent: validator failed for field "User.display_name".
var refusedField = regexp.MustCompile(`for field "(\w+\.\w+)"`)

// pointerEscape writes a member's name in a JSON Pointer (RFC 6901, section 3).
var pointerEscape = strings.NewReplacer("~", "~0", "/", "~1")
