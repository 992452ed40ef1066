package errmap

import (
	"errors"
	"regexp"
	"strconv"
	"strings"

	"github.com/ogen-go/ogen/ogenerrors"
	"github.com/ogen-go/ogen/openapi"
	"github.com/ogen-go/ogen/validate"

	"github.com/lockstep-dev/lockstep/internal/numeric"
	"github.com/lockstep-dev/lockstep/internal/problem"
	"github.com/lockstep-dev/lockstep/internal/timetext"
)

// fromParams names the parameter of path or query, or the header, that could not be read.
func fromParams(err *ogenerrors.DecodeParamsError) *problem.Error {
	var param *ogenerrors.DecodeParamError
	if !errors.As(err, &param) {
		return problem.New(problem.InvalidParameter, problem.SomeParameterMalformed)
	}
	if param.In == openapi.LocationHeader {
		return problem.New(problem.InvalidParameter, problem.HeaderMalformed, param.Name).
			AtHeader(param.Name, ruleOf(param.Err), sentence(param.Err))
	}
	name := param.Name
	if property := decodedAt(param.Err); property != "" {
		name += "[" + strings.TrimPrefix(property, "/") + "]" // as the URL has it
	}
	return problem.Of(problem.InvalidParameter, name).
		AtParameter(name, ruleOf(param.Err), sentence(param.Err))
}

// isValidation reports whether err holds rules that a decoded body breaks.
func isValidation(err error) bool {
	var fields *validate.Error
	return errors.As(err, &fields)
}

// violations lists what is wrong with a body that is JSON: rules broken by its fields, or the one place where its shape
// is not the contract's.
func violations(err error) []problem.Violation {
	var fields *validate.Error
	if errors.As(err, &fields) {
		return appendFields(nil, decodedAt(err), fields)
	}
	if errors.Is(err, numeric.ErrForm) {
		return []problem.Violation{{Pointer: decodedAt(err), Rule: problem.RulePattern, Detail: sentence(err)}}
	}
	if errors.Is(err, timetext.ErrForm) {
		return []problem.Violation{{Pointer: decodedAt(err), Rule: problem.RuleMalformed, Detail: sentence(err)}}
	}
	if errors.Is(err, strconv.ErrRange) {
		return []problem.Violation{{Pointer: decodedAt(err), Rule: problem.RuleRange, Detail: sentence(err)}}
	}
	pointer, cause := locate(err)
	return []problem.Violation{{Pointer: pointer, Rule: cause, Detail: sentences[cause]}}
}

func appendFields(to []problem.Violation, prefix string, e *validate.Error) []problem.Violation {
	for _, field := range e.Fields {
		pointer := prefix + "/" + escapePointer(strings.Trim(field.Name, "[]"))
		var nested *validate.Error
		if errors.As(field.Error, &nested) {
			to = appendFields(to, pointer, nested)
			continue
		}
		to = append(to, problem.Violation{Pointer: pointer, Rule: ruleOf(field.Error), Detail: sentence(field.Error)})
	}
	return to
}

// ruleOf is the rule that a value breaks.
func ruleOf(err error) problem.Rule {
	var (
		short   *validate.MinLengthError
		long    *validate.MaxLengthError
		pattern *validate.NoRegexMatchError
	)
	text := err.Error()
	switch {
	case errors.Is(err, validate.ErrFieldRequired):
		return problem.RuleRequired
	case errors.As(err, &short):
		return problem.RuleMinLength
	case errors.As(err, &long):
		return problem.RuleMaxLength
	case errors.As(err, &pattern), errors.Is(err, numeric.ErrForm):
		return problem.RulePattern
	case strings.Contains(text, "invalid value"):
		return problem.RuleEnum
	case strings.Contains(text, "less than"), strings.Contains(text, "greater than"), strings.Contains(text, "bound"), errors.Is(err, strconv.ErrRange):
		return problem.RuleRange
	}
	return problem.RuleMalformed
}

// sentences say what a rule means, without repeating the value.
var sentences = map[problem.Rule]string{
	problem.RuleRequired:  "The field is required.",
	problem.RulePattern:   "The value does not have the required form.",
	problem.RuleEnum:      "The value is none of the allowed ones.",
	problem.RuleRange:     "The value is out of range.",
	problem.RuleMalformed: "The value does not have the required type or format.",
	// Of the shape of a body.
	problem.RuleUnknownField: "The contract has no such field.",
	problem.RuleTrailingData: "There is more after the end of the object.",
}

func sentence(err error) string {
	var short *validate.MinLengthError
	if errors.As(err, &short) {
		if short.MinLength == 1 {
			return "The value must not be empty."
		}
		return "The value is shorter than " + strconv.Itoa(short.MinLength) + "."
	}
	var long *validate.MaxLengthError
	if errors.As(err, &long) {
		return "The value is longer than " + strconv.Itoa(long.MaxLength) + "."
	}
	if errors.Is(err, numeric.ErrForm) {
		return "Write the number in plain notation: digits, without an exponent or leading zeros."
	}
	if errors.Is(err, timetext.ErrForm) {
		return "Write a date and time of RFC 3339, such as 2026-01-31T12:00:00Z, that is no leap second."
	}
	return sentences[ruleOf(err)]
}

var (
	decodedField    = regexp.MustCompile(`decode field "((?:[^"\\]|\\.)*)"`)
	unexpectedField = regexp.MustCompile(`unexpected field "((?:[^"\\]|\\.)*)"`)
)

// locate reads the place of a decoding failure from ogen's message, the only place where it is: `decode field "a": …`.
func locate(err error) (pointer string, cause problem.Rule) {
	text := err.Error()
	pointer = decodedAt(err)
	if match := unexpectedField.FindStringSubmatch(text); match != nil {
		return pointer + "/" + escapePointer(unquote(match[1])), problem.RuleUnknownField
	}
	if strings.Contains(text, "unexpected trailing data") {
		return "", problem.RuleTrailingData
	}
	return pointer, problem.RuleMalformed
}

// decodedAt is the field that a decoding failure lies in; members that are missing there are named by a *validate.Error.
func decodedAt(err error) (pointer string) {
	for _, match := range decodedField.FindAllStringSubmatch(err.Error(), -1) {
		pointer += "/" + escapePointer(unquote(match[1]))
	}
	return pointer
}

func unquote(quoted string) string {
	if text, err := strconv.Unquote(`"` + quoted + `"`); err == nil {
		return text
	}
	return quoted
}

// escapePointer escapes a reference token of a JSON Pointer (RFC 6901, section 3).
func escapePointer(token string) string {
	return strings.NewReplacer("~", "~0", "/", "~1").Replace(token)
}
