package problem

import (
	"slices"
	"strings"
)

// Rule is what a violation breaks. Only this package makes rules: no answer can have a code that is not listed here, and so in
// the contract, in docs/problems.md and in the SDK. Codes never change their meaning.
type Rule struct{ code, meaning string }

// String is the code, as the wire has it.
func (r Rule) String() string { return r.code }

// Meaning says for people what is wrong.
func (r Rule) Meaning() string { return r.meaning }

var defined []Rule

func rule(code, meaning string) Rule {
	defined = append(defined, Rule{code, meaning})
	return defined[len(defined)-1]
}

// Rules are all rules, in the order of their codes.
func Rules() []Rule {
	return slices.SortedFunc(slices.Values(defined), func(a, b Rule) int { return strings.Compare(a.code, b.code) })
}

// The rules.
var (
	RuleRequired          = rule("required", "the field, or the parameter, is missing")
	RuleMalformed         = rule("malformed", "the value does not have the type or the format it must have")
	RuleMinLength         = rule("min_length", "the text is too short, or the list too small")
	RuleMaxLength         = rule("max_length", "the text is too long, or the list too large")
	RulePattern           = rule("pattern", "the text does not have the form that the contract's `pattern` describes")
	RuleEnum              = rule("enum", "the value is none of the allowed ones")
	RuleRange             = rule("range", "the number is too small or too large")
	RuleInvalid           = rule("invalid", "the value breaks a rule of its entity, which `detail` names")
	RuleInvalidCharacter  = rule("invalid_character", "the text has what cannot be stored: U+0000, half a surrogate pair, or bytes that are not UTF-8")
	RuleUnknownField      = rule("unknown_field", "the contract has no such field")
	RuleRepeated          = rule("repeated", "the field, the parameter or the header is there more than once")
	RuleTrailingData      = rule("trailing_data", "there is more after the end of the object")
	RuleUnknownParameter  = rule("unknown_parameter", "the operation has no such parameter")
	RuleInvalidCursor     = rule("invalid_cursor", "the cursor is not one that this list gave out")
	RuleReused            = rule("reused", "the idempotency key belongs to another request")
	RuleUnique            = rule("unique", "the value, or the combination of values, is taken")
	RuleUnknownPermission = rule("unknown_permission", "the text is no permission of this API")
	RuleReferenceNotFound = rule("reference_not_found", "there is no row with this id in the tenant")
	RuleCircular          = rule("circular", "the row would come to refer to itself, in however many steps")
	RuleCheck             = rule("check", "the value breaks a check of the database")
	RuleNotNull           = rule("not_null", "the database needs a value here")
	RuleExclusion         = rule("exclusion", "the value excludes, or is excluded by, that of another row")
	RuleTooLong           = rule("too_long", "the text is too long for its column")
	RuleOutOfRange        = rule("out_of_range", "the number or the time is out of its column's range")
)
