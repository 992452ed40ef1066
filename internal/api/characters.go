package api

import (
	"strconv"
	"strings"

	"github.com/go-faster/jx"
	"github.com/ogen-go/ogen/middleware"
	"github.com/ogen-go/ogen/openapi"

	"github.com/lockstep-dev/lockstep/internal/problem"
)

// badCharacter is the code of a text with a character that Postgres cannot store (PostgreSQL manual, section 8.3: "The
// character with code 0 cannot be stored"). Postgres would refuse it too, without saying where it is.
var badCharacter = problem.RuleInvalidCharacter

const (
	badValue = "The text contains the character U+0000, which cannot be stored."
	badName  = "The name of a member contains the character U+0000, which cannot be stored."
)

// refuseNUL answers 422 to a body, and 400 to a parameter, with U+0000 in any text. Only requests that may
// have one come here: see wire.Unusual, which knows how it is written.
func refuseNUL(request middleware.Request, next middleware.Next) (middleware.Response, error) {
	p := problem.New(problem.ValidationFailed, problem.BodyCharacter)
	if nulsIn(jx.DecodeBytes(request.RawBody), "", p) == nil && len(p.Violations) > 0 {
		return middleware.Response{}, p
	}
	if p := nulParameters(request); len(p.Violations) > 0 {
		return middleware.Response{}, p
	}
	return next(request)
}

// nulsIn adds a violation for each text of the JSON value at the pointer that has U+0000 in it. A member's name is refused
// at its object: a pointer to it would have the character itself.
func nulsIn(d *jx.Decoder, pointer string, p *problem.Error) error {
	switch d.Next() {
	case jx.String:
		text, err := d.Str()
		if strings.Contains(text, "\x00") {
			p.At(pointer, badCharacter, badValue)
		}
		return err
	case jx.Array:
		i := 0
		return d.Arr(func(d *jx.Decoder) error {
			i++
			return nulsIn(d, pointer+"/"+strconv.Itoa(i-1), p)
		})
	case jx.Object:
		return d.Obj(func(d *jx.Decoder, name string) error {
			if strings.Contains(name, "\x00") {
				p.At(pointer, badCharacter, badName)
				return d.Skip()
			}
			return nulsIn(d, pointer+"/"+escapePointer(name), p)
		})
	default:
		return d.Skip()
	}
}

// nulParameters are the parameters of path and query with U+0000 in their values.
func nulParameters(request middleware.Request) *problem.Error {
	p := problem.New(problem.InvalidParameter, problem.ParameterCharacter)
	for key, value := range request.Params {
		if text, ok := value.(string); ok && key.In == openapi.LocationPath && strings.Contains(text, "\x00") {
			p.AtParameter(key.Name, badCharacter, badValue)
		}
	}
	for name, values := range request.Raw.URL.Query() {
		if strings.Contains(strings.Join(values, ""), "\x00") {
			p.AtParameter(name, badCharacter, badValue)
		}
	}
	return p
}
