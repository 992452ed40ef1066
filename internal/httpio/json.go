package httpio

import (
	"slices"

	"github.com/lockstep-dev/lockstep/internal/ijson"
	"github.com/lockstep-dev/lockstep/internal/problem"
)

// strict returns a *problem.Error for a JSON text that a decoder would take for another than was sent, or of which Postgres
// cannot store a part. What is no JSON at all is left to the decoder.
func strict(text []byte) error {
	faults := ijson.Check(text)
	if len(faults) == 0 {
		return nil
	}
	p := problem.New(problem.ValidationFailed, problem.BodyAmbiguous)
	if slices.ContainsFunc(faults, func(f ijson.Fault) bool { return f.Kind == ijson.NotUTF8 }) {
		p = problem.New(problem.InvalidJSON, problem.BodyNotUTF8)
	}
	for _, f := range faults {
		rule, detail := describe(f)
		p.At(f.Pointer, rule, detail)
	}
	return p
}

func describe(f ijson.Fault) (problem.Rule, string) {
	what := "The text"
	if f.InName {
		what = "The name of a member"
	}
	switch f.Kind {
	case ijson.NUL:
		return problem.RuleInvalidCharacter, what + " contains the character U+0000, which cannot be stored."
	case ijson.Surrogate:
		return problem.RuleInvalidCharacter, what + " contains half a surrogate pair. Send the character itself, or both halves."
	case ijson.Duplicate:
		return problem.RuleRepeated, "The object has two members of this name. Send one."
	case ijson.Deep:
		return problem.RuleMalformed, "Arrays and objects are nested too deeply."
	case ijson.NotUTF8:
	}
	return problem.RuleInvalidCharacter, what + " contains bytes that are not UTF-8. Send JSON in UTF-8."
}
